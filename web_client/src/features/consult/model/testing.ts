import type { Acquired } from './devices';
import type { Socket } from './link';
import type { MediaState, OpenPeer, Peer } from './peer';
import type { ClientMessage, Kind, Participant, SharedView } from './protocol';
import { ConsultSession, type SessionOptions, type Standing } from './session';

/** Stand-ins for tests: people, a socket, a peer connection and devices that are told what to do. */

export function person(id: string, personId = `person-${id}`): Participant {
  return {
    id,
    person_id: personId,
    display_name: `医师${id}`,
    institution: { id: 'i1', name_zh: '青禾县人民医院', name_en: 'Qinghe County Hospital' },
    color: '#6cb6ff',
    audio_muted: false,
    video_muted: false,
  };
}

export function view(change: Partial<SharedView>): SharedView {
  return {
    study_instance_uid: '1.2.3',
    series_instance_uid: '1.2.3.4',
    instance_index: 0,
    window: null,
    zoom: 1,
    pan: { x: 0, y: 0 },
    ecg: null,
    ...change,
  };
}

export function welcome(change: Readonly<Record<string, unknown>>) {
  return {
    type: 'welcome',
    self: 'a',
    answer: { type: 'answer', sdp: 'v=0' },
    participants: [person('a')],
    leader: 'a',
    view: null,
    view_version: 0,
    ...change,
  };
}

export class FakeSocket implements Socket {
  onopen: ((event: Event) => void) | null = null;
  onmessage: ((event: MessageEvent) => void) | null = null;
  onclose: ((event: CloseEvent) => void) | null = null;
  readonly sent: ClientMessage[] = [];
  closedWith: number | undefined;
  readonly path: string;
  private open = false;

  constructor(path: string) {
    this.path = path;
  }

  send(data: string): void {
    if (!this.open) throw new DOMException('still connecting', 'InvalidStateError');
    this.sent.push(JSON.parse(data) as ClientMessage);
  }

  close(code?: number): void {
    this.closedWith = code;
    this.open = false;
  }

  opens(): void {
    this.open = true;
    this.onopen?.(new Event('open'));
  }

  says(message: unknown): void {
    this.onmessage?.({ data: JSON.stringify(message) } as MessageEvent);
  }

  isClosed(code = 1006): void {
    this.open = false;
    this.onclose?.({ code } as CloseEvent);
  }

  types(): readonly string[] {
    return this.sent.map((message) => message.type);
  }
}

export class FakePeer implements Peer {
  readonly received = new Map([['3', fakeTrack('video')]]);
  readonly sending: Partial<Record<Kind, MediaStreamTrack | null>> = {};
  answered = false;
  closed = false;
  readonly iceServers: RTCIceServer[];
  readonly becomes: (state: MediaState) => void;

  constructor(iceServers: RTCIceServer[], becomes: (state: MediaState) => void) {
    this.iceServers = iceServers;
    this.becomes = becomes;
  }

  async offer() {
    return { type: 'offer' as const, sdp: 'v=0' };
  }

  async accept(): Promise<void> {
    this.answered = true;
  }

  async send(kind: Kind, track: MediaStreamTrack | null): Promise<void> {
    this.sending[kind] = track;
  }

  async stats(): Promise<RTCStatsReport> {
    return new Map() as RTCStatsReport;
  }

  close(): void {
    this.closed = true;
  }
}

export function fakeTrack(kind: Kind): MediaStreamTrack {
  const track = { kind, enabled: true, readyState: 'live', onended: null, stop: () => undefined };
  track.stop = () => {
    track.readyState = 'ended';
    return undefined;
  };
  return track as unknown as MediaStreamTrack;
}

export async function fakeDevices(wanted: Readonly<Record<Kind, boolean>>): Promise<Acquired> {
  return {
    tracks: {
      audio: wanted.audio ? fakeTrack('audio') : null,
      video: wanted.video ? fakeTrack('video') : null,
    },
    problems: { audio: null, video: null },
  };
}

/** A session in a world of stand-ins; `standing` is what the server says at each connection. */
export function staged(change: Partial<SessionOptions> = {}) {
  const sockets: FakeSocket[] = [];
  const peers: FakePeer[] = [];
  const world = { standing: { kind: 'open', iceServers: [] } as Standing | Error };
  const open: OpenPeer = (iceServers, tracks, { onState }) => {
    const peer = new FakePeer(iceServers, onState);
    Object.assign(peer.sending, tracks);
    peers.push(peer);
    return peer;
  };
  const session = new ConsultSession({
    consultId: 'c 1',
    standing: async () => {
      if (world.standing instanceof Error) throw world.standing;
      return world.standing;
    },
    openSocket: (path) => {
      const socket = new FakeSocket(path);
      sockets.push(socket);
      return socket;
    },
    openPeer: open,
    openDevices: fakeDevices,
    random: () => 1,
    ...change,
  });
  const last = <T>(list: readonly T[]): T => {
    const item = list.at(-1);
    if (item === undefined) throw new Error('nothing opened yet');
    return item;
  };
  return {
    session,
    world,
    sockets,
    peers,
    socket: () => last(sockets),
    peer: () => last(peers),
    state: () => session.store.getState(),
  };
}
