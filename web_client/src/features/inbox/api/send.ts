import type { DetailedError } from 'tus-js-client';
import { renewToken } from '@/shared/api';
import { leaveSession, sessionStore } from '@/shared/session/session';

const ENDPOINT = '/api/uploads';
/** A cut line loses at most one piece; the server has each on its disk before it answers. */
const PIECE_BYTES = 8 * 1024 * 1024;

/** How one attempt at a file ended. */
export type Outcome =
  /** Whole at the server, which answered with a code of intake's. */
  | {
      readonly kind: 'answered';
      readonly code: string;
      /** The study it became; null where it was not kept. */
      readonly studyUid: string | null;
    }
  /** Not taken, and asking again gives the same. */
  | { readonly kind: 'refused'; readonly code: string }
  /** The line, the session or the server is gone for now. */
  | { readonly kind: 'paused'; readonly code: string };

interface Order {
  readonly bytes: Blob;
  readonly name: string;
  readonly uploadUrl: string | null;
  readonly onUrl: (url: string | null) => void;
  readonly onSent: (bytes: number) => void;
}

export interface Sending {
  readonly done: Promise<Outcome>;
  readonly stop: () => void;
}

/** Sends one file by tus, from where it stands. It never throws and never retries: the queue does. */
export function send(order: Order): Sending {
  let stop = (): void => {};
  const stopped = new Promise<Outcome>((resolve) => {
    stop = () => resolve({ kind: 'paused', code: 'stopped' });
  });
  const sent = sendWhole(order, stopped).catch((): Outcome => ({ kind: 'paused', code: 'network' }));
  return { done: Promise.race([sent, stopped]), stop };
}

async function sendWhole(
  { bytes, name, uploadUrl, onUrl, onSent }: Order,
  stopped: Promise<Outcome>,
): Promise<Outcome> {
  // Fetched with the first file, so that the page itself stays light.
  const { Upload } = await import('tus-js-client');
  return new Promise((resolve) => {
    const upload = new Upload(bytes, {
      endpoint: ENDPOINT,
      uploadUrl,
      metadata: { filename: name },
      chunkSize: PIECE_BYTES,
      retryDelays: null,
      storeFingerprintForResuming: false,
      onBeforeRequest: (request) => {
        request.setHeader('X-CSRF-Token', sessionStore.getState().session?.csrf_token ?? '');
      },
      onUploadUrlAvailable: () => onUrl(upload.url),
      onProgress: (sent) => onSent(sent),
      onSuccess: ({ lastResponse }) => {
        const code = lastResponse.getHeader('Upload-Outcome');
        const studyUid = lastResponse.getHeader('Upload-Study') ?? null;
        if (code) return resolve({ kind: 'answered', code, studyUid });
        // Nobody says what became of it: from the beginning, and twice does no harm.
        onUrl(null);
        resolve({ kind: 'paused', code: 'no-answer' });
      },
      onError: (error) => resolve(outcomeOf(error, onUrl)),
    });
    void stopped.then(() => upload.abort());
    upload.start();
  });
}

function outcomeOf(error: Error | DetailedError, onUrl: (url: null) => void): Outcome {
  const response = 'originalResponse' in error ? error.originalResponse : null;
  const status = response?.getStatus() ?? 0;
  if (status === 401) leaveSession('expired');
  const said = codeOf(response?.getBody()) ?? (status === 0 ? 'network' : `http-${status}`);
  const code = status === 403 && said !== 'csrf-mismatch' ? 'forbidden' : said;
  // A session of another tab: the same person's sends on at once, another's waits for its owner.
  if (code === 'csrf-mismatch') void renewToken();
  // The server has forgotten it (a week has passed): from the beginning.
  if (status === 404) onUrl(null);
  // A right may come back: the bytes stay.
  const hopeless = status === 400 || status === 413 || status === 415;
  return { kind: hopeless ? 'refused' : 'paused', code };
}

function codeOf(body: string | undefined): string | null {
  try {
    const problem: unknown = JSON.parse(body ?? '');
    return typeof problem === 'object' && problem !== null && 'code' in problem ? String(problem.code) : null;
  } catch {
    return null;
  }
}
