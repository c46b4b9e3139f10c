import { between, middleOf, type Recording } from './recording';

export type LayoutName = '3x4' | '6x2' | '12x1' | 'rows';
export type SpeedMmS = 12.5 | 25 | 50;
export type GainMmMv = 5 | 10 | 20;

export interface PaperScale {
  readonly layout: LayoutName;
  readonly speedMmS: SpeedMmS;
  readonly gainMmMv: GainMmMv;
}

/** One lead between two seconds, on its place on the paper; y grows downwards, as on a canvas. */
export interface Strip {
  readonly lead: string;
  readonly index: number;
  /** The rhythm strip carries the beats' numbers. */
  readonly rhythm: boolean;
  readonly fromS: number;
  readonly toS: number;
  readonly leftMm: number;
  readonly topMm: number;
  readonly bottomMm: number;
  readonly baselineMm: number;
  /** The level drawn at the baseline, in millivolts. */
  readonly levelMv: number;
}

export interface Sheet extends PaperScale {
  readonly widthMm: number;
  readonly heightMm: number;
  readonly fromS: number;
  readonly toS: number;
  readonly strips: readonly Strip[];
  /** Baselines of the rows, each with a calibration pulse of 1 mV and 0.2 s. */
  readonly rowsMm: readonly number[];
}

/** Seconds that a page of paper shows at most: slow paper shows more of a rhythm. */
export function pageS(speedMmS: SpeedMmS): number {
  return speedMmS < 25 ? 20 : 10;
}
/** Left of the traces: the calibration pulse. */
export const MARGIN_MM = 13;
const RIGHT_MM = 2;
/**
 * Ten seconds at 25 mm/s. Faster paper is longer; paper that is not full stays as wide, and keeps room for the line
 * that says its speed.
 */
export const USUAL_WIDTH_MM = 265;
const TOP_MM = 2;
/** Beneath the last row: the line that says speed, gain and filters. */
const FOOT_MM = 8;
/** A row's least room above and below its baseline; the lead's name stands in the first. */
const LEAST_ABOVE_MM = 13;
const LEAST_BELOW_MM = 6;
/** Nor more: a lead that fell off must not push the others from the screen; it crosses its neighbours instead. */
const MOST_REACH_MM = 30;
/** Above the highest wave: the lead's name and its value, which no wave crosses. */
const CLEAR_ABOVE_MM = 5;
const CLEAR_BELOW_MM = 2;
/** Spikes this rare make no room for themselves. */
const RARE = 0.002;

const LIMB = ['I', 'II', 'III', 'aVR', 'aVL', 'aVF'] as const;
const CHEST = ['V1', 'V2', 'V3', 'V4', 'V5', 'V6'] as const;
const TWELVE = [...LIMB, ...CHEST];
const RHYTHM = ['II', 'V1', 'MLII', 'I'];

/** The layouts that a lead set has, the usual one first. */
export function layoutsFor(leads: readonly string[]): readonly LayoutName[] {
  return TWELVE.every((lead) => leads.includes(lead)) ? ['3x4', '6x2', '12x1'] : ['rows'];
}

