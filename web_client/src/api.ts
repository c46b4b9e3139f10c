import type { Ecg, EcgDetail, Page, PaperOptions, Session, Study } from './model';
import { asProblem, Problem, problemFrom } from './problem';

const TIMEOUT_MS = 20_000;
export const PAGE_SIZE = 50;

type Fetch = (input: string, init: RequestInit) => Promise<Response>;

/** The server's JSON over the session cookie. Every failure is a Problem; a 401 is reported once more to its owner. */
export class Api {
  /** Called on a 401 of anything but the sign-in itself. */
  onSignedOut: () => void = () => {};
  private csrfToken: string | null = null;
  private readonly fetch: Fetch;

  constructor(fetchLike: Fetch = (input, init) => fetch(input, init)) {
    this.fetch = fetchLike;
  }

  async session(): Promise<Session> {
    return this.keep(await this.json<Session>('/api/session', {}, true));
  }

  async signIn(login: string, password: string): Promise<Session> {
    return this.keep(
      await this.json<Session>('/api/session', {
        method: 'POST',
        headers: { 'Content-Type': 'application/json' },
        body: JSON.stringify({ login, password }),
      }),
    );
  }

  async signOut(): Promise<void> {
    await this.send('/api/session', { method: 'DELETE' });
    this.csrfToken = null;
  }

  studies(before: string | null): Promise<Page<Study>> {
    return this.json(`/api/studies?${pageQuery(before)}`, {}, true);
  }

  ecgs(before: string | null): Promise<Page<Ecg>> {
    return this.json(`/api/ecgs?${pageQuery(before)}`, {}, true);
  }

  ecg(id: string): Promise<EcgDetail> {
    return this.json(`/api/ecgs/${encodeURIComponent(id)}`, {}, true);
  }

  /** Why an <img> did not load: the element itself never says. */
  async whyImageFailed(url: string): Promise<Problem> {
    try {
      const response = await this.send(url, {}, true);
      await response.body?.cancel();
      return new Problem('image-unreadable', response.status);
    } catch (error) {
      const problem = asProblem(error);
      // Refused for what it holds: asking again gives the same.
      return problem.status === 422 ? new Problem('image-unreadable', 422) : problem;
    }
  }

  private keep(session: Session): Session {
    this.csrfToken = session.csrf_token;
    return session;
  }

  private async json<T>(url: string, init: RequestInit, guarded = false): Promise<T> {
    const response = await this.send(
      url,
      { ...init, headers: { Accept: 'application/json', ...init.headers } },
      guarded,
    );
    try {
      return (await response.json()) as T;
    } catch {
      throw new Problem('not-an-answer', response.status);
    }
  }

  private async send(url: string, init: RequestInit, guarded = false): Promise<Response> {
    const headers = new Headers(init.headers);
    if (init.method !== undefined && this.csrfToken !== null) headers.set('X-CSRF-Token', this.csrfToken);
    let response: Response;
    try {
      response = await this.fetch(url, {
        ...init,
        headers,
        credentials: 'same-origin',
        cache: 'no-store',
        signal: AbortSignal.timeout(TIMEOUT_MS),
      });
    } catch (error) {
      const timedOut = error instanceof DOMException && error.name === 'TimeoutError';
      throw new Problem(timedOut ? 'timeout' : 'network', 0);
    }
    if (response.ok) return response;
    if (response.status === 401 && guarded) this.onSignedOut();
    throw await problemFrom(response);
  }
}

function pageQuery(before: string | null): string {
  const query = new URLSearchParams({ limit: String(PAGE_SIZE) });
  if (before !== null) query.set('before', before);
  return query.toString();
}

export function paperUrl(id: string, options: PaperOptions): string {
  const query = new URLSearchParams({
    layout: options.layout,
    speed: String(options.speed),
    gain: String(options.gain),
  });
  return `/api/ecgs/${encodeURIComponent(id)}/paper.svg?${query}`;
}

export interface Window {
  readonly center: number;
  readonly width: number;
}

/** The rendered preview instance, or null where the study has no image. */
export function renderedUrl(
  study: Study,
  size: { w: number; h: number },
  window: Window | null,
): string | null {
  if (study.preview === null) return null;
  const parts = [study.study_instance_uid, study.preview.series_instance_uid, study.preview.sop_instance_uid];
  const [uid, series, sop] = parts.map(encodeURIComponent);
  const voi = window === null ? '' : `&window=${window.center},${window.width},linear`;
  return `/dicomweb/studies/${uid}/series/${series}/instances/${sop}/rendered?viewport=${size.w},${size.h}${voi}`;
}
