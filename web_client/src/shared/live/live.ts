import type { LiveEvent } from './events';

/** The part of WebSocket the feed uses. */
export interface Socket {
  onopen: ((event: Event) => void) | null;
  onmessage: ((event: MessageEvent) => void) | null;
  onclose: ((event: CloseEvent) => void) | null;
  close(code?: number): void;
}

export type LiveState =
  | { readonly kind: 'connecting' }
  | { readonly kind: 'open' }
  | { readonly kind: 'waiting'; readonly attempt: number; readonly delayMs: number }
  | { readonly kind: 'ended' };

export interface LiveOptions {
  readonly open: (path: string) => Socket;
  readonly onEvent: (event: LiveEvent) => void;
  /** After every opening, the first too: what happened before it must be fetched. */
  readonly onOpen: () => void;
  readonly onState: (state: LiveState) => void;
  readonly onSessionEnded: () => void;
  readonly random?: () => number;
}

const FIRST_DELAY_MS = 1_000;
const LONGEST_DELAY_MS = 30_000;
/** A connection that lived this long was good: the next loss starts from the shortest wait again. */
const SETTLED_MS = 5_000;
const SESSION_ENDED = 4401;

/** Live events that come back by themselves: backoff with jitter, resuming after the last event seen. */
export class Live {
  private socket: Socket | null = null;
  private timer: ReturnType<typeof setTimeout> | undefined;
  private settled: ReturnType<typeof setTimeout> | undefined;
  private attempt = 0;
  private lastId: number | null = null;
  private stopped = false;
  private readonly options: LiveOptions;

  constructor(options: LiveOptions) {
    this.options = options;
  }

  start(): void {
    this.connect();
  }

  /** Connect at once when the wait is still running (the network came back, the user asked). */
  retryNow(): void {
    if (this.timer === undefined) return;
    clearTimeout(this.timer);
    this.connect();
  }

  stop(): void {
    this.stopped = true;
    clearTimeout(this.timer);
    clearTimeout(this.settled);
    this.timer = undefined;
    this.drop()?.close(1000);
  }

  private connect(): void {
    this.timer = undefined;
    this.options.onState({ kind: 'connecting' });
    const socket = this.options.open(this.lastId === null ? '/ws' : `/ws?after=${this.lastId}`);
    this.socket = socket;
    socket.onopen = () => {
      this.settled = setTimeout(() => {
        this.attempt = 0;
      }, SETTLED_MS);
      this.options.onState({ kind: 'open' });
      this.options.onOpen();
    };
    socket.onmessage = (message) => this.receive(message.data);
    socket.onclose = (event) => this.closed(event.code);
  }

  private receive(data: unknown): void {
    const event = parse(data);
    if (event === null) return;
    // Delivery is at least once: what was seen is not told again.
    if (this.lastId !== null && event.id <= this.lastId) return;
    this.lastId = event.id;
    this.options.onEvent(event);
  }

  private closed(code: number): void {
    clearTimeout(this.settled);
    this.drop();
    if (this.stopped) return;
    if (code === SESSION_ENDED) {
      this.stopped = true;
      this.options.onState({ kind: 'ended' });
      this.options.onSessionEnded();
      return;
    }
    const longest = Math.min(LONGEST_DELAY_MS, FIRST_DELAY_MS * 2 ** this.attempt);
    // Half fixed, half random: a restarted server is not met by every browser in the same second.
    const delayMs = Math.round(longest / 2 + ((this.options.random ?? Math.random)() * longest) / 2);
    this.attempt += 1;
    this.timer = setTimeout(() => this.connect(), delayMs);
    this.options.onState({ kind: 'waiting', attempt: this.attempt, delayMs });
  }

  private drop(): Socket | null {
    const socket = this.socket;
    if (socket !== null) {
      socket.onopen = null;
      socket.onmessage = null;
      socket.onclose = null;
    }
    this.socket = null;
    return socket;
  }
}

function parse(data: unknown): LiveEvent | null {
  if (typeof data !== 'string') return null;
  try {
    const value: unknown = JSON.parse(data);
    if (typeof value !== 'object' || value === null) return null;
    if (!('id' in value) || typeof value.id !== 'number') return null;
    if (!('topic' in value) || typeof value.topic !== 'string') return null;
    if (!('payload' in value) || typeof value.payload !== 'object' || value.payload === null) return null;
    return value as LiveEvent;
  } catch {
    return null;
  }
}

/** The browser's own socket, on the page's origin. */
export function openSocket(path: string): Socket {
  const scheme = location.protocol === 'https:' ? 'wss:' : 'ws:';
  return new WebSocket(`${scheme}//${location.host}${path}`);
}
