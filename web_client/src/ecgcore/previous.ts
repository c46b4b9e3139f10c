import { type Sheet, type Strip, xOf } from './layout';
import { between, type Recording } from './recording';

/** Another recording's median beat, to be laid over each beat of this one. */
export interface MedianBeat {
  readonly fsHz: number;
  /** Its sample that stands at an R wave. */
  readonly r: number;
  readonly tracesMv: Readonly<Record<string, readonly number[]>>;
}

const BEFORE_S = 0.3;
const AFTER_S = 0.5;
/** Where the level before QRS is taken from, before the R wave. */
const LEVEL_S = 0.07;

export interface Dot {
  readonly xMm: number;
  readonly yMm: number;
}

/** The lines of a median beat over a strip: one a beat, at its R wave and its own level. */
export function laidOver(
  sheet: Sheet,
  strip: Strip,
  recording: Recording,
  beatsS: readonly number[],
  median: MedianBeat,
): readonly (readonly Dot[])[] {
  const trace = median.tracesMv[strip.lead];
  if (trace === undefined) return [];
  return beatsS.flatMap((rS, k) => {
    const until = Math.min(rS + AFTER_S, (beatsS[k + 1] ?? Number.POSITIVE_INFINITY) - BEFORE_S, strip.toS);
    const since = Math.max(rS - BEFORE_S, strip.fromS);
    if (since >= until) return [];
    const levelS = rS - LEVEL_S;
    const [here = Number.NaN] = between(recording, strip.index, levelS, levelS + 2 / recording.fsHz);
    const there = trace[Math.round(median.r - LEVEL_S * median.fsHz)] ?? 0;
    const shiftMv = Number.isNaN(here) ? 0 : here - there - strip.levelMv;
    const line: Dot[] = [];
    for (let index = 0; index < trace.length; index++) {
      const second = rS + (index - median.r) / median.fsHz;
      if (second < since || second > until) continue;
      const mv = (trace[index] ?? 0) + shiftMv;
      line.push({ xMm: xOf(sheet, strip, second), yMm: strip.baselineMm - mv * sheet.gainMmMv });
    }
    return line.length < 2 ? [] : [line];
  });
}
