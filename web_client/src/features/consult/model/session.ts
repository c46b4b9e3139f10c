import { createStore, type StoreApi } from 'zustand/vanilla';
import { retryDelayMs } from './backoff';
import { Coalescer } from './coalescer';
import { Link, type Socket } from './link';
import { DEVICES_OFF, LocalMedia, type LocalState } from './local';
import { type MediaState, type OpenPeer, openPeer } from './peer';
import { next, type Phase, type PhaseEvent } from './phase';
import type { ClientMessage, Kind, ServerMessage, SharedView } from './protocol';
import { EMPTY_ROOM, heard, isLeading, type Room } from './room';

/** What the server says of the consult before each connection: credentials for TURN live for minutes only. */
export type Standing =
  | { readonly kind: 'open'; readonly iceServers: RTCIceServer[] }
  | { readonly kind: 'closed' | 'refused' | 'signed-out' };

export interface SessionState {
  readonly phase: Phase;
  readonly room: Room;
  readonly local: LocalState;
  readonly media: MediaState;
  readonly received: ReadonlyMap<string, MediaStreamTrack>;
  readonly following: boolean;
  /** The devices asked for at the door: coming back asks for the same. */
  readonly entered: Readonly<Record<Kind, boolean>>;
  /** Retries since the last good connection, for "reconnecting, 2nd time". */
  readonly attempt: number;
  /** The code of what the room refused last; a room that is full says so and is asked again. */
  readonly refusal: string | null;
}

export interface Cursor {
  readonly participantId: string;
  readonly x: number;
  readonly y: number;
}

export interface SessionOptions {
  readonly consultId: string;
  /** Throws where the server cannot be reached: that is a cut, not an answer. */
  readonly standing: () => Promise<Standing>;
  readonly openSocket: (path: string) => Socket;
  readonly openPeer?: OpenPeer;
  readonly openDevices?: ConstructorParameters<typeof LocalMedia>[1];
  readonly random?: () => number;
}

const CONNECT_MS = 8_000;
const CURSOR_MS = 50;
const VIEW_MS = 40;
/** What the server says before it closes; any other end is a cut, and one comes back. */
const ENDS: Readonly<Record<string, PhaseEvent>> = {
  'consult-closed': 'closed',
  'session-ended': 'signed-out',
  replaced: 'replaced',
};
const END_CODES: Readonly<Record<number, PhaseEvent>> = {
  4401: 'signed-out',
  4404: 'closed',
  4409: 'replaced',
};

/** One browser's stay in a consult: devices, one link at a time, and the room that outlives them. */
export class ConsultSession {
  readonly store: StoreApi<SessionState>;
  private readonly options: SessionOptions;
  private readonly local: LocalMedia;
  private readonly cursors = new Set<(cursor: Cursor) => void>();
  private readonly pointer = new Coalescer<{ x: number; y: number }>(CURSOR_MS, (at) =>
    this.tell({ type: 'cursor', ...at }),
  );
  private readonly view = new Coalescer<SharedView>(VIEW_MS, (view) => this.tell({ type: 'view', view }));
  private link: Link | null = null;
  private attempts = 0;
  private restarting = false;
  /** For the welcome while connecting, for the retry while waiting. */
  private timer: ReturnType<typeof setTimeout> | undefined;

  constructor(options: SessionOptions) {
    this.options = options;
    this.store = createStore<SessionState>(() => ({
      phase: 'lobby',
      room: EMPTY_ROOM,
      local: DEVICES_OFF,
      media: 'connecting',
      received: new Map(),
      following: true,
      entered: { audio: false, video: false },
      attempt: 0,
      refusal: null,
    }));
    this.local = new LocalMedia(
      {
        onState: (local) => this.localChanged(local),
        onTrack: (kind, track) => void this.link?.sendTrack(kind, track),
      },
      options.openDevices,
    );
  }

  /** Enters with these devices; what cannot be opened is left out, and the room is entered all the same. */
  async join(wanted: Readonly<Record<Kind, boolean>>): Promise<void> {
    if (!this.move('join')) return;
    this.store.setState({ entered: wanted, attempt: 0 });
    await this.local.open(wanted);
    if (this.move('ready')) await this.connect();
  }

  leave(): void {
    this.tell({ type: 'leave' });
    this.end('leave');
  }

  /** Connects at once when the wait still runs: the network came back, the user asked, the sign-in is done. */
  retryNow(): void {
    if (this.move('retry')) void this.connect();
  }

  /** New media for those that did not come. */
  renewMedia(): void {
    this.link?.renew();
  }

  /** The browser says the network is gone: faster than any timeout. */
  networkLost(): void {
    this.dropped();
  }

  /** The consult was closed, as the live feed tells those who are not connected. */
  closed(): void {
    this.end('closed');
  }

  toggle(kind: Kind): void {
    void this.local.toggle(kind);
  }

  talk(held: boolean): void {
    this.local.talk(held);
  }

  follow(following: boolean): void {
    this.store.setState({ following });
  }