/** Lays out up to a page of seconds from `fromS` on paper as wide and high as they need. */
export function layOut(recording: Recording, scale: PaperScale, fromS: number): Sheet {
  const spanS = Math.min(pageS(scale.speedMmS), recording.durationS - fromS);
  const toS = fromS + spanS;
  const rows = rowsOf(recording.leads, scale.layout);
  const room = (mv: number): number => Math.min(MOST_REACH_MM, mv * scale.gainMmMv);
  const strips: Strip[] = [];
  const rowsMm: number[] = [];
  let topMm = TOP_MM;
  for (const { leads, rhythm } of rows) {
    const cellS = spanS / leads.length;
    const cells = leads.map((lead, column) => {
      const index = recording.leads.indexOf(lead);
      const from = fromS + column * cellS;
      const trace = between(recording, index, from, from + cellS);
      return { lead, index, from, column, trace, levelMv: middleOf(trace) };
    });
    const reach = cells.map(({ trace, levelMv }) => reachOf(trace, levelMv));
    const above = Math.max(LEAST_ABOVE_MM, ...reach.map(([up]) => room(up) + CLEAR_ABOVE_MM));
    const below = Math.max(LEAST_BELOW_MM, ...reach.map(([, down]) => room(down) + CLEAR_BELOW_MM));
    const baselineMm = topMm + above;
    for (const { lead, index, from, column, levelMv } of cells) {
      strips.push({
        lead,
        index,
        rhythm,
        fromS: from,
        toS: from + cellS,
        leftMm: MARGIN_MM + column * cellS * scale.speedMmS,
        topMm,
        bottomMm: baselineMm + below,
        baselineMm,
        levelMv,
      });
    }
    rowsMm.push(baselineMm);
    topMm = baselineMm + below;
  }
  return {
    ...scale,
    widthMm: Math.max(USUAL_WIDTH_MM, Math.ceil(MARGIN_MM + spanS * scale.speedMmS + RIGHT_MM)),
    heightMm: Math.ceil(topMm + FOOT_MM),
    fromS,
    toS,
    strips,
    rowsMm,
  };
}

interface Row {
  readonly leads: readonly string[];
  readonly rhythm: boolean;
}

function rowsOf(leads: readonly string[], layout: LayoutName): readonly Row[] {
  const row = (...names: string[]): Row => ({ leads: names, rhythm: false });
  switch (layout) {
    case '3x4': {
      const rhythm = RHYTHM.find((lead) => leads.includes(lead)) ?? 'II';
      const columns = [LIMB.slice(0, 3), LIMB.slice(3), CHEST.slice(0, 3), CHEST.slice(3)];
      const three = [0, 1, 2].map((k) => row(...columns.flatMap((column) => column.slice(k, k + 1))));
      return [...three, { leads: [rhythm], rhythm: true }];
    }
    case '6x2':
      return LIMB.map((lead, k) => row(lead, ...CHEST.slice(k, k + 1)));
    case '12x1':
      return numbered(TWELVE.map((lead) => row(lead)));
    case 'rows':
      return numbered(leads.map((lead) => row(lead)));
  }
}

/** Without a rhythm strip, the beats' numbers stand under the last row. */
function numbered(rows: readonly Row[]): readonly Row[] {
  return rows.map((each, k) => (k === rows.length - 1 ? { ...each, rhythm: true } : each));
}

/** How far a trace reaches above and below its level, in millivolts, rare spikes left out. */
function reachOf(trace: Float32Array, levelMv: number): readonly [number, number] {
  const sorted = trace.filter((value) => !Number.isNaN(value)).sort();
  if (sorted.length === 0) return [0, 0];
  const rare = Math.floor(RARE * sorted.length);
  const low = sorted[rare] ?? levelMv;
  const high = sorted[sorted.length - 1 - rare] ?? levelMv;
  return [Math.max(0, high - levelMv), Math.max(0, levelMv - low)];
}

export interface Point {
  readonly xMm: number;
  readonly yMm: number;
}

/** The strip under a point of the paper, or null between them. */
export function stripAt(sheet: Sheet, { xMm, yMm }: Point): Strip | null {
  return (
    sheet.strips.find(
      (strip) =>
        yMm >= strip.topMm &&
        yMm < strip.bottomMm &&
        xMm >= strip.leftMm &&
        xMm < strip.leftMm + (strip.toS - strip.fromS) * sheet.speedMmS,
    ) ?? null
  );
}

/** The second of the recording at a place of a strip. */
export function secondAt(sheet: Sheet, strip: Strip, xMm: number): number {
  return strip.fromS + (xMm - strip.leftMm) / sheet.speedMmS;
}

/** Where a second of the recording stands in a strip. */
export function xOf(sheet: Sheet, strip: Strip, second: number): number {
  return strip.leftMm + (second - strip.fromS) * sheet.speedMmS;
}
