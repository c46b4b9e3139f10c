import type { Window } from './types';

export type PresetName =
  | 'original'
  | 'brain'
  | 'stroke'
  | 'subdural'
  | 'bone'
  | 'lung'
  | 'mediastinum'
  | 'abdomen'
  | 'liver';

export interface Preset {
  readonly key: string;
  readonly name: PresetName;
  /** null: the window the image itself names. */
  readonly window: Window | null;
}

const ORIGINAL: Preset = { key: '1', name: 'original', window: null };

// Customary CT windows in HU.
const CT: readonly Preset[] = [
  ORIGINAL,
  { key: '2', name: 'brain', window: { center: 40, width: 80 } },
  { key: '3', name: 'stroke', window: { center: 35, width: 40 } },
  { key: '4', name: 'subdural', window: { center: 75, width: 215 } },
  { key: '5', name: 'bone', window: { center: 500, width: 2000 } },
  { key: '6', name: 'lung', window: { center: -600, width: 1500 } },
  { key: '7', name: 'mediastinum', window: { center: 40, width: 400 } },
  { key: '8', name: 'abdomen', window: { center: 50, width: 350 } },
  { key: '9', name: 'liver', window: { center: 60, width: 160 } },
];

/** The windows of the keys 1 to 9. Only CT has units that make a fixed window mean the same everywhere. */
export function presetsFor(modality: string): readonly Preset[] {
  return modality === 'CT' ? CT : [ORIGINAL];
}
