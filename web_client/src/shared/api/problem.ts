import type { SharedKey } from '@/shared/i18n';

/** A refusal of the server (problem+json), or the network's own failure with status 0. */
export class Problem extends Error {
  readonly code: string;
  readonly status: number;
  readonly retryAfterS: number | null;
  /** The whole answer, where its code promises more than a sentence. */
  readonly body: Readonly<Record<string, unknown>>;

  constructor(
    code: string,
    status: number,
    retryAfterS: number | null = null,
    body: Readonly<Record<string, unknown>> = {},
  ) {
    super(`${code} (${status})`);
    this.name = 'Problem';
    this.code = code;
    this.status = status;
    this.retryAfterS = retryAfterS;
    this.body = body;
  }
}

const BY_CODE: Readonly<Record<string, SharedKey>> = {
  'bad-credentials': 'error.badCredentials',
  'too-many-attempts': 'error.tooManyAttempts',
  'not-signed-in': 'error.notSignedIn',
  network: 'error.network',
  timeout: 'error.timeout',
  'not-an-answer': 'error.notAnAnswer',
  'image-unreadable': 'error.notRenderable',
};

const BY_STATUS: Readonly<Record<number, SharedKey>> = {
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
export function sentenceOf(problem: Problem): { key: SharedKey; params: Record<string, string> } {
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
  const body = await bodyOf(response);
  const code = typeof body.code === 'string' ? body.code : `http-${response.status}`;
  return new Problem(code, response.status, retryAfterS, body);
}

async function bodyOf(response: Response): Promise<Record<string, unknown>> {
  if (!(response.headers.get('Content-Type') ?? '').includes('json')) return {};
  try {
    const body: unknown = await response.json();
    return typeof body === 'object' && body !== null ? { ...body } : {};
  } catch {
    // A proxy that calls its page JSON: the status alone still gives a sentence.
    return {};
  }
}
