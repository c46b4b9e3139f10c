import { describe, expect, test } from 'vitest';
import { isSpeaking, NO_READING, reading, reception, signal } from './quality';

const report = (entries: readonly object[]): RTCStatsReport =>
  new Map(entries.map((entry, n) => [String(n), entry])) as unknown as RTCStatsReport;

const inbound = (trackIdentifier: string, counters: object) => ({
  type: 'inbound-rtp',
  trackIdentifier,
  ...counters,
});

describe('reception', () => {
  const before = reading(
    report([
      inbound('v', { bytesReceived: 1_000, packetsReceived: 10, packetsLost: 0 }),
      inbound('a', { bytesReceived: 0, packetsReceived: 0, packetsLost: 0, audioLevel: 0 }),
      { type: 'transport', bytesReceived: 9 },
    ]),
    0,
  );
  const after = reading(
    report([
      inbound('v', { bytesReceived: 51_000, packetsReceived: 109, packetsLost: 1 }),
      inbound('a', { bytesReceived: 12_500, packetsReceived: 0, packetsLost: 0, audioLevel: 0.3 }),
    ]),
    1_000,
  );

  test('adds what the tracks of one person brought in a second', () => {
    expect(reception(before, after, ['v', 'a'])).toEqual({ kbps: 500, level: 0.3, lostShare: 0.01 });
  });

  test('is unknown for a track without a stream, and before there are two readings', () => {
    expect(reception(before, after, ['x'])).toBeNull();
    expect(reception(NO_READING, after, ['v'])).toBeNull();
    expect(reception(after, after, ['v'])).toBeNull();
  });

  test('takes a late packet back without a negative loss', () => {
    expect(reception(after, { ...before, atMs: 2_000 }, ['v'])?.lostShare).toBe(0);
  });
});

test.each([
  [null, 'none', false],
  [{ kbps: 0.2, level: 0, lostShare: 0 }, 'none', false],
  [{ kbps: 400, level: 0.001, lostShare: 0.01 }, 'good', false],
  [{ kbps: 400, level: 0.2, lostShare: 0.02 }, 'fair', true],
  [{ kbps: 400, level: 0.2, lostShare: 0.06 }, 'poor', true],
] as const)('%o is %s', (got, bars, speaking) => {
  expect(signal(got)).toBe(bars);
  expect(isSpeaking(got)).toBe(speaking);
});
