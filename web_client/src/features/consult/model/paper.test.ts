import { expect, test } from 'vitest';
import { paperOf, paperUrl, USUAL_PAPER, viewOf } from './paper';
import { view } from './testing';

test('a paper survives the way through a view', () => {
  const paper = { layout: '6x2', speed: 50, gain: 20 } as const;
  expect(paperOf(viewOf('1.2', paper))).toEqual(paper);
});

test.each([
  [null, USUAL_PAPER],
  [{}, USUAL_PAPER],
  [
    { layout: '12x1', speed: 25.5, gain: '10' },
    { ...USUAL_PAPER, layout: '12x1' },
  ],
  [{ layout: '__proto__', speed: null, gain: [20] }, USUAL_PAPER],
])('of %o the usual takes the place of what nobody draws', (ecg, paper) => {
  expect(paperOf(view({ ecg }))).toEqual(paper);
});

test('an address names the paper, whatever the id holds', () => {
  expect(paperUrl('a/b', USUAL_PAPER)).toBe('/api/ecgs/a%2Fb/paper.svg?layout=3x4&speed=25&gain=10');
});
