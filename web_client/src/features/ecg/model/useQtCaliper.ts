import { useEffect, useRef, useState } from 'react';
import {
  type BeatTimes,
  type Caliper,
  dragged,
  edgeAt,
  type Point,
  type QtEdge,
  type QtInterval,
  qtAt,
  qtValues,
  type Sheet,
  xOf,
} from '@/ecgcore';
import type { Say } from '@/shared/i18n';
import type { zh } from '../i18n/zh';

type Words = Say<keyof typeof zh>;

interface Shown {
  readonly interval: QtInterval;
  /** A click holds it: the pointer may leave the beat. */
  readonly held: boolean;
  /** Somebody moved an edge: it is no longer the machine's measurement. */
  readonly byHand: boolean;
}

export interface QtCaliper {
  /** null: nothing is shown. */
  readonly caliper: Caliper | null;
  /** Whether the pointer may take hold of an edge where it is. */
  readonly grabs: boolean;
  readonly begin: (point: Point) => void;
  readonly move: (point: Point) => void;
  readonly end: () => void;
  readonly leave: () => void;
  readonly clear: () => void;
}

/** Lines of the caliper stop short of the next row. */
const FOOT_MM = 1.5;

/** A caliper that snaps to the measured QT of the beat under the pointer; a click holds it, its edges are dragged. */
export function useQtCaliper(sheet: Sheet, beats: readonly BeatTimes[], on: boolean, t: Words): QtCaliper {
  const [shown, setShown] = useState<Shown | null>(null);
  const [grabs, setGrabs] = useState(false);
  // Where it was taken hold of is not quite on the line, which must not jump there.
  const dragging = useRef<{ edge: QtEdge; offsetMm: number } | null>(null);
  const clear = (): void => {
    dragging.current = null;
    setShown(null);
    setGrabs(false);
  };
  // biome-ignore lint/correctness/useExhaustiveDependencies: on another paper the old interval has no place
  useEffect(clear, [sheet, beats, on]);

  const begin = (point: Point): void => {
    if (!on) return;
    const edge = shown === null ? null : edgeAt(sheet, shown.interval, point);
    if (shown !== null && edge !== null) {
      const { strip } = shown.interval;
      dragging.current = { edge, offsetMm: xOf(sheet, strip, shown.interval[edge]) - point.xMm };
      return;
    }
    const interval = qtAt(sheet, beats, point);
    setShown(interval === null ? null : { interval, held: true, byHand: false });
  };
  const move = (point: Point): void => {
    if (!on) return;
    if (dragging.current !== null && shown !== null) {
      const { edge, offsetMm } = dragging.current;
      const interval = dragged(sheet, shown.interval, edge, point.xMm + offsetMm);
      setShown({ interval, held: true, byHand: true });
      return;
    }
    setGrabs(shown?.held === true && edgeAt(sheet, shown.interval, point) !== null);
    if (shown?.held) return;
    const interval = qtAt(sheet, beats, point);
    setShown(interval === null ? null : { interval, held: false, byHand: false });
  };
  const end = (): void => {
    dragging.current = null;
  };
  const leave = (): void => {
    if (shown !== null && !shown.held) clear();
  };
  return { caliper: on ? caliperOf(sheet, shown, t) : null, grabs, begin, move, end, leave, clear };
}

function caliperOf(sheet: Sheet, shown: Shown | null, t: Words): Caliper | null {
  if (shown === null) return null;
  const { strip, qrsOnS, tEndS } = shown.interval;
  const yMm = strip.bottomMm - FOOT_MM;
  return {
    from: { xMm: xOf(sheet, strip, qrsOnS), yMm },
    to: { xMm: xOf(sheet, strip, tEndS), yMm },
    text: textOf(shown, t),
    reachMm: [strip.topMm, strip.bottomMm],
  };
}

function textOf({ interval, byHand }: Shown, t: Words): string {
  const { qtMs, rrMs, bazettMs, fridericiaMs } = qtValues(interval);
  const said = { by: t(byHand ? 'qt.byHand' : 'qt.byMachine'), qt: Math.round(qtMs) };
  if (rrMs === null || bazettMs === null || fridericiaMs === null) return t('qt.textAlone', said);
  return t('qt.text', {
    ...said,
    rr: Math.round(rrMs),
    fridericia: Math.round(fridericiaMs),
    bazett: Math.round(bazettMs),
  });
}
