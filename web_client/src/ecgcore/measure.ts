import type { Point, Sheet } from './layout';

/** What a caliper between two points of the paper measures. */
export interface Measured {
  readonly ms: number;
  readonly mv: number;
  /** The rate whose beats are so far apart; null below the shortest cycle anybody counts. */
  readonly bpm: number | null;
}

const SHORTEST_CYCLE_MS = 150;

/** Time and voltage between two points, first to second; up is positive. */
export function measured(sheet: Pick<Sheet, 'speedMmS' | 'gainMmMv'>, from: Point, to: Point): Measured {
  const ms = (Math.abs(to.xMm - from.xMm) / sheet.speedMmS) * 1000;
  return {
    ms,
    mv: (from.yMm - to.yMm) / sheet.gainMmMv,
    bpm: ms < SHORTEST_CYCLE_MS ? null : 60_000 / ms,
  };
}
