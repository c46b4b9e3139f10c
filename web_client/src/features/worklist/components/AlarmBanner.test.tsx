// @vitest-environment jsdom
import { QueryClient, QueryClientProvider } from '@tanstack/react-query';
import { act, cleanup, fireEvent, render, screen, waitFor } from '@testing-library/react';
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { performKey } from '@/shared/actions/registry';
import { REQUESTS, type Request } from '@/shared/requests/requests';
import { request } from '@/shared/requests/samples';
import { sessionStore } from '@/shared/session/session';
import AlarmBanner from './AlarmBanner';

const navigate = vi.fn(async () => {});
vi.mock('@tanstack/react-router', () => ({ useNavigate: () => navigate }));

/** A sound card that counts what it plays. */
class Sound {
  static state: AudioContextState = 'running';
  static tones = 0;
  state = Sound.state;
  currentTime = 0;
  destination = {};
  createOscillator() {
    Sound.tones += 1;
    return { frequency: {}, connect: () => ({ connect: () => {} }), start: () => {}, stop: () => {} };
  }
  createGain() {
    return { gain: { setValueAtTime: () => {}, exponentialRampToValueAtTime: () => {} }, connect: () => {} };
  }
  async resume(): Promise<void> {
    this.state = 'running';
  }
  async close(): Promise<void> {}
}

const json = (body: unknown, status = 200): Response =>
  new Response(JSON.stringify(body), { status, headers: { 'Content-Type': 'application/json' } });

let ringing: Request[] = [];
let claims: Response[] = [];
const queries = new QueryClient({ defaultOptions: { queries: { retry: false } } });

function page(): void {
  render(
    <QueryClientProvider client={queries}>
      <AlarmBanner />
    </QueryClientProvider>,
  );
}

beforeEach(() => {
  queries.clear();
  navigate.mockClear();
  Object.assign(Sound, { state: 'running', tones: 0 });
  sessionStore.setState({
    phase: 'in',
    session: {
      person: {
        id: 'me',
        login: 'me',
        display_name: '沈示范',
        roles: ['county_reader'],
        institution: { id: 'c', name_zh: '县医院', name_en: 'County' },
      },
      csrf_token: 't',
    },
  });
  const red = request({
    id: 'r1',
    risk: 'red',
    ringing: true,
    hints: [{ code: 'SUSPECTED_STEMI', text_zh: '疑似心梗', text_en: 'Suspected MI', severity: 'red' }],
  });
  ringing = [red];
  vi.stubGlobal('AudioContext', Sound);
  vi.stubGlobal(
    'fetch',
    vi.fn(async (input: RequestInfo | URL) => {
      const asked = (input as globalThis.Request).url;
      if (asked.includes('/claim')) return claims.shift() ?? json(request({ id: 'r1', status: 'received' }));
      return json({
        items: asked.includes('ringing=true') ? ringing : [],
        next: null,
        counts: { red: 1, orange: 0, uninterpretable: 0, routine: 0 },
      });
    }),
  );
});
afterEach(() => {
  cleanup();
  vi.unstubAllGlobals();
});

describe('the alarm', () => {
  test('rings with its case in words, in the title too, until somebody answers', async () => {
    page();
    expect(await screen.findByText(/疑似心梗/)).toBeTruthy();
    expect(screen.getByTestId('alarm').textContent).toContain('王模拟');
    expect(document.title).toContain('红色警报');
    expect(Sound.tones).toBeGreaterThan(0);
    ringing = [];
    await act(() => queries.invalidateQueries({ queryKey: REQUESTS }));
    await waitFor(() => expect(screen.queryByTestId('alarm')).toBeNull());
    expect(document.title).not.toContain('红色警报');
  });

  test('says that the browser keeps it silent, and rings from the first touch', async () => {
    Sound.state = 'suspended';
    page();
    expect(await screen.findByText(/浏览器未开声音/)).toBeTruthy();
    expect(Sound.tones).toBe(0);
    fireEvent.pointerDown(document.body);
    await waitFor(() => expect(screen.queryByText(/浏览器未开声音/)).toBeNull());
    expect(Sound.tones).toBeGreaterThan(0);
  });

  test('is claimed and opened with one press, from any page', async () => {
    page();
    fireEvent.click(await screen.findByRole('button', { name: /打开并领取/ }));
    await waitFor(() => expect(navigate).toHaveBeenCalledWith({ to: '/ecg/r1' }));
  });

  test('is claimed by its key as well, and a claim that came second says so', async () => {
    claims = [json({ code: 'already-claimed' }, 409)];
    page();
    await screen.findByTestId('alarm');
    const press = { key: 'F8', ctrlKey: false, altKey: false, metaKey: false, shiftKey: false };
    expect(performKey({ ...press, isComposing: false, defaultPrevented: false, target: document.body })).toBe(
      true,
    );
    expect(await screen.findByText(/已被他人领取/)).toBeTruthy();
    expect(navigate).not.toHaveBeenCalled();
    ringing = [request({ id: 'r2', risk: 'red', ringing: true })];
    await act(() => queries.invalidateQueries({ queryKey: REQUESTS }));
    await waitFor(() => expect(screen.getByTestId('alarm').dataset.requestId).toBe('r2'));
    expect(screen.queryByText(/已被他人领取/)).toBeNull();
  });

  test('rings for nobody whose session is away', () => {
    sessionStore.setState({ phase: 'expired' });
    page();
    expect(screen.queryByTestId('alarm')).toBeNull();
  });
});
