import { useEffect, useRef } from 'react';
import { create } from 'zustand';
import type { LiveEvent } from './events';
import type { LiveState } from './live';

interface LiveStore {
  readonly state: LiveState;
  readonly retryNow: () => void;
}

/** How the page's one live connection stands. */
export const useLive = create<LiveStore>(() => ({ state: { kind: 'connecting' }, retryNow: () => {} }));

type Listener = (event: LiveEvent) => void;

const listeners = new Set<Listener>();

export function tellListeners(event: LiveEvent): void {
  for (const listener of listeners) listener(event);
}

/** Hears live events while the component is there. What was missed while unconnected is not told: queries are read anew. */
export function useLiveEvents(hear: Listener): void {
  const current = useRef(hear);
  useEffect(() => {
    current.current = hear;
  });
  useEffect(() => {
    const listener: Listener = (event) => current.current(event);
    listeners.add(listener);
    return () => {
      listeners.delete(listener);
    };
  }, []);
}
