import type { Route } from './api/useForwarding';

export const CONDITIONS = ['source_aes', 'modalities', 'stations', 'descriptions'] as const;
export type Condition = (typeof CONDITIONS)[number];

const LONGEST = 64;
const MOST = 32;

/** The patterns in what somebody typed, one a line: a pattern may hold any comma. */
export function patternsOf(typed: string): string[] {
  return typed
    .split('\n')
    .map((each) => each.trim())
    .filter((each) => each !== '');
}

/** What `patternsOf` takes apart again. */
export function typedOf(patterns: readonly string[] | undefined): string {
  return (patterns ?? []).join('\n');
}

/** What a route asks for, a condition a line; empty where everything goes. */
export function conditionsOf(
  route: Route,
  label: (condition: Condition | 'institutions') => string,
  placeOf: (institutionId: string) => string,
  comma: string,
): string[] {
  const lines = CONDITIONS.map((each) => [label(each), route[each] ?? []] as const);
  return [[label('institutions'), (route.institution_ids ?? []).map(placeOf)] as const, ...lines]
    .filter(([, patterns]) => patterns.length > 0)
    .map(([name, patterns]) => `${name}: ${patterns.join(comma)}`);
}

export interface Draft extends Readonly<Record<Condition, string>> {
  readonly destination_id: string;
}

/** The word for what is wrong with a draft, or null; the server has the last word. */
export function faultOf(draft: Draft): 'form.noDestination' | 'form.tooLong' | null {
  if (draft.destination_id === '') return 'form.noDestination';
  const lists = CONDITIONS.map((each) => patternsOf(draft[each]));
  const fits = lists.every((list) => list.length <= MOST && list.every((each) => each.length <= LONGEST));
  return fits ? null : 'form.tooLong';
}

/** Whether the server takes this as a UID: leading zeros too, which devices write despite PS3.5 9.1. */
export function isUid(text: string): boolean {
  return text.length <= 64 && /^[0-9]+(?:\.[0-9]+)*$/.test(text);
}
