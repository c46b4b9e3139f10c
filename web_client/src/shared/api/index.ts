import { enterSession, leaveSession, sessionStore } from '@/shared/session/session';
import { bodyOf, createApi, type Door, guardedFetch } from './client';

export type { Api, Schemas } from './client';
export { asProblem, Problem } from './problem';
export { useProblemText } from './useProblemText';
export { bodyOf };

const door: Door = {
  csrfToken: () => sessionStore.getState().session?.csrf_token ?? null,
  onSignedOut: () => leaveSession('expired'),
  renewToken,
};
/** The one client of the page, over the session of whoever is signed in. */
export const api = createApi(door);

/** Takes the token of a session begun in another tab, where it is the same person's; another's ends this one's page. */
export async function renewToken(): Promise<boolean> {
  const session = await bodyOf(api.GET('/api/session')).catch(() => null);
  if (session === null) return false;
  if (session.person.id !== sessionStore.getState().session?.person.id) {
    leaveSession('expired');
    return false;
  }
  enterSession(session);
  return true;
}

const send = guardedFetch(door);

/** The JSON of an address that the OpenAPI document does not hold: DICOMweb. */
export async function jsonOf(path: string, accept: string): Promise<unknown> {
  const request = new Request(new URL(path, location.origin), { headers: { Accept: accept } });
  return await bodyOf(send(request).then(async (response) => ({ data: await response.json() })));
}
