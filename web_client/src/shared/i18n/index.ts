import { en } from './en';
import { words } from './words';
import { zh } from './zh';

export { type Lang, type Say, saying, type Values, words } from './words';

export const shared = { zh, en } as const;
export type SharedKey = keyof typeof zh;

/** The words every page needs. */
export const useShared = words<SharedKey>('shared', shared);
