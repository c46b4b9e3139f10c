/** The heavier half, for the room's own chunk. */
export { ConsultRoom, type StageProps } from './components/ConsultRoom';
export { type PaperView, paperOf, viewOf } from './model/paper';
export { type Box, placeOf, shareOf, within } from './model/placing';
export type { SharedView } from './model/protocol';
export type { SharedStage } from './model/stage';
