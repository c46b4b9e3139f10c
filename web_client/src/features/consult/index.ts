import { lazy } from 'react';

export { ConsultButton } from './components/ConsultButton';
export { routes } from './routes';

/** For those who may join a consult; nobody else loads it. */
export const ConsultBell = lazy(() => import('./components/ConsultBell'));
