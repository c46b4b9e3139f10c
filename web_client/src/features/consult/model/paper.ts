import type { GainMmMv, LayoutName, SpeedMmS } from '@/ecgcore';
import type { SharedView } from './protocol';

/** How an ECG's paper is looked at; it travels in a view's `ecg`. */
export interface PaperView {
  /** null: the usual one of the lead set. */
  readonly layout: LayoutName | null;
  readonly speedMmS: SpeedMmS;
  readonly gainMmMv: GainMmMv;
  readonly fromS: number;
  /** How far it is scrolled, as shares of what there is to scroll: windows differ in size. */
  readonly scroll: { readonly left: number; readonly top: number };
}

export const USUAL_PAPER: PaperView = {
  layout: null,
  speedMmS: 25,
  gainMmMv: 10,
  fromS: 0,
  scroll: { left: 0, top: 0 },
};

const LAYOUTS: readonly LayoutName[] = ['3x4', '6x2', '12x1', 'rows'];
const SPEEDS: readonly SpeedMmS[] = [12.5, 25, 50];
const GAINS: readonly GainMmMv[] = [5, 10, 20];

/** The paper of a view; what it does not name, or names as nobody draws it, is the usual. */
export function paperOf(view: SharedView): PaperView {
  const { layout, speedMmS, gainMmMv, fromS, scroll } = view.ecg ?? {};
  const { left, top } = Object(scroll) as Readonly<Record<string, unknown>>;
  return {
    layout: LAYOUTS.find((one) => one === layout) ?? null,
    speedMmS: SPEEDS.find((one) => one === speedMmS) ?? 25,
    gainMmMv: GAINS.find((one) => one === gainMmMv) ?? 10,
    fromS: typeof fromS === 'number' && fromS >= 0 ? fromS : 0,
    scroll: { left: share(left), top: share(top) },
  };
}

export function viewOf(studyUid: string, paper: PaperView): SharedView {
  return {
    study_instance_uid: studyUid,
    series_instance_uid: null,
    instance_index: null,
    window: null,
    zoom: null,
    pan: null,
    ecg: { ...paper },
  };
}

function share(value: unknown): number {
  return typeof value === 'number' && value >= 0 && value <= 1 ? value : 0;
}
