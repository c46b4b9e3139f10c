// Only what the shell needs: what is exported here is loaded by everybody. Pages import the rest where it is.
import { lazy } from 'react';

export { routes } from './routes';

/** For those who may join a consult; nobody else loads it. */
export const ConsultBell = lazy(() => import('./components/ConsultBell'));
