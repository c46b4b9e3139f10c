import { describe, expect, test } from 'vitest';
import { next, PHASE_EVENTS, PHASES, type Phase, type PhaseEvent } from './phase';

/** Written out once more by hand: every pair, `.` where the event changes nothing. */
const EXPECTED: Readonly<Record<Phase, string>> = {
  //            join      ready      welcomed dropped retry      leave signed-out replaced closed refused
  lobby: '      preparing .          .        .       .          .     .          .        closed .',
  preparing: '  .         connecting .        .       .          left  .          .        closed .',
  connecting: ' .         .          joined   waiting .          left  signed-out replaced closed refused',
  joined: '     .         .          .        waiting .          left  signed-out replaced closed .',
  waiting: '    .         .          .        .       connecting left  .          .        closed .',
  left: '       preparing .          .        .       .          .     .          .        closed .',
  'signed-out': '.        .          .        .       connecting left  .          .        closed .',
  replaced: '   preparing .          .        .       .          .     .          .        closed .',
  closed: '     .         .          .        .       .          .     .          .        .      .',
  refused: '    .         .          .        .       .          .     .          .        .      .',
};

const cells = (phase: Phase): string[] => EXPECTED[phase].trim().split(/\s+/);
const pairs = PHASES.flatMap((phase) =>
  PHASE_EVENTS.map((event, n): [Phase, PhaseEvent, string] => [phase, event, cells(phase)[n] ?? 'missing']),
);

describe('the phases of a stay in the room', () => {
  test('are expected for every pair of phase and event', () => {
    expect(PHASES.map((phase) => cells(phase).length)).toEqual(PHASES.map(() => PHASE_EVENTS.length));
  });

  test.each(pairs)('%s, %s → %s', (phase, event, to) => {
    expect(next(phase, event)).toBe(to === '.' ? phase : to);
  });
});
