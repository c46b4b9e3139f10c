// @vitest-environment jsdom
import { QueryClient, QueryClientProvider } from '@tanstack/react-query';
import { renderHook } from '@testing-library/react';
import type { ReactNode } from 'react';
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { sessionStore } from '@/shared/session/session';
import { request } from './samples';
import { useOpened } from './useOpened';

const me = { id: 'me', display_name: '沈示范' };
const due = request({ id: 'r1', claimed_by: me, opened_at: null });
const answers: number[] = [];
const ask = vi.fn(async () => {
  const status = answers.shift() ?? 200;
  return new Response(JSON.stringify(status === 200 ? { ...due, opened_at: '2026-01-01T00:00:00Z' } : {}), {
    status,
    headers: { 'Content-Type': 'application/json' },
  });
});

function opened() {
  const queries = new QueryClient();
  const wrapper = ({ children }: { children: ReactNode }) => (
    <QueryClientProvider client={queries}>{children}</QueryClientProvider>
  );
  return renderHook(() => useOpened(due), { wrapper });
}

beforeEach(() => {
  vi.useFakeTimers();
  ask.mockClear();
  vi.stubGlobal('fetch', ask);
  const institution = { id: 'c', name_zh: '县医院', name_en: 'County' };
  sessionStore.setState({
    phase: 'in',
    session: { person: { ...me, login: 'me', roles: ['county_reader'], institution }, csrf_token: 't' },
  });
});
afterEach(() => {
  vi.unstubAllGlobals();
  vi.useRealTimers();
});

test('tells again until the server has heard it', async () => {
  answers.push(503, 503);
  opened();
  await vi.advanceTimersByTimeAsync(60_000);
  expect(ask).toHaveBeenCalledTimes(3);
});

test('does not tell again what is refused, nor once the case is left', async () => {
  answers.push(404);
  opened();
  await vi.advanceTimersByTimeAsync(60_000);
  expect(ask).toHaveBeenCalledTimes(1);
  answers.push(503, 503, 503);
  const page = opened();
  await vi.advanceTimersByTimeAsync(0);
  page.unmount();
  await vi.advanceTimersByTimeAsync(60_000);
  expect(ask.mock.calls.length).toBeLessThanOrEqual(3);
  expect(answers.length).toBeGreaterThan(0);
});
