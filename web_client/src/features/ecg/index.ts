export { EcgPaper } from './components/EcgPaper';
export { EcgWorkspace } from './components/EcgWorkspace';
export { type EcgView, USUAL_VIEW } from './model/view';
