import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { Live, type LiveState, type Socket } from './live';

class FakeSocket implements Socket {
  onopen: ((event: Event) => void) | null = null;
  onmessage: ((event: MessageEvent) => void) | null = null;
  onclose: ((event: CloseEvent) => void) | null = null;
  closedWith: number | undefined;
  readonly path: string;

  constructor(path: string) {
    this.path = path;
  }

  close(code?: number): void {
    this.closedWith = code;
  }

  opens(): void {
    this.onopen?.(new Event('open'));
  }

  sends(data: unknown): void {
    this.onmessage?.({ data: typeof data === 'string' ? data : JSON.stringify(data) } as MessageEvent);
  }

  isClosed(code = 1006): void {
    this.onclose?.({ code } as CloseEvent);
  }
}

function watched() {
  const sockets: FakeSocket[] = [];
  const states: LiveState[] = [];
  const calls = { onEvent: vi.fn(), onOpen: vi.fn(), onSessionEnded: vi.fn() };
  const open = (path: string): Socket => {
    const socket = new FakeSocket(path);
    sockets.push(socket);
    return socket;
  };
  const live = new Live({ ...calls, open, onState: (state) => states.push(state), random: () => 1 });
  const last = (): FakeSocket => {
    const socket = sockets.at(-1);
    if (socket === undefined) throw new Error('no socket yet');
    return socket;
  };
  return { live, sockets, states, last, ...calls };
}

const event = (id: number) => ({ id, topic: 'ecg.arrived', payload: { ecg_id: `e${id}` } });

beforeEach(() => void vi.useFakeTimers());
afterEach(() => void vi.useRealTimers());

describe('the live connection', () => {
  test('fetches what it missed after every opening', () => {
    const { live, last, onOpen } = watched();
    live.start();
    last().opens();
    last().isClosed();
    vi.advanceTimersByTime(1_000);
    last().opens();
    expect(onOpen).toHaveBeenCalledTimes(2);
  });

  test('resumes after the last event it saw', () => {
    const { live, last, sockets, onEvent } = watched();
    live.start();
    last().opens();
    last().sends(event(41));
    last().sends(event(42));
    last().isClosed();
    vi.advanceTimersByTime(1_000);
    expect(sockets.map((socket) => socket.path)).toEqual(['/ws', '/ws?after=42']);
    expect(onEvent).toHaveBeenCalledTimes(2);
  });

  test('tells an event once, however often it is delivered', () => {
    const { live, last, onEvent } = watched();
    live.start();
    for (const id of [7, 7, 6, 8]) last().sends(event(id));
    expect(onEvent.mock.calls.map(([told]) => told.id)).toEqual([7, 8]);
  });

  test('waits longer each time, and never beyond half a minute', () => {
    const { live, last, states } = watched();
    live.start();
    for (let n = 0; n < 8; n += 1) {
      last().isClosed();
      vi.advanceTimersByTime(30_000);
    }
    const delays = states.flatMap((state) => (state.kind === 'waiting' ? [state.delayMs] : []));
    expect(delays).toEqual([1_000, 2_000, 4_000, 8_000, 16_000, 30_000, 30_000, 30_000]);
  });

  test('starts from the shortest wait again once a connection has settled', () => {
    const { live, last, states } = watched();
    live.start();
    last().isClosed();
    vi.advanceTimersByTime(1_000);
    last().opens();
    vi.advanceTimersByTime(5_000);
    last().isClosed();
    expect(states.at(-1)).toEqual({ kind: 'waiting', attempt: 1, delayMs: 1_000 });
  });

  test('keeps waiting longer where a server accepts and drops at once', () => {
    const { live, last, states } = watched();
    live.start();
    last().opens();
    last().isClosed();
    vi.advanceTimersByTime(1_000);
    last().opens();
    last().isClosed();
    expect(states.at(-1)).toEqual({ kind: 'waiting', attempt: 2, delayMs: 2_000 });
  });

  test('goes back to the sign-in and stays away when the session ended', () => {
    const { live, last, sockets, onSessionEnded } = watched();
    live.start();
    last().opens();
    last().isClosed(4401);
    vi.advanceTimersByTime(120_000);
    expect(onSessionEnded).toHaveBeenCalledOnce();
    expect(sockets).toHaveLength(1);
  });

  test('connects at once when asked, and only while it waits', () => {
    const { live, last, sockets } = watched();
    live.start();
    live.retryNow();
    expect(sockets).toHaveLength(1);
    last().isClosed();
    live.retryNow();
    expect(sockets).toHaveLength(2);
    vi.advanceTimersByTime(60_000);
    expect(sockets).toHaveLength(2);
  });

  test('is silent after it was stopped', () => {
    const { live, last, sockets, states } = watched();
    live.start();
    const socket = last();
    live.stop();
    socket.isClosed();
    vi.advanceTimersByTime(60_000);
    expect(socket.closedWith).toBe(1000);
    expect(sockets).toHaveLength(1);
    expect(states).toEqual([{ kind: 'connecting' }]);
  });

  test('passes over what is not an event', () => {
    const { live, last, onEvent } = watched();
    live.start();
    for (const data of ['', 'null', '[]', '{"id":"1"}', '{"id":1,"topic":"x"}', '{']) last().sends(data);
    expect(onEvent).not.toHaveBeenCalled();
  });
});
