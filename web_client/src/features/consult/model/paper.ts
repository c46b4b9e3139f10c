import type { SharedView } from './protocol';

export const LAYOUTS = ['3x4', '6x2', '12x1'] as const;
export const SPEEDS_MM_S = [25, 50] as const;
export const GAINS_MM_MV = [5, 10, 20] as const;

/** How an ECG's paper is drawn; it travels in a view's `ecg`. */
export interface Paper {
  readonly layout: (typeof LAYOUTS)[number];
  readonly speed: (typeof SPEEDS_MM_S)[number];
  readonly gain: (typeof GAINS_MM_MV)[number];
}

export const USUAL_PAPER: Paper = { layout: '3x4', speed: 25, gain: 10 };

/** The paper of a view; what it does not name, or names as nobody draws it, is the usual. */
export function paperOf(view: SharedView): Paper {
  const { layout, speed, gain } = view.ecg ?? {};
  return {
    layout: LAYOUTS.find((one) => one === layout) ?? USUAL_PAPER.layout,
    speed: SPEEDS_MM_S.find((one) => one === speed) ?? USUAL_PAPER.speed,
    gain: GAINS_MM_MV.find((one) => one === gain) ?? USUAL_PAPER.gain,
  };
}

export function viewOf(studyUid: string, paper: Paper): SharedView {
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

export function paperUrl(ecgId: string, { layout, speed, gain }: Paper): string {
  const query = new URLSearchParams({ layout, speed: String(speed), gain: String(gain) });
  return `/api/ecgs/${encodeURIComponent(ecgId)}/paper.svg?${query}`;
}
