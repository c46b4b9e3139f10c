import { lazy } from 'react';

export { routes } from './routes';

/** For those who answer alarms; nobody else loads it. */
export const AlarmBanner = lazy(() => import('./components/AlarmBanner'));
