import { describe, expect, test } from 'vitest';
import { asProblem, Problem, problemFrom, sentenceOf } from './problem';

const refusal = (status: number, body: string, headers: Record<string, string> = {}): Response =>
  new Response(body, { status, headers: { 'Content-Type': 'application/problem+json', ...headers } });

describe('problem+json', () => {
  test('keeps the code, the status and the waiting time', async () => {
    const response = refusal(429, '{"code":"too-many-attempts","status":429}', { 'Retry-After': '42' });
    expect(await problemFrom(response)).toMatchObject({
      code: 'too-many-attempts',
      status: 429,
      retryAfterS: 42,
    });
  });

  test('is told by status where the body is not JSON', async () => {
    const response = new Response('<html>', { status: 502, headers: { 'Content-Type': 'text/html' } });
    expect(await problemFrom(response)).toMatchObject({ code: 'http-502', status: 502, retryAfterS: null });
  });

  test('is told by status where the JSON is broken or has no code', async () => {
    expect((await problemFrom(refusal(503, '{"code":'))).code).toBe('http-503');
    expect((await problemFrom(refusal(503, '{"title":"x"}'))).code).toBe('http-503');
    expect((await problemFrom(refusal(503, 'null'))).code).toBe('http-503');
  });

  test('ignores a waiting time that is a date', async () => {
    const response = refusal(503, '{}', { 'Retry-After': 'Wed, 18 Nov 2026 07:28:00 GMT' });
    expect((await problemFrom(response)).retryAfterS).toBeNull();
  });
});

describe('the sentence', () => {
  test.each([
    [new Problem('bad-credentials', 401), 'error.badCredentials'],
    [new Problem('not-signed-in', 401), 'error.notSignedIn'],
    [new Problem('network', 0), 'error.network'],
    [new Problem('timeout', 0), 'error.timeout'],
    [new Problem('some-new-code', 403), 'error.forbidden'],
    [new Problem('some-new-code', 404), 'error.notFound'],
    [new Problem('some-new-code', 503), 'error.unavailable'],
    [new Problem('some-new-code', 500), 'error.server'],
    [new Problem('some-new-code', 418), 'error.other'],
  ])('of %s is %s', (problem, key) => {
    expect(sentenceOf(problem).key).toBe(key);
  });

  test('of a fault in the page itself asks for its code to be passed on', () => {
    expect(sentenceOf(asProblem(new TypeError('x')))).toMatchObject({
      key: 'error.other',
      params: { code: 'page-fault' },
    });
  });
});
