import { type Sheet, type Strip, xOf } from './layout';

/** The parts of a beat that evidence and calipers need, in seconds of the recording. */
export interface BeatTimes {
  readonly rS: number;
  readonly qrsOnS: number | null;
  readonly qrsOffS: number | null;
  readonly tEndS: number | null;
}

/** One lead's part in a finding. */
export interface LeadMark {
  readonly lead: string;
  readonly kind: 'elevation' | 'reciprocal' | 'other';
  /** Said beside the lead's name, such as `+0.28 mV`. */
  readonly text: string;
}

/** A piece of paper that proves a finding. */
export interface Band {
  readonly kind: LeadMark['kind'];
  readonly leftMm: number;
  readonly widthMm: number;
  readonly topMm: number;
  readonly heightMm: number;
}

/** What is laid over the traces for one finding. */
export interface Marks {
  /** null: the finding concerns all leads. */
  readonly leads: readonly LeadMark[] | null;
  /** Positions in the list of beats; none where the finding concerns the leads as a whole. */
  readonly beats: readonly number[];
}

/** Where ST is taken to end if no T wave was measured. */
const ST_S = 0.2;
/** Around R, for findings that concern a whole beat. */
const BEFORE_R_S = 0.12;
const AFTER_R_S = 0.36;
const INSET_MM = 3.5;

/** The bands of a finding: from J to the end of T in leads that were measured, else the whole beat. */
export function bandsOf(sheet: Sheet, beats: readonly BeatTimes[], marks: Marks): readonly Band[] {
  return sheet.strips.flatMap((strip) => {
    const mark = marks.leads?.find(({ lead }) => lead === strip.lead);
    if (marks.leads !== null && mark === undefined) return [];
    if (marks.beats.length === 0) return mark === undefined ? [] : [wholeOf(sheet, strip, mark.kind)];
    return marks.beats.flatMap((position) => {
      const beat = beats[position];
      return beat === undefined ? [] : bandOf(sheet, strip, beat, mark?.kind ?? 'other');
    });
  });
}

function bandOf(sheet: Sheet, strip: Strip, beat: BeatTimes, kind: Band['kind']): readonly Band[] {
  const st = kind !== 'other' && beat.qrsOffS !== null;
  const begin = st ? (beat.qrsOffS ?? beat.rS) : beat.rS - BEFORE_R_S;
  const end = st ? (beat.tEndS ?? begin + ST_S) : beat.rS + AFTER_R_S;
  const from = Math.max(strip.fromS, begin);
  const to = Math.min(strip.toS, end);
  if (to <= from) return [];
  return [pieceOf(sheet, strip, kind, from, to)];
}

const wholeOf = (sheet: Sheet, strip: Strip, kind: Band['kind']): Band =>
  pieceOf(sheet, strip, kind, strip.fromS, strip.toS);

function pieceOf(sheet: Sheet, strip: Strip, kind: Band['kind'], from: number, to: number): Band {
  return {
    kind,
    leftMm: xOf(sheet, strip, from),
    widthMm: (to - from) * sheet.speedMmS,
    topMm: strip.topMm + INSET_MM,
    heightMm: strip.bottomMm - strip.topMm - INSET_MM - 1,
  };
}
