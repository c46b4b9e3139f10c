import { useEffect, useMemo, useState } from 'react';
import { useStore } from 'zustand';
import { sessionStore, usePerson } from '@/shared/session/session';
import { send } from '../api/send';
import { Facts } from './facts';
import { type Case, casesOf, pending } from './item';
import { Keep } from './keep';
import { Queue } from './queue';

/** Of whoever is signed in; it outlives the page, so that reports can be read while files go. */
const desks = new Map<string, Desk>();

interface Desk {
  readonly queue: Queue;
  readonly facts: Facts;
}

function deskOf(owner: string): Desk {
  const known = desks.get(owner);
  if (known !== undefined) return known;
  const keep = new Keep();
  const signedIn = (): boolean => {
    const { phase, session } = sessionStore.getState();
    return phase === 'in' && session?.person.id === owner;
  };
  const made = new Queue({ owner, keep, send, allowed: signedIn });
  const retry = (): void => made.retryNow();
  sessionStore.subscribe(retry);
  addEventListener('online', retry);
  addEventListener('beforeunload', (event) => {
    const { items, reading } = made.store.getState();
    if (reading || items.some(pending)) event.preventDefault();
  });
  const desk = { queue: made, facts: new Facts(owner, keep) };
  desks.set(owner, desk);
  void made.restore();
  void desk.facts.restore();
  return desk;
}

/** What this person has on the way: files, and what was written about them. */
export function useDesk(): Desk {
  return deskOf(usePerson().id);
}

export function useQueue(): { queue: Queue; cases: readonly Case[]; reading: boolean } {
  const { queue } = useDesk();
  const { items, reading } = useStore(queue.store);
  const cases = useMemo(() => casesOf(items), [items]);
  return { queue, cases, reading };
}

/** Bytes a second over the last few, for the time left. */
export function useSpeed(sent: number): number | null {
  const [samples, setSamples] = useState<readonly (readonly [number, number])[]>([]);
  useEffect(() => {
    const at = performance.now();
    setSamples((known) => [...known.filter(([time]) => at - time < 8_000), [at, sent] as const]);
  }, [sent]);
  const [first, last] = [samples[0], samples[samples.length - 1]];
  if (first === undefined || last === undefined || last[0] - first[0] < 1_000) return null;
  const speed = ((last[1] - first[1]) * 1000) / (last[0] - first[0]);
  return speed > 0 ? speed : null;
}
