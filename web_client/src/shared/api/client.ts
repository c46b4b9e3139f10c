import createClient from 'openapi-fetch';
import { asProblem, Problem, problemFrom } from './problem';
import type { components, paths } from './schema';

export type Schemas = components['schemas'];

const TIMEOUT_MS = 20_000;
/** The metadata of a long series takes its time on a slow line. */
const BODY_TIMEOUT_MS = 120_000;

export interface Door {
  readonly csrfToken: () => string | null;
  /** Called on every 401 but the sign-in's own. */
  readonly onSignedOut: () => void;
  /** Another tab has signed in since: whether the same person's new token is here now, to try once more with. */
  readonly renewToken: () => Promise<boolean>;
  readonly fetch?: typeof fetch;
}

/** The fetch below every call: session cookie, CSRF token, time limit; what is not a success is a Problem. */
export function guardedFetch(door: Door): (request: Request) => Promise<Response> {
  const send = door.fetch ?? ((input, init) => fetch(input, init));
  const attempt = async (request: Request): Promise<Response> => {
    const limit = new AbortController();
    const abort = (): void => limit.abort(request.signal.reason);
    if (request.signal.aborted) abort();
    request.signal.addEventListener('abort', abort);
    const late = (): void => limit.abort(new DOMException('late', 'TimeoutError'));
    let timer = setTimeout(late, TIMEOUT_MS);
    const token = door.csrfToken();
    if (request.method !== 'GET' && token !== null) request.headers.set('X-CSRF-Token', token);
    try {
      const response = await send(request, { signal: limit.signal });
      // The body has a limit too: the line may die within it.
      clearTimeout(timer);
      timer = setTimeout(late, BODY_TIMEOUT_MS);
      const body = response.body === null ? null : await response.arrayBuffer();
      return new Response(body, response);
    } catch (error) {
      // Given up by the page itself: nobody is to be told.
      if (request.signal.aborted) throw error;
      const ranOut = error instanceof DOMException && error.name === 'TimeoutError';
      throw new Problem(ranOut ? 'timeout' : 'network', 0);
    } finally {
      clearTimeout(timer);
      request.signal.removeEventListener('abort', abort);
    }
  };
  return async (request) => {
    // A body can be sent once only.
    const again = request.method === 'GET' ? null : request.clone();
    const response = await attempt(request);
    if (response.ok) return response;
    const problem = await problemFrom(response);
    if (problem.code === 'csrf-mismatch' && again !== null && (await door.renewToken())) {
      const second = await attempt(again);
      if (second.ok) return second;
      throw await problemFrom(second);
    }
    const signIn = request.method === 'POST' && new URL(request.url).pathname === '/api/session';
    if (response.status === 401 && !signIn) door.onSignedOut();
    throw problem;
  };
}

export type Api = ReturnType<typeof createClient<paths>>;

/** The typed client of the server's OpenAPI document. */
export function createApi(door: Door): Api {
  return createClient<paths>({
    baseUrl: location.origin,
    credentials: 'same-origin',
    cache: 'no-store',
    headers: { Accept: 'application/json' },
    fetch: guardedFetch(door),
  });
}

/** The body of an answer; everything else is thrown as a Problem. */
export async function bodyOf<T>(answer: Promise<{ data?: T }>): Promise<T> {
  try {
    return (await answer).data as T;
  } catch (error) {
    if (error instanceof SyntaxError) throw new Problem('not-an-answer', 200);
    throw error instanceof DOMException && error.name === 'AbortError' ? error : asProblem(error);
  }
}
