export { ConsultBell } from './components/ConsultBell';
export { ConsultButton } from './components/ConsultButton';
export { routes } from './routes';
