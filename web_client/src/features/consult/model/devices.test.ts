import { describe, expect, test, vi } from 'vitest';
import { acquire, type MediaSource, problemOf } from './devices';

const BOTH = { audio: true, video: true };
const track = (kind: string): MediaStreamTrack => ({ kind }) as MediaStreamTrack;

/** Devices as a browser has them: `no` names the error that asking for a kind throws. */
function devices(no: { audio?: string; video?: string }, together?: string) {
  const asked: string[] = [];
  const getUserMedia = vi.fn(async (wanted: MediaStreamConstraints = {}) => {
    const kinds = (['audio', 'video'] as const).filter((kind) => wanted[kind] !== undefined);
    asked.push(kinds.join('+'));
    const error = (kinds.length === 2 ? together : undefined) ?? kinds.map((kind) => no[kind]).find(Boolean);
    if (error !== undefined) throw new DOMException('refused', error);
    const has = (kind: 'audio' | 'video') => (kinds.includes(kind) ? [track(kind)] : []);
    return { getAudioTracks: () => has('audio'), getVideoTracks: () => has('video') } as MediaStream;
  });
  return { asked, source: { getUserMedia } as MediaSource };
}

const says = (state: PermissionState) => async (): Promise<PermissionState> => state;

describe('opening devices', () => {
  test('asks once for both', async () => {
    const { asked, source } = devices({});
    const got = await acquire(BOTH, source, says('prompt'));
    expect(asked).toEqual(['audio+video']);
    expect(got.tracks.audio?.kind).toBe('audio');
    expect(got.tracks.video?.kind).toBe('video');
    expect(got.problems).toEqual({ audio: null, video: null });
  });

  test('goes on with the microphone where there is no camera', async () => {
    const { asked, source } = devices({ video: 'NotFoundError' });
    const got = await acquire(BOTH, source, says('prompt'));
    expect(asked).toEqual(['audio+video', 'audio', 'video']);
    expect(got.tracks.audio?.kind).toBe('audio');
    expect(got.problems).toEqual({ audio: null, video: 'absent' });
  });

  test('goes on with the camera where another program holds the microphone', async () => {
    const { source } = devices({ audio: 'NotReadableError' });
    const got = await acquire(BOTH, source, says('prompt'));
    expect(got.tracks.video?.kind).toBe('video');
    expect(got.problems).toEqual({ audio: 'busy', video: null });
  });

  test('does not ask a second time for a camera that was just refused', async () => {
    const { asked, source } = devices({}, 'NotAllowedError');
    const got = await acquire(BOTH, source, says('prompt'));
    expect(asked).toEqual(['audio+video', 'audio']);
    expect(got.tracks.audio?.kind).toBe('audio');
    expect(got.problems).toEqual({ audio: null, video: 'denied' });
  });

  test('uses a camera that is allowed for good where only the microphone is blocked', async () => {
    const { source } = devices({ audio: 'NotAllowedError' });
    const got = await acquire(BOTH, source, says('granted'));
    expect(got.tracks.video?.kind).toBe('video');
    expect(got.problems).toEqual({ audio: 'denied', video: null });
  });

  test('says that the address is the cause where the origin is not a secure one', async () => {
    const got = await acquire(BOTH, null, says('prompt'));
    expect(got.problems).toEqual({ audio: 'insecure', video: 'insecure' });
  });

  test('asks for nothing where nothing is wanted', async () => {
    const { asked, source } = devices({});
    const got = await acquire({ audio: false, video: false }, source, says('prompt'));
    expect(asked).toEqual([]);
    expect(got).toEqual({
      tracks: { audio: null, video: null },
      problems: { audio: null, video: null },
    });
  });

  test.each([
    ['NotAllowedError', 'denied'],
    ['SecurityError', 'denied'],
    ['NotFoundError', 'absent'],
    ['OverconstrainedError', 'absent'],
    ['NotReadableError', 'busy'],
    ['AbortError', 'busy'],
    ['InvalidStateError', 'unknown'],
  ])('takes %s for %s', (name, problem) => {
    expect(problemOf(new DOMException('', name))).toBe(problem);
  });
});
