/** What one slot received between two readings of the connection's statistics. */
export interface Reception {
  readonly kbps: number;
  /** 0..1, of what was heard last. */
  readonly level: number;
  readonly lostShare: number;
}

interface Counter {
  readonly bytes: number;
  readonly packets: number;
  readonly lost: number;
  readonly level: number;
}

export interface Reading {
  readonly atMs: number;
  readonly tracks: ReadonlyMap<string, Counter>;
}

export const NO_READING: Reading = { atMs: 0, tracks: new Map() };

/** Read the inbound streams by the id of their track (W3C WebRTC Statistics, RTCInboundRtpStreamStats). */
export function reading(report: RTCStatsReport, atMs: number): Reading {
  const tracks = new Map<string, Counter>();
  report.forEach((entry: Readonly<Record<string, unknown>>) => {
    if (entry.type !== 'inbound-rtp' || typeof entry.trackIdentifier !== 'string') return;
    tracks.set(entry.trackIdentifier, {
      bytes: count(entry.bytesReceived),
      packets: count(entry.packetsReceived),
      lost: count(entry.packetsLost),
      level: count(entry.audioLevel),
    });
  });
  return { atMs, tracks };
}

/** What these tracks together received from one reading to the next; null before there are two. */
export function reception(before: Reading, after: Reading, trackIds: readonly string[]): Reception | null {
  const seconds = (after.atMs - before.atMs) / 1000;
  if (seconds <= 0) return null;
  let bits = 0;
  let packets = 0;
  let lost = 0;
  let level = 0;
  let known = false;
  for (const id of trackIds) {
    const [old, now] = [before.tracks.get(id), after.tracks.get(id)];
    if (old === undefined || now === undefined) continue;
    known = true;
    bits += (now.bytes - old.bytes) * 8;
    packets += now.packets - old.packets;
    // A late packet that was counted as lost is taken back.
    lost += Math.max(0, now.lost - old.lost);
    level = Math.max(level, now.level);
  }
  if (!known) return null;
  return { kbps: bits / 1000 / seconds, level, lostShare: lost === 0 ? 0 : lost / (lost + packets) };
}

/** Speech is well above this, a quiet room well below (audioLevel is linear, 1 is full scale). */
const SPEAKING_LEVEL = 0.02;

export function isSpeaking(got: Reception | null): boolean {
  return got !== null && got.level > SPEAKING_LEVEL;
}

export type Signal = 'none' | 'poor' | 'fair' | 'good';

/** Bars of a tile. Loss hurts before the rate does: 5 % is audible, 1 % is not. */
export function signal(got: Reception | null): Signal {
  if (got === null || got.kbps < 1) return 'none';
  if (got.lostShare > 0.05) return 'poor';
  return got.lostShare > 0.01 ? 'fair' : 'good';
}

function count(value: unknown): number {
  return typeof value === 'number' && Number.isFinite(value) ? value : 0;
}
