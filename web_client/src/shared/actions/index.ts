export { type Action, useActions, useHeldKeys } from './registry';
