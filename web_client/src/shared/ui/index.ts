export { Button, type ButtonProps } from './Button';
export { Countdown } from './Countdown';
export { Dialog } from './Dialog';
export { Keys } from './Keys';
export { EmptyState, ErrorLine, ErrorNotice, Loading, Notice } from './Notice';
export { Missing, PatientLine, PatientName } from './Patient';
export { Logo, Shape, type ShapeName } from './Shape';
export { MachineBox, Source } from './Source';
export { Tier, type TierName } from './Tier';
