import type { Kind } from './protocol';

/** Why a microphone or camera is not there, each with its own sentence and its own remedy. */
export type DeviceProblem = 'insecure' | 'denied' | 'absent' | 'busy' | 'unknown';

export interface Acquired {
  readonly tracks: Readonly<Record<Kind, MediaStreamTrack | null>>;
  readonly problems: Readonly<Record<Kind, DeviceProblem | null>>;
}

/** The browser's part that devices come from; null where the page's origin is not a secure one. */
export type MediaSource = Pick<MediaDevices, 'getUserMedia'> | null;
export type PermissionOf = (kind: Kind) => Promise<PermissionState>;

const WANTED: Readonly<Record<Kind, MediaTrackConstraints>> = {
  audio: { echoCancellation: true, noiseSuppression: true, autoGainControl: true },
  // Small on purpose: 1 Mbit/s must carry the room, and the images come first.
  video: { width: { ideal: 640 }, height: { ideal: 480 }, frameRate: { ideal: 15, max: 15 } },
};

const NOTHING: Acquired = {
  tracks: { audio: null, video: null },
  problems: { audio: null, video: null },
};

/**
 * Opens what is wanted and says of each device why it is missing. One missing device never costs the
 * other: where both together fail, each is tried alone, but a refused camera is not asked for twice.
 */
export async function acquire(
  wanted: Readonly<Record<Kind, boolean>>,
  source: MediaSource = browserSource(),
  permissionOf: PermissionOf = browserPermission,
): Promise<Acquired> {
  const kinds = (['audio', 'video'] as const).filter((kind) => wanted[kind]);
  if (kinds.length === 0) return NOTHING;
  if (source === null) return kinds.reduce((sum, kind) => without(sum, kind, 'insecure'), NOTHING);
  if (kinds.length === 2) {
    try {
      return collected(NOTHING, await source.getUserMedia(WANTED));
    } catch (error) {
      return alone(source, error, permissionOf);
    }
  }
  return kinds.reduce<Promise<Acquired>>(
    async (sum, kind) => one(source, await sum, kind),
    Promise.resolve(NOTHING),
  );
}

async function alone(
  source: NonNullable<MediaSource>,
  together: unknown,
  permissionOf: PermissionOf,
): Promise<Acquired> {
  const got = await one(source, NOTHING, 'audio');
  // A second prompt for the camera right after "no" is nagging; a standing permission asks nobody.
  const prompts = problemOf(together) === 'denied' && (await permissionOf('video')) !== 'granted';
  return prompts ? without(got, 'video', 'denied') : one(source, got, 'video');
}

async function one(source: NonNullable<MediaSource>, sum: Acquired, kind: Kind): Promise<Acquired> {
  try {
    return collected(sum, await source.getUserMedia({ [kind]: WANTED[kind] }));
  } catch (error) {
    return without(sum, kind, problemOf(error));
  }
}

function collected(sum: Acquired, stream: MediaStream): Acquired {
  return {
    ...sum,
    tracks: {
      audio: stream.getAudioTracks()[0] ?? sum.tracks.audio,
      video: stream.getVideoTracks()[0] ?? sum.tracks.video,
    },
  };
}

function without(sum: Acquired, kind: Kind, problem: DeviceProblem): Acquired {
  return { ...sum, problems: { ...sum.problems, [kind]: problem } };
}

/** The names are the ones of Media Capture and Streams, section 10.2. */
export function problemOf(error: unknown): DeviceProblem {
  switch (error instanceof Error || error instanceof DOMException ? error.name : '') {
    case 'NotAllowedError':
    case 'SecurityError':
      return 'denied';
    case 'NotFoundError':
    case 'OverconstrainedError':
      return 'absent';
    case 'NotReadableError':
    case 'AbortError':
      return 'busy';
    default:
      return 'unknown';
  }
}

export function browserSource(): MediaSource {
  // Undefined over plain HTTP from another machine, whatever the DOM types say.
  const devices: MediaDevices | undefined = navigator.mediaDevices;
  return window.isSecureContext && devices !== undefined ? devices : null;
}

async function browserPermission(kind: Kind): Promise<PermissionState> {
  const name = kind === 'audio' ? 'microphone' : 'camera';
  try {
    return (await navigator.permissions.query({ name: name as PermissionName })).state;
  } catch {
    return 'prompt';
  }
}
