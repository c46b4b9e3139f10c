import { lazy } from 'react';

export { routes } from './routes';

/** For those who upload; nobody else loads it. */
export const UploadsGoOn = lazy(() => import('./components/Background'));