  takeLead(): void {
    if (!isLeading(this.store.getState().room)) this.tell({ type: 'lead' });
  }

  /** The leader's own view, as it changes; of many changes the last one counts. */
  show(view: SharedView): void {
    const { room } = this.store.getState();
    if (!isLeading(room)) return;
    // Kept as the room's: whoever takes over goes on from here, and nobody jumps back before they move.
    this.store.setState({ room: { ...room, view } });
    this.view.offer(view);
  }

  /** Points at a place of the shared picture, as shares of its width and height. */
  point(x: number, y: number): void {
    if (this.store.getState().phase === 'joined') this.pointer.offer({ x, y });
  }

  onCursor(listener: (cursor: Cursor) => void): () => void {
    this.cursors.add(listener);
    return () => void this.cursors.delete(listener);
  }

  stats(): Promise<RTCStatsReport | null> {
    return this.link?.stats() ?? Promise.resolve(null);
  }

  private async connect(): Promise<void> {
    this.disconnect();
    this.attempts += 1;
    const attempt = this.attempts;
    this.timer = setTimeout(() => this.dropped(), CONNECT_MS);
    const standing = await this.options.standing().catch(() => null);
    // A slow answer of an attempt that was given up belongs to nobody.
    if (attempt !== this.attempts || this.store.getState().phase !== 'connecting') return;
    if (standing === null) this.dropped();
    else if (standing.kind !== 'open') this.end(standing.kind);
    else this.open(standing.iceServers);
  }

  private open(iceServers: RTCIceServer[]): void {
    this.link = new Link({
      openSocket: () => this.options.openSocket(`/rtc/${encodeURIComponent(this.options.consultId)}`),
      openPeer: this.options.openPeer ?? openPeer,
      iceServers,
      tracks: () => this.local.sent(),
      onMessage: (message) => this.hear(message),
      onMedia: (media, received) => this.store.setState({ media, received }),
      onLost: (code) => {
        const end = code === null ? undefined : END_CODES[code];
        if (end === undefined) this.dropped();
        else this.end(end);
      },
    });
  }

  private hear(message: ServerMessage): void {
    switch (message.type) {
      case 'welcome':
        this.welcomed(message);
        break;
      case 'cursor':
        for (const listener of this.cursors) {
          listener({ participantId: message.participant_id, x: message.x, y: message.y });
        }
        break;
      case 'closed': {
        const end = ENDS[message.reason];
        if (end !== undefined) this.end(end);
        this.restarting = message.reason === 'going-away';
        break;
      }
      case 'error':
        this.store.setState({ refusal: message.code });
        break;
      default:
        this.store.setState(({ room }) => ({ room: heard(room, message) }));
    }
  }

  private welcomed(message: ServerMessage & { type: 'welcome' }): void {
    clearTimeout(this.timer);
    const { phase, room, local } = this.store.getState();
    // A server that restarted does not know who led, and lets the first to come back lead.
    const deposed = this.restarting && isLeading(room) && message.leader !== message.self;
    this.restarting = false;
    // In one step: whoever leads tells the own view as soon as there is a room to tell it to.
    this.store.setState({
      phase: next(phase, 'welcomed'),
      room: heard(room, message),
      attempt: 0,
      refusal: null,
    });
    this.tellMute(local);
    if (deposed) this.takeLead();
  }

  private localChanged(local: LocalState): void {
    const before = this.store.getState().local;
    this.store.setState({ local });
    const open = (state: LocalState): boolean => state.audio.on || state.talking;
    if (open(before) !== open(local) || before.video.on !== local.video.on) this.tellMute(local);
  }

  private tellMute(local: LocalState): void {
    this.tell({ type: 'mute', audio: !(local.audio.on || local.talking), video: !local.video.on });
  }

  private tell(message: ClientMessage): void {
    // Before the welcome nothing but asking in is due; what happens then is told after it.
    if (this.store.getState().phase === 'joined') this.link?.send(message);
  }

  private dropped(): void {
    if (!this.move('dropped')) return;
    this.disconnect();
    const { attempt } = this.store.getState();
    this.store.setState({ attempt: attempt + 1 });
    this.timer = setTimeout(() => this.retryNow(), retryDelayMs(attempt, this.options.random));
  }

  private end(event: PhaseEvent): void {
    if (!this.move(event)) return;
    this.disconnect();
    // Whoever signs in again on this page comes back with the devices.
    if (event !== 'signed-out') this.local.stop();
  }

  /** Puts the link away and keeps the room: the last picture stays until the next welcome. */
  private disconnect(): void {
    clearTimeout(this.timer);
    this.pointer.cancel();
    this.view.cancel();
    this.link?.close();
    this.link = null;
    const { room } = this.store.getState();
    this.store.setState({ media: 'connecting', received: new Map(), room: { ...room, slots: {} } });
  }

  /** Tells whether the event means anything in this phase. */
  private move(event: PhaseEvent): boolean {
    const { phase } = this.store.getState();
    const to = next(phase, event);
    if (to === phase) return false;
    this.store.setState({ phase: to });
    return true;
  }
}
