/** The heavier half, for the room's own chunk. */
export type { Consult } from './api/consults';
export { ConsultRoom, type StageProps } from './components/ConsultRoom';
export { EcgStage } from './components/EcgStage';
export { placeOf, shareOf } from './model/placing';
export type { SharedView } from './model/protocol';
export type { Point, SharedStage } from './model/stage';
