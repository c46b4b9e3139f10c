export { CaseHead } from './components/CaseHead';
export { ImageStage } from './components/ImageStage';
export type { Caption } from './components/Overlay';
