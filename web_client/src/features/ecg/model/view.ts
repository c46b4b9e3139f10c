import { type GainMmMv, type LayoutName, layoutsFor, pageS, type SpeedMmS } from '@/ecgcore';

/** How the paper is looked at; two browsers with the same view show the same paper. */
export interface EcgView {
  /** null: the usual one of the lead set. */
  readonly layout: LayoutName | null;
  readonly speedMmS: SpeedMmS;
  readonly gainMmMv: GainMmMv;
  /** First second on the page. */
  readonly fromS: number;
}

/** What the pointer does on the paper. */
export type Tool = 'none' | 'caliper' | 'qt';

export const USUAL_VIEW: EcgView = { layout: null, speedMmS: 25, gainMmMv: 10, fromS: 0 };
export const SPEEDS: readonly SpeedMmS[] = [12.5, 25, 50];
export const GAINS: readonly GainMmMv[] = [5, 10, 20];
/** The server gives a minute at a time. */
const MINUTE_S = 60;

export function layoutOf(view: EcgView, leads: readonly string[]): LayoutName {
  const [usual = 'rows', ...others] = layoutsFor(leads);
  return view.layout !== null && others.includes(view.layout) ? view.layout : usual;
}

/** The next of a list, the first after the last. */
export function following<T>(all: readonly T[], current: T): T {
  return all[(all.indexOf(current) + 1) % all.length] ?? current;
}

/** Where the minute begins that holds the page. */
export function minuteOf(view: EcgView): number {
  return Math.floor(view.fromS / MINUTE_S) * MINUTE_S;
}

/** Earlier or later by a page; null where the recording has none. */
export function turned(view: EcgView, pages: -1 | 1, durationS: number): EcgView | null {
  const fromS = view.fromS + pages * pageS(view.speedMmS);
  return fromS < 0 || fromS >= durationS ? null : { ...view, fromS };
}

/** The page that shows a second. */
export function showing(view: EcgView, second: number): EcgView {
  const page = pageS(view.speedMmS);
  const inside = second >= view.fromS && second < view.fromS + page;
  return inside ? view : { ...view, fromS: Math.floor(second / page) * page };
}

/** At another speed, on the page of that speed that shows what was shown first. */
export function atSpeed(view: EcgView, speedMmS: SpeedMmS): EcgView {
  const page = pageS(speedMmS);
  return { ...view, speedMmS, fromS: Math.floor(view.fromS / page) * page };
}
