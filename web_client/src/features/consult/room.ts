/** The heavier half, for the room's own chunk. */
export { ConsultRoom, type StageProps } from './components/ConsultRoom';
export { type PaperView, paperOf, USUAL_PAPER, viewOf } from './model/paper';
export { type Box, within } from './model/placing';
export type { SharedView } from './model/protocol';
export { pointing } from './model/stage';
