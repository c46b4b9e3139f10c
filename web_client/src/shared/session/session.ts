import { useStore } from 'zustand';
import { createStore } from 'zustand/vanilla';
import type { Schemas } from '@/shared/api/client';

export type Session = Schemas['SessionOut'];
export type Role = Session['person']['roles'][number];

export interface SessionState {
  /**
   * `loading`: not asked yet. `out`: nobody, the whole page is the sign-in form. `in`: somebody.
   * `expired`: somebody was; the page stays as it is under the form, and goes on for the same person.
   */
  readonly phase: 'loading' | 'out' | 'in' | 'expired';
  readonly session: Session | null;
  /** Why the form is shown, where that needs a word. */
  readonly reason: 'expired' | 'signedOut' | null;
}

export const sessionStore = createStore<SessionState>(() => ({
  phase: 'loading',
  session: null,
  reason: null,
}));

export function enterSession(session: Session): void {
  sessionStore.setState({ phase: 'in', session, reason: null });
}

/** The session ended. Only signing out on purpose takes the page away. */
export function leaveSession(reason: 'expired' | 'signedOut'): void {
  const { session } = sessionStore.getState();
  if (reason === 'expired' && session !== null) sessionStore.setState({ phase: 'expired', reason });
  else sessionStore.setState({ phase: 'out', session: null, reason: session === null ? null : reason });
}

export function useSession<T>(pick: (state: SessionState) => T): T {
  return useStore(sessionStore, pick);
}

/** The person in whose name the page acts. */
export function usePerson(): Session['person'] {
  const person = useSession((state) => state.session?.person);
  if (person === undefined) throw new Error('a page was drawn with nobody signed in');
  return person;
}
