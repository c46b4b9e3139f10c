import { useEffect, useId, useRef } from 'react';
import { create } from 'zustand';
import { comboOf, type Press } from './keys';

/** Something a person can do here: it feeds the shortcuts, the `?` sheet and the Ctrl-K palette. */
export interface Action {
  /** What it does, in the language on screen. */
  readonly name: string;
  /** The place it belongs to, a heading of the sheet. */
  readonly group: string;
  /** As `comboOf` names them; the first is the one shown. */
  readonly keys?: readonly string[];
  readonly perform: () => void;
  /** Says in words what is missing, where it cannot be done now. */
  readonly blocked?: string | null;
  /** One of the few keys that the status bar names. */
  readonly hint?: boolean;
  /** In the sheet, but not in the palette: moving a cursor is not chosen from a list. */
  readonly keyOnly?: boolean;
  /** Keeps its key from whatever is offered inside the page later: a room's keys stay the room's. */
  readonly first?: boolean;
}

interface Registered extends Action {
  readonly id: string;
}

interface Registry {
  readonly actions: readonly Registered[];
  /** While something modal is open, the keys of the page beneath rest. */
  readonly held: number;
}

export const useRegistry = create<Registry>(() => ({ actions: [], held: 0 }));

/** Offers actions while the component is there; the newest of one key wins. */
export function useActions(actions: readonly Action[]): void {
  const owner = useId();
  const current = useRef(actions);
  useEffect(() => {
    current.current = actions;
  });
  // What is listed depends on the words and keys; what is performed is always the newest closure.
  const shape = JSON.stringify(actions.map(({ perform: _, ...rest }) => rest));
  useEffect(() => {
    const offered = (JSON.parse(shape) as Omit<Action, 'perform'>[]).map((action, index) => ({
      ...action,
      id: `${owner}-${index}`,
      perform: () => current.current[index]?.perform(),
    }));
    useRegistry.setState(({ actions: known }) => ({ actions: [...known, ...offered] }));
    return () => {
      useRegistry.setState(({ actions: known }) => ({
        actions: known.filter((action) => !action.id.startsWith(`${owner}-`)),
      }));
    };
  }, [owner, shape]);
}

/** The keys of the page rest while this holds (a dialog, the sign-in form over the page). */
export function useHeldKeys(hold: boolean): void {
  useEffect(() => {
    if (!hold) return;
    useRegistry.setState(({ held }) => ({ held: held + 1 }));
    return () => useRegistry.setState(({ held }) => ({ held: held - 1 }));
  }, [hold]);
}

/** Performs what a key stands for; true when it was one of ours. */
export function performKey(press: Press): boolean {
  const { actions, held } = useRegistry.getState();
  if (held > 0) return false;
  const combo = comboOf(press);
  if (combo === null) return false;
  const offered = actions.filter((each) => each.keys?.includes(combo) === true && !each.blocked);
  const first = offered.filter((each) => each.first === true);
  const action = (first.length > 0 ? first : offered).at(-1);
  if (action === undefined) return false;
  action.perform();
  return true;
}
