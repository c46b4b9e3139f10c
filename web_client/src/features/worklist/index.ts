export { AlarmBanner } from './components/AlarmBanner';
export { routes } from './routes';
