import { parseMessage } from './parse';
import type { MediaState, OpenPeer, Peer } from './peer';
import type { ClientMessage, Description, Kind, ServerMessage } from './protocol';

/** The part of WebSocket that is used. */
export interface Socket {
  onopen: ((event: Event) => void) | null;
  onmessage: ((event: MessageEvent) => void) | null;
  onclose: ((event: CloseEvent) => void) | null;
  send(data: string): void;
  close(code?: number): void;
}

export interface LinkOptions {
  readonly openSocket: () => Socket;
  readonly openPeer: OpenPeer;
  readonly iceServers: RTCIceServer[];
  /** What is sent from the start, asked anew for each media connection. */
  readonly tracks: () => Readonly<Record<Kind, MediaStreamTrack | null>>;
  readonly onMessage: (message: ServerMessage) => void;
  readonly onMedia: (state: MediaState, received: ReadonlyMap<string, MediaStreamTrack>) => void;
  /** The link is dead, with the socket's code where it has one. */
  readonly onLost: (code: number | null) => void;
}

/** A Wi-Fi roam heals by itself in a second or two; longer silence needs a new media connection. */
const INTERRUPTED_MS = 3_000;
/** A socket that does not answer a second `join` is one that has not noticed its own end. */
const ANSWER_MS = 4_000;
const NOTHING: ReadonlyMap<string, MediaStreamTrack> = new Map();

/** One socket and the media connection beside it, which is renewed alone where it fails alone. */
export class Link {
  private readonly options: LinkOptions;
  private readonly socket: Socket;
  private peer: Peer | null = null;
  private everConnected = false;
  private closed = false;
  private interruption: ReturnType<typeof setTimeout> | undefined;
  private answer: ReturnType<typeof setTimeout> | undefined;

  constructor(options: LinkOptions) {
    this.options = options;
    this.socket = options.openSocket();
    const opened = new Promise<void>((resolve) => {
      this.socket.onopen = () => resolve();
    });
    this.socket.onmessage = ({ data }) => this.receive(data);
    this.socket.onclose = ({ code }) => this.lost(code);
    void this.ask(opened);
  }

  /** Only after the welcome: before it the server listens for nothing but `join`. */
  send(message: ClientMessage): void {
    this.socket.send(JSON.stringify(message));
  }

  async sendTrack(kind: Kind, track: MediaStreamTrack | null): Promise<void> {
    const { peer } = this;
    try {
      await peer?.send(kind, track);
    } catch {
      // One that was put away meanwhile takes nothing any more; the next begins with the track.
      if (this.peer === peer) this.renew();
    }
  }

  /** A new media connection on the same socket: the room notices nothing else. */
  renew(): void {
    if (this.closed) return;
    this.answer = setTimeout(() => this.lost(null), ANSWER_MS);
    void this.ask(Promise.resolve());
  }

  stats(): Promise<RTCStatsReport | null> {
    return this.peer?.stats() ?? Promise.resolve(null);
  }

  close(): void {
    if (this.closed) return;
    this.closed = true;
    this.socket.onopen = null;
    this.socket.onmessage = null;
    this.socket.onclose = null;
    this.socket.close(1000);
    clearTimeout(this.answer);
    this.drop();
  }

  private async ask(opened: Promise<void>): Promise<void> {
    this.drop();
    this.media('connecting');
    const [offer] = await Promise.all([this.offer(), opened]);
    if (this.closed) return;
    if (offer !== null) this.media('connecting');
    this.send({ type: 'join', offer });
  }

  /** null where the browser has no media to offer: the shared view is entered all the same. */
  private async offer(): Promise<Description | null> {
    try {
      const peer = this.options.openPeer(this.options.iceServers, this.options.tracks(), {
        onState: (state) => this.peer === peer && this.moved(state),
      });
      this.peer = peer;
      return await peer.offer();
    } catch {
      this.drop();
      return null;
    }
  }

  private receive(data: unknown): void {
    const message = parseMessage(data);
    if (message === null) return;
    if (message.type === 'welcome') void this.welcomed(message);
    this.options.onMessage(message);
    if (message.type === 'error' && message.code === 'media-lost') this.moved('failed');
  }

  private async welcomed({ answer }: ServerMessage & { type: 'welcome' }): Promise<void> {
    clearTimeout(this.answer);
    const { peer } = this;
    try {
      if (peer === null || answer === null) throw new DOMException('no media', 'NotSupportedError');
      await peer.accept(answer);
    } catch {
      if (this.peer === peer) this.media('failed');
    }
  }

  private moved(state: MediaState): void {
    this.media(state);
    clearTimeout(this.interruption);
    if (state === 'connected') this.everConnected = true;
    else if (state === 'interrupted') this.interruption = setTimeout(() => this.renew(), INTERRUPTED_MS);
    // Media that never came (a firewall that lets nothing through) would fail for ever: that is said instead.
    else if (state === 'failed' && this.everConnected) this.renew();
  }

  private media(state: MediaState): void {
    this.options.onMedia(state, this.peer?.received ?? NOTHING);
  }

  private lost(code: number | null): void {
    if (this.closed) return;
    this.close();
    this.options.onLost(code);
  }

  private drop(): void {
    clearTimeout(this.interruption);
    this.everConnected = false;
    const { peer } = this;
    this.peer = null;
    peer?.close();
  }
}
