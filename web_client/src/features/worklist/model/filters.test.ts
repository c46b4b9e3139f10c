import { expect, test } from 'vitest';
import { filtersOf, narrowed } from './filters';

test('an address gives its filters, and what it does not know is left out', () => {
  expect(
    filtersOf({ view: 'mine', kind: 'ecg', risk: 'purple', q: ' ', institution_id: 'i1', x: 1 }),
  ).toEqual({
    view: 'mine',
    kind: 'ecg',
    institution_id: 'i1',
  });
});

test('an examination number stays text', () => {
  expect(filtersOf({ q: 10319 })).toEqual({ view: 'open', q: '10319' });
});

test('only what hides rows counts as narrowing', () => {
  expect(narrowed(filtersOf({ view: 'done' }))).toBe(false);
  expect(narrowed(filtersOf({ risk: 'red' }))).toBe(true);
});
