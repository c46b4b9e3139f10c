/** Where this browser stands towards the room. Media has its own state: the shared view works without it. */
export const PHASES = [
  'lobby',
  'preparing',
  'connecting',
  'joined',
  'waiting',
  'left',
  'signed-out',
  'replaced',
  'closed',
  'refused',
] as const;
export type Phase = (typeof PHASES)[number];

export const PHASE_EVENTS = [
  'join',
  'ready',
  'welcomed',
  'dropped',
  'retry',
  'leave',
  'signed-out',
  'replaced',
  'closed',
  'refused',
] as const;
export type PhaseEvent = (typeof PHASE_EVENTS)[number];

/** What each event makes of each phase; an event that is not listed changes nothing. */
export const TRANSITIONS: Readonly<Record<Phase, Readonly<Partial<Record<PhaseEvent, Phase>>>>> = {
  lobby: { join: 'preparing', closed: 'closed' },
  preparing: { ready: 'connecting', leave: 'left', closed: 'closed' },
  connecting: {
    welcomed: 'joined',
    dropped: 'waiting',
    leave: 'left',
    'signed-out': 'signed-out',
    replaced: 'replaced',
    closed: 'closed',
    refused: 'refused',
  },
  joined: {
    dropped: 'waiting',
    leave: 'left',
    'signed-out': 'signed-out',
    replaced: 'replaced',
    closed: 'closed',
  },
  waiting: { retry: 'connecting', leave: 'left', closed: 'closed' },
  left: { join: 'preparing', closed: 'closed' },
  // Signed in again, the same page goes on with the devices it already holds.
  'signed-out': { retry: 'connecting', leave: 'left', closed: 'closed' },
  // The same person came in elsewhere. Coming back by itself, each would throw the other out for ever.
  replaced: { join: 'preparing', closed: 'closed' },
  closed: {},
  refused: {},
};

export function next(phase: Phase, event: PhaseEvent): Phase {
  return TRANSITIONS[phase][event] ?? phase;
}
