import { leaveSession, sessionStore } from '@/shared/session/session';
import { createApi } from './client';

export { type Api, bodyOf, type Schemas } from './client';
export { asProblem, Problem } from './problem';
export { useProblemText } from './useProblemText';

/** The one client of the page, over the session of whoever is signed in. */
export const api = createApi({
  csrfToken: () => sessionStore.getState().session?.csrf_token ?? null,
  onSignedOut: () => leaveSession('expired'),
});
