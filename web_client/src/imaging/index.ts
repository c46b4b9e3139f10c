import { attachGestures, type Tool } from './gestures';
import { StudySource } from './source';
import { Stage } from './stage';
import { StudyViewer } from './viewer';

export { CACHE_LIMIT_BYTES, onCpu } from './engine';
export type { Preset, PresetName } from './presets';
export { presetsFor } from './presets';
export type {
  Box,
  Edges,
  NoImages,
  Series,
  SeriesSummary,
  Slice,
  SliceFault,
  SliceStatus,
  View,
  ViewSync,
  Window,
} from './types';
export type { ViewerState } from './viewer';
export { attachGestures, StudySource, StudyViewer, type Tool };

/** Put a study into an element. `onSignedOut` hears that the server no longer knows who is asking. */
export function viewStudy(
  element: HTMLDivElement,
  source: StudySource,
  onSignedOut: () => void = () => {},
): StudyViewer {
  return new StudyViewer(new Stage(element, onSignedOut), source);
}
