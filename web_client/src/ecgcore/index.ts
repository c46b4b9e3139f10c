export { type Band, type BeatTimes, bandsOf, type LeadMark, type Marks } from './bands';
export { type Caliper, draw, type Overlay } from './draw';
export { type DisplayFilter, FILTERS, filtered } from './filter';
export {
  type GainMmMv,
  type LayoutName,
  layOut,
  layoutsFor,
  type PaperScale,
  type Point,
  pageS,
  type Sheet,
  type SpeedMmS,
  stripAt,
  USUAL_WIDTH_MM,
  xOf,
} from './layout';
export { type Measured, measured } from './measure';
export { PALETTES, type PaperName } from './palette';
export type { MedianBeat } from './previous';
export { anyQt, dragged, edgeAt, type QtEdge, type QtInterval, qtAt, qtValues } from './qt';
export { type PackedWaveform, type Recording, unpack } from './recording';
