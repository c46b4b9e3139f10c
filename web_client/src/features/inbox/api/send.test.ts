// @vitest-environment jsdom
import { afterEach, expect, test, vi } from 'vitest';
import { send } from './send';

const renewToken = vi.hoisted(() => vi.fn(async () => true));
vi.mock('@/shared/api', () => ({ renewToken }));

interface Options {
  readonly onSuccess: (payload: {
    lastResponse: { getHeader: (name: string) => string | undefined };
  }) => void;
  readonly onError: (error: Error) => void;
}
/** How the next upload ends. */
let end: (options: Options) => void = () => {};
vi.mock('tus-js-client', () => ({
  Upload: class {
    private readonly options: Options;
    constructor(_bytes: Blob, options: Options) {
      this.options = options;
    }
    start(): void {
      end(this.options);
    }
    abort(): void {}
  },
}));

const answer = (status: number, code: string) => (options: Options) => {
  const originalResponse = { getStatus: () => status, getBody: () => JSON.stringify({ code }) };
  options.onError(Object.assign(new Error('refused'), { originalResponse }));
};

function sent(onUrl: (url: string | null) => void = () => {}) {
  const bytes = new Blob(['x']);
  return send({ bytes, name: 'a.dcm', uploadUrl: '/api/uploads/u1', onUrl, onSent: () => {} }).done;
}

afterEach(() => renewToken.mockClear());

test('pauses for a stale token, and asks for the new one', async () => {
  end = answer(403, 'csrf-mismatch');
  expect(await sent()).toEqual({ kind: 'paused', code: 'csrf-mismatch' });
  expect(renewToken).toHaveBeenCalledOnce();
});

test('pauses where the right is missing', async () => {
  end = answer(403, 'not-allowed');
  expect(await sent()).toEqual({ kind: 'paused', code: 'forbidden' });
  expect(renewToken).not.toHaveBeenCalled();
});

test.each([
  ['1.2.3', '1.2.3'],
  [undefined, null],
])('hands on which study it became: %s', async (header, studyUid) => {
  const headers: Record<string, string | undefined> = { 'Upload-Outcome': 'stored', 'Upload-Study': header };
  end = ({ onSuccess }) => onSuccess({ lastResponse: { getHeader: (name) => headers[name] } });
  expect(await sent()).toEqual({ kind: 'answered', code: 'stored', studyUid });
});

test('begins anew where nobody says what became of it', async () => {
  end = ({ onSuccess }) => onSuccess({ lastResponse: { getHeader: () => undefined } });
  const onUrl = vi.fn();
  expect(await sent(onUrl)).toEqual({ kind: 'paused', code: 'no-answer' });
  expect(onUrl).toHaveBeenLastCalledWith(null);
});
