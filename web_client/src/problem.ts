import type { Key } from './i18n/zh';

/** A refusal of the server (problem+json), or the network's own failure with status 0. */
export class Problem extends Error {
  readonly code: string;
  readonly status: number;
  readonly retryAfterS: number | null;

  constructor(code: string, status: number, retryAfterS: number | null = null) {
    super(`${code} (${status})`);
    this.name = 'Problem';
    this.code = code;
    this.status = status;
    this.retryAfterS = retryAfterS;
  }
}

const BY_CODE: Readonly<Record<string, Key>> = {
  'bad-credentials': 'error.badCredentials',
  'too-many-attempts': 'error.tooManyAttempts',
  'not-signed-in': 'error.notSignedIn',
  network: 'error.network',
  timeout: 'error.timeout',
  'not-an-answer': 'error.notAnAnswer',
  'image-unreadable': 'error.notRenderable',
};

const BY_STATUS: Readonly<Record<number, Key>> = {
  400: 'error.refused',
  401: 'error.notSignedIn',
  403: 'error.forbidden',
  404: 'error.notFound',
  406: 'error.notRenderable',
  409: 'error.conflict',
  415: 'error.notRenderable',
  422: 'error.refused',
  429: 'error.tooManyRequests',
  502: 'error.unavailable',
  503: 'error.unavailable',
  504: 'error.unavailable',
};

/** The sentence that says what happened and what to do; the code goes with it where only support can help. */
export function sentenceOf(problem: Problem): { key: Key; params: Record<string, string> } {
  const params = {
    code: problem.code,
    status: String(problem.status),
    seconds: String(problem.retryAfterS ?? 30),
  };
  const key = BY_CODE[problem.code] ?? BY_STATUS[problem.status];
  if (key !== undefined) return { key, params };
  return { key: problem.status >= 500 ? 'error.server' : 'error.other', params };
}

/** Anything thrown, as a Problem: what is not ours is a fault of the page and says so. */
export function asProblem(error: unknown): Problem {
  return error instanceof Problem ? error : new Problem('page-fault', 0);
}

export async function problemFrom(response: Response): Promise<Problem> {
  const retry = Number(response.headers.get('Retry-After'));
  const retryAfterS = Number.isFinite(retry) && retry > 0 ? Math.ceil(retry) : null;
  const code = await codeFrom(response);
  return new Problem(code ?? `http-${response.status}`, response.status, retryAfterS);
}

async function codeFrom(response: Response): Promise<string | null> {
  if (!(response.headers.get('Content-Type') ?? '').includes('json')) return null;
  try {
    const body: unknown = await response.json();
    if (typeof body === 'object' && body !== null && 'code' in body && typeof body.code === 'string') {
      return body.code;
    }
  } catch {
    // A proxy that calls its page JSON: the status alone still gives a sentence.
  }
  return null;
}
