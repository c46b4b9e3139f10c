import type { BeatTimes } from './bands';
import { type Point, type Sheet, type Strip, secondAt, stripAt, xOf } from './layout';

/** One beat's QT interval in one strip, in seconds of the recording. */
export interface QtInterval {
  readonly strip: Strip;
  readonly qrsOnS: number;
  readonly tEndS: number;
  /** The cycle that went before, by which QT is corrected; null for the first beat. */
  readonly rrS: number | null;
}

export type QtEdge = 'qrsOnS' | 'tEndS';

export interface QtValues {
  readonly qtMs: number;
  readonly rrMs: number | null;
  readonly bazettMs: number | null;
  readonly fridericiaMs: number | null;
}

/** So near, a pointer takes hold of an edge. */
const GRAB_MM = 1.5;
const LEAST_QT_S = 0.05;

/** Whether QRS begin and T end were both measured. */
const hasQt = (beat: BeatTimes): beat is BeatTimes & Record<QtEdge, number> =>
  beat.qrsOnS !== null && beat.tEndS !== null && beat.tEndS > beat.qrsOnS;

/** Whether any beat can be snapped to. */
export function anyQt(beats: readonly BeatTimes[]): boolean {
  return beats.some(hasQt);
}

/** The measured QT of the beat under a point, or of the nearest one whole in its strip; null where there is none. */
export function qtAt(sheet: Sheet, beats: readonly BeatTimes[], point: Point): QtInterval | null {
  const strip = stripAt(sheet, point);
  if (strip === null) return null;
  const second = secondAt(sheet, strip, point.xMm);
  let found: QtInterval | null = null;
  let nearest = Number.POSITIVE_INFINITY;
  beats.forEach((beat, position) => {
    if (!hasQt(beat) || beat.qrsOnS < strip.fromS || beat.tEndS > strip.toS) return;
    const away = Math.max(beat.qrsOnS - second, second - beat.tEndS, 0);
    if (away >= nearest) return;
    const before = beats[position - 1];
    nearest = away;
    found = {
      strip,
      qrsOnS: beat.qrsOnS,
      tEndS: beat.tEndS,
      rrS: before === undefined ? null : beat.rS - before.rS,
    };
  });
  return found;
}

/** The edge that a pointer there takes hold of. */
export function edgeAt(sheet: Sheet, interval: QtInterval, { xMm, yMm }: Point): QtEdge | null {
  const { strip } = interval;
  if (yMm < strip.topMm || yMm >= strip.bottomMm) return null;
  const away = (edge: QtEdge): number => Math.abs(xOf(sheet, strip, interval[edge]) - xMm);
  const edge = away('qrsOnS') < away('tEndS') ? 'qrsOnS' : 'tEndS';
  return away(edge) <= GRAB_MM ? edge : null;
}

/** The interval with one edge drawn to a place, as far as its strip and its other edge let it. */
export function dragged(sheet: Sheet, interval: QtInterval, edge: QtEdge, xMm: number): QtInterval {
  const { strip, qrsOnS, tEndS } = interval;
  const second = secondAt(sheet, strip, xMm);
  return edge === 'qrsOnS'
    ? { ...interval, qrsOnS: Math.max(strip.fromS, Math.min(second, tEndS - LEAST_QT_S)) }
    : { ...interval, tEndS: Math.min(strip.toS, Math.max(second, qrsOnS + LEAST_QT_S)) };
}

/**
 * QT and QT corrected for the cycle before: Bazett, Heart 1920;7:353 (QT/√RR); Fridericia, Acta Med Scand
 * 1920;53:469 (QT/∛RR), RR in seconds.
 */
export function qtValues({ qrsOnS, tEndS, rrS }: QtInterval): QtValues {
  const qtMs = (tEndS - qrsOnS) * 1000;
  if (rrS === null || rrS <= 0) return { qtMs, rrMs: null, bazettMs: null, fridericiaMs: null };
  return {
    qtMs,
    rrMs: rrS * 1000,
    bazettMs: qtMs / Math.sqrt(rrS),
    fridericiaMs: qtMs / Math.cbrt(rrS),
  };
}
