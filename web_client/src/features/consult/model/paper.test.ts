import { expect, test } from 'vitest';
import { paperOf, USUAL_PAPER, viewOf } from './paper';
import { view } from './testing';

test('a paper survives the way through a view', () => {
  const paper = {
    layout: '6x2',
    speedMmS: 50,
    gainMmMv: 20,
    fromS: 30,
    scroll: { left: 0.5, top: 1 },
  } as const;
  expect(paperOf(viewOf('1.2', paper))).toEqual(paper);
});

test.each([
  [null, USUAL_PAPER],
  [{}, USUAL_PAPER],
  [
    { layout: '12x1', speedMmS: 25.5, gainMmMv: '10', fromS: -1, scroll: { left: 1.5, top: '0' } },
    { ...USUAL_PAPER, layout: '12x1' },
  ],
  [{ layout: '__proto__', speedMmS: null, gainMmMv: [20], fromS: '3', scroll: null }, USUAL_PAPER],
])('of %o the usual takes the place of what nobody draws', (ecg, paper) => {
  expect(paperOf(view({ ecg }))).toEqual(paper);
});
