import { describe, expect, test, vi } from 'vitest';
import { Api, paperUrl, renderedUrl } from './api';
import type { Study } from './model';

const session = { person: { id: 'p1' }, csrf_token: 'token-1' };
const json = (body: unknown, status = 200): Response =>
  new Response(JSON.stringify(body), { status, headers: { 'Content-Type': 'application/json' } });

function apiAnswering(...answers: (Response | Error)[]) {
  const fetch = vi.fn(async (_url: string, _init: RequestInit): Promise<Response> => {
    const answer = answers.shift();
    if (answer === undefined) throw new Error('asked once too often');
    if (answer instanceof Error) throw answer;
    return answer;
  });
  const api = new Api(fetch);
  const signedOut = vi.fn();
  api.onSignedOut = signedOut;
  return { api, fetch, signedOut };
}

describe('the API', () => {
  test('sends the CSRF token with an unsafe request and not with a reading one', async () => {
    const { api, fetch } = apiAnswering(
      json(session),
      json({ items: [], next: null }),
      new Response(null, { status: 204 }),
    );
    await api.session();
    await api.studies(null);
    await api.signOut();
    const tokens = fetch.mock.calls.map(([, init]) => new Headers(init.headers).get('X-CSRF-Token'));
    expect(tokens).toEqual([null, null, 'token-1']);
  });

  test('reports a session that ended', async () => {
    const { api, signedOut } = apiAnswering(json({ code: 'not-signed-in' }, 401));
    await expect(api.ecgs(null)).rejects.toMatchObject({ code: 'not-signed-in', status: 401 });
    expect(signedOut).toHaveBeenCalledOnce();
  });

  test('does not take a wrong password for a session that ended', async () => {
    const { api, signedOut } = apiAnswering(json({ code: 'bad-credentials' }, 401));
    await expect(api.signIn('a', 'b')).rejects.toMatchObject({ code: 'bad-credentials' });
    expect(signedOut).not.toHaveBeenCalled();
  });

  test('tells a lost network from a slow server', async () => {
    const { api } = apiAnswering(new TypeError('Failed to fetch'), new DOMException('late', 'TimeoutError'));
    await expect(api.ecgs(null)).rejects.toMatchObject({ code: 'network', status: 0 });
    await expect(api.ecgs(null)).rejects.toMatchObject({ code: 'timeout', status: 0 });
  });

  test('refuses an answer that is not JSON', async () => {
    const { api } = apiAnswering(new Response('<html>sign in to the hotel network</html>'));
    await expect(api.studies(null)).rejects.toMatchObject({ code: 'not-an-answer' });
  });

  test('passes the cursor on unread', async () => {
    const { api, fetch } = apiAnswering(json({ items: [], next: null }));
    await api.studies('a+b/c=&x');
    expect(fetch.mock.calls[0]?.[0]).toBe('/api/studies?limit=50&before=a%2Bb%2Fc%3D%26x');
  });

  test('finds out why an image did not load', async () => {
    const { api } = apiAnswering(
      json({ code: 'spool-elsewhere' }, 503),
      new Response('GIF?'),
      new TypeError('x'),
    );
    expect(await api.whyImageFailed('/x')).toMatchObject({ code: 'spool-elsewhere', status: 503 });
    expect(await api.whyImageFailed('/x')).toMatchObject({ code: 'image-unreadable', status: 200 });
    expect(await api.whyImageFailed('/x')).toMatchObject({ code: 'network', status: 0 });
  });
});

describe('addresses', () => {
  test('of the paper carry layout, speed and gain', () => {
    expect(paperUrl('a/b', { layout: '6x2', speed: 50, gain: 20 })).toBe(
      '/api/ecgs/a%2Fb/paper.svg?layout=6x2&speed=50&gain=20',
    );
  });

  test('of the preview carry the window, and are none without an image', () => {
    const preview = { series_instance_uid: '1.2.3', sop_instance_uid: '1.2.4' };
    const study = { study_instance_uid: '1.2', preview } as Study;
    expect(renderedUrl(study, { w: 640, h: 480 }, { center: -600, width: 1500 })).toBe(
      '/dicomweb/studies/1.2/series/1.2.3/instances/1.2.4/rendered?viewport=640,480&window=-600,1500,linear',
    );
    expect(renderedUrl({ ...study, preview: null }, { w: 1, h: 1 }, null)).toBeNull();
  });
});
