import type { Head } from './head';

export type ItemState = 'waiting' | 'sending' | 'paused' | 'stored' | 'duplicate' | 'refused' | 'skipped';

/** One file on its way. */
export interface Item {
  readonly id: string;
  /** Whose it is: another person at this computer neither sees nor sends it. */
  readonly owner: string;
  readonly name: string;
  readonly size: number;
  readonly head: Head | null;
  /** The study that the server made of it, which the head of an ECG in its maker's format does not name. */
  readonly studyUid?: string;
  readonly state: ItemState;
  readonly sent: number;
  /** Where its upload stands on the server, to go on from there. */
  readonly uploadUrl: string | null;
  /** How intake answered, or why it pauses. */
  readonly code: string | null;
  readonly addedAt: number;
  readonly finishedAt: number | null;
  /** Whether the browser keeps its bytes over a restart. */
  readonly kept: boolean;
}

export const PENDING: readonly ItemState[] = ['waiting', 'sending', 'paused'];

export const pending = (item: Item): boolean => PENDING.includes(item.state);

/** The files of one study, as one line on screen. */
export interface Case {
  readonly key: string;
  readonly studyUid: string;
  readonly head: Head | null;
  readonly items: readonly Item[];
  readonly files: number;
  readonly done: number;
  readonly size: number;
  readonly sent: number;
  readonly state: 'waiting' | 'sending' | 'paused' | 'stored' | 'duplicate' | 'some' | 'refused' | 'skipped';
  readonly finishedAt: number | null;
}

const NO_STUDY = '';

/** Files by study, in the order in which their first one came; what belongs to none stands by itself. */
export function casesOf(items: readonly Item[]): Case[] {
  const groups = new Map<string, Item[]>();
  for (const item of items) {
    const uid = uidOf(item);
    const key = item.state === 'skipped' ? 'skipped' : uid === NO_STUDY ? `file:${item.id}` : uid;
    const group = groups.get(key);
    if (group === undefined) groups.set(key, [item]);
    else group.push(item);
  }
  return [...groups].map(([key, group]) => caseOf(key, group));
}

const uidOf = ({ studyUid, head }: Item): string => studyUid ?? head?.studyUid ?? NO_STUDY;

function caseOf(key: string, items: readonly Item[]): Case {
  const sum = (pick: (item: Item) => number): number => items.reduce((total, item) => total + pick(item), 0);
  const head = items.find((item) => item.head !== null)?.head ?? null;
  const times = items.map((item) => item.finishedAt ?? 0);
  return {
    key,
    studyUid: items.map(uidOf).find((uid) => uid !== NO_STUDY) ?? NO_STUDY,
    head,
    items,
    files: items.length,
    done: items.filter((item) => !pending(item)).length,
    size: sum((item) => item.size),
    sent: sum((item) => (pending(item) ? item.sent : item.size)),
    state: stateOf(items),
    finishedAt: items.some(pending) ? null : Math.max(...times),
  };
}

function stateOf(items: readonly Item[]): Case['state'] {
  const has = (state: ItemState): boolean => items.some((item) => item.state === state);
  const all = (state: ItemState): boolean => items.every((item) => item.state === state);
  if (has('sending')) return 'sending';
  if (has('paused')) return 'paused';
  if (has('waiting')) return items.some((item) => !pending(item)) ? 'sending' : 'waiting';
  if (all('skipped')) return 'skipped';
  if (all('refused')) return 'refused';
  if (has('refused')) return 'some';
  return all('duplicate') ? 'duplicate' : 'stored';
}

/** Whether somebody at the township has to do something about it. */
export const needsAttention = ({ state }: Case): boolean =>
  state === 'some' || state === 'refused' || state === 'skipped';
