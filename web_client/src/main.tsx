import { createRoot } from 'react-dom/client';
import { App } from './app/App';
import './app/styles';

const root = document.getElementById('app');
if (root !== null) createRoot(root).render(<App />);
