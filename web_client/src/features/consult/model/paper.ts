import type { GainMmMv, LayoutName, SpeedMmS } from '@/ecgcore';
import type { SharedView } from './protocol';

/** How an ECG's paper is looked at; it travels in a view's `ecg`. */
export interface PaperView {
  /** null: the usual one of the lead set. */
  readonly layout: LayoutName | null;
  readonly speedMmS: SpeedMmS;
  readonly gainMmMv: GainMmMv;
  readonly fromS: number;
}

const LAYOUTS: readonly LayoutName[] = ['3x4', '6x2', '12x1', 'rows'];
const SPEEDS: readonly SpeedMmS[] = [25, 50];
const GAINS: readonly GainMmMv[] = [5, 10, 20];

/** The paper of a view; what it does not name, or names as nobody draws it, is the usual. */
export function paperOf(view: SharedView): PaperView {
  const { layout, speedMmS, gainMmMv, fromS } = view.ecg ?? {};
  return {
    layout: LAYOUTS.find((one) => one === layout) ?? null,
    speedMmS: SPEEDS.find((one) => one === speedMmS) ?? 25,
    gainMmMv: GAINS.find((one) => one === gainMmMv) ?? 10,
    fromS: typeof fromS === 'number' && fromS >= 0 ? fromS : 0,
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
