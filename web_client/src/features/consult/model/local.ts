import { type Acquired, acquire, type DeviceProblem } from './devices';
import type { Kind } from './protocol';

export interface DeviceState {
  readonly on: boolean;
  readonly problem: DeviceProblem | null;
}

export interface LocalState {
  readonly audio: DeviceState;
  readonly video: DeviceState;
  /** The microphone is open only as long as the key is held. */
  readonly talking: boolean;
  /** There is a microphone to talk into. */
  readonly canTalk: boolean;
  /** The own picture, for the own tile. */
  readonly camera: MediaStreamTrack | null;
}

export const DEVICES_OFF: LocalState = {
  audio: { on: false, problem: null },
  video: { on: false, problem: null },
  talking: false,
  canTalk: false,
  camera: null,
};

export interface LocalEvents {
  readonly onState: (state: LocalState) => void;
  /** This track, or nothing, is to be sent from now on. */
  readonly onTrack: (kind: Kind, track: MediaStreamTrack | null) => void;
}

/**
 * The own microphone and camera. A muted microphone stays open and silent, so that holding a key to talk
 * loses no word; a camera that is off is released, so that its light goes out.
 */
export class LocalMedia {
  private tracks: Record<Kind, MediaStreamTrack | null> = { audio: null, video: null };
  private state: LocalState = DEVICES_OFF;
  private pending: Promise<void> = Promise.resolve();
  private visit = 0;
  private readonly events: LocalEvents;
  private readonly acquire: (wanted: Readonly<Record<Kind, boolean>>) => Promise<Acquired>;

  constructor(events: LocalEvents, open: typeof acquire = acquire) {
    this.events = events;
    this.acquire = open;
  }

  sent(): Readonly<Record<Kind, MediaStreamTrack | null>> {
    return { ...this.tracks };
  }

  /** Opens what is wanted; what cannot be opened is said in the state, and never thrown. */
  open(wanted: Readonly<Record<Kind, boolean>>): Promise<void> {
    return this.inTurn(async () => {
      const got = await this.acquired(wanted);
      for (const kind of ['audio', 'video'] as const) if (wanted[kind]) this.take(kind, got);
    });
  }

  toggle(kind: Kind): Promise<void> {
    return this.inTurn(async () => {
      const { on } = this.state[kind];
      if (on && kind === 'video') this.release('video', null);
      else if (this.tracks[kind] !== null) this.put({ [kind]: { on: !on, problem: null } });
      else this.take(kind, await this.acquired({ audio: kind === 'audio', video: kind === 'video' }));
    });
  }

  /** Hold to talk; nothing where there is no microphone or it is open anyway. */
  talk(held: boolean): void {
    const able = this.tracks.audio !== null && !this.state.audio.on;
    if ((held && able) !== this.state.talking) this.put({ talking: held && able });
  }

  stop(): void {
    this.visit += 1;
    for (const kind of ['audio', 'video'] as const) this.release(kind, null);
  }

  private inTurn(step: () => Promise<void>): Promise<void> {
    // A second press while the browser still asks must not open the device twice.
    this.pending = this.pending.then(step);
    return this.pending;
  }

  /** Opens devices; what the browser hands over after everything was stopped is let go at once. */
  private async acquired(wanted: Readonly<Record<Kind, boolean>>): Promise<Acquired> {
    const visit = this.visit;
    const got = await this.acquire(wanted);
    if (visit === this.visit) return got;
    for (const track of Object.values(got.tracks)) track?.stop();
    return { tracks: { audio: null, video: null }, problems: { audio: null, video: null } };
  }

  private take(kind: Kind, got: Acquired): void {
    const track = got.tracks[kind];
    if (track === null) {
      this.put({ [kind]: { on: false, problem: got.problems[kind] } });
      return;
    }
    this.tracks[kind] = track;
    track.onended = () => this.release(kind, 'absent');
    this.events.onTrack(kind, track);
    this.put({ [kind]: { on: true, problem: null } });
  }

  private release(kind: Kind, problem: DeviceProblem | null): void {
    const track = this.tracks[kind];
    if (track !== null) {
      track.onended = null;
      track.stop();
      this.tracks[kind] = null;
      this.events.onTrack(kind, null);
    }
    this.put({ [kind]: { on: false, problem } });
  }

  private put(change: Partial<LocalState>): void {
    const state = { ...this.state, ...change };
    const talking = state.talking && !state.audio.on && this.tracks.audio !== null;
    if (this.tracks.audio !== null) this.tracks.audio.enabled = state.audio.on || talking;
    const { audio, video } = this.tracks;
    this.state = { ...state, talking, canTalk: audio !== null, camera: video };
    this.events.onState(this.state);
  }
}
