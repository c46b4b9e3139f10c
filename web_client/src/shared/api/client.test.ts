// @vitest-environment jsdom
import { describe, expect, test, vi } from 'vitest';
import { bodyOf, createApi } from './client';

const json = (body: unknown, status = 200): Response =>
  new Response(JSON.stringify(body), { status, headers: { 'Content-Type': 'application/json' } });

function answering(...answers: (Response | Error)[]) {
  const sent: Request[] = [];
  const fetch = vi.fn(async (input: RequestInfo | URL): Promise<Response> => {
    sent.push(input as Request);
    const answer = answers.shift();
    if (answer === undefined) throw new Error('asked once too often');
    if (answer instanceof Error) throw answer;
    return answer;
  });
  const onSignedOut = vi.fn();
  const renewToken = vi.fn(async () => true);
  return {
    api: createApi({ csrfToken: () => 'token-1', onSignedOut, renewToken, fetch }),
    sent,
    onSignedOut,
    renewToken,
  };
}

const signIn = { body: { login: 'a', password: 'b' } };

describe('the API', () => {
  test('sends the CSRF token with an unsafe request and not with a reading one', async () => {
    const { api, sent } = answering(json({ items: [] }), new Response(null, { status: 204 }));
    await bodyOf(api.GET('/api/studies'));
    await bodyOf(api.DELETE('/api/session'));
    expect(sent.map((request) => request.headers.get('X-CSRF-Token'))).toEqual([null, 'token-1']);
  });

  test('reports a session that ended', async () => {
    const { api, onSignedOut } = answering(json({ code: 'not-signed-in' }, 401));
    await expect(bodyOf(api.GET('/api/ecgs'))).rejects.toMatchObject({ code: 'not-signed-in', status: 401 });
    expect(onSignedOut).toHaveBeenCalledOnce();
  });

  test('does not take a wrong password for a session that ended', async () => {
    const { api, onSignedOut } = answering(json({ code: 'bad-credentials' }, 401));
    await expect(bodyOf(api.POST('/api/session', signIn))).rejects.toMatchObject({ code: 'bad-credentials' });
    expect(onSignedOut).not.toHaveBeenCalled();
  });

  test('knows a lost network', async () => {
    const { api } = answering(new TypeError('Failed to fetch'));
    await expect(bodyOf(api.GET('/api/ecgs'))).rejects.toMatchObject({ code: 'network', status: 0 });
  });

  test('gives up after its time and says so', async () => {
    vi.useFakeTimers();
    const fetch = (_input: RequestInfo | URL, init?: RequestInit): Promise<Response> =>
      new Promise((_resolve, reject) => {
        init?.signal?.addEventListener('abort', () => reject(init.signal?.reason));
      });
    const api = createApi({
      csrfToken: () => null,
      onSignedOut: () => {},
      renewToken: async () => false,
      fetch,
    });
    const answer = expect(bodyOf(api.GET('/api/ecgs'))).rejects.toMatchObject({ code: 'timeout' });
    await vi.advanceTimersByTimeAsync(20_000);
    await answer;
    vi.useRealTimers();
  });

  test('gives up on a body that never ends', async () => {
    vi.useFakeTimers();
    const fetch = async (_input: RequestInfo | URL, init?: RequestInit): Promise<Response> =>
      new Response(
        new ReadableStream({
          start: (stream) => init?.signal?.addEventListener('abort', () => stream.error(init.signal?.reason)),
        }),
      );
    const api = createApi({
      csrfToken: () => null,
      onSignedOut: () => {},
      renewToken: async () => false,
      fetch,
    });
    const answer = expect(bodyOf(api.GET('/api/ecgs'))).rejects.toMatchObject({ code: 'timeout' });
    await vi.advanceTimersByTimeAsync(120_000);
    await answer;
    vi.useRealTimers();
  });

  test('knows a sign-in page of the network for what it is', async () => {
    const { api } = answering(new Response('<html>', { headers: { 'Content-Type': 'text/html' } }));
    await expect(bodyOf(api.GET('/api/ecgs'))).rejects.toMatchObject({ code: 'not-an-answer' });
  });

  test('tries once more with the token of the same person’s new session', async () => {
    const stale = (): Response => json({ code: 'csrf-mismatch' }, 403);
    const { api, sent, renewToken } = answering(stale(), json({}), stale(), stale());
    await bodyOf(api.POST('/api/session', signIn));
    expect(await Promise.all(sent.map((request) => request.json()))).toEqual([signIn.body, signIn.body]);
    await expect(bodyOf(api.DELETE('/api/session'))).rejects.toMatchObject({ code: 'csrf-mismatch' });
    expect([sent.length, renewToken.mock.calls.length]).toEqual([4, 2]);
  });

  test('does not try again once another person has signed in', async () => {
    const { api, sent, renewToken } = answering(json({ code: 'csrf-mismatch' }, 403));
    renewToken.mockResolvedValue(false);
    await expect(bodyOf(api.DELETE('/api/session'))).rejects.toMatchObject({ code: 'csrf-mismatch' });
    expect(sent).toHaveLength(1);
  });

  test('keeps what a refusal says beside its code', async () => {
    const { api } = answering(json({ code: 'stale-draft', current: { revision: 4 } }, 409));
    await expect(bodyOf(api.GET('/api/ecgs'))).rejects.toMatchObject({ body: { current: { revision: 4 } } });
  });
});
