import { expect, test } from 'vitest';
import { paperOf, viewOf } from './paper';
import { view } from './testing';

const USUAL = { layout: null, speedMmS: 25, gainMmMv: 10, fromS: 0 };

test('a paper survives the way through a view', () => {
  const paper = { layout: '6x2', speedMmS: 50, gainMmMv: 20, fromS: 30 } as const;
  expect(paperOf(viewOf('1.2', paper))).toEqual(paper);
});

test.each([
  [null, USUAL],
  [{}, USUAL],
  [
    { layout: '12x1', speedMmS: 25.5, gainMmMv: '10', fromS: -1 },
    { ...USUAL, layout: '12x1' },
  ],
  [{ layout: '__proto__', speedMmS: null, gainMmMv: [20], fromS: '3' }, USUAL],
])('of %o the usual takes the place of what nobody draws', (ecg, paper) => {
  expect(paperOf(view({ ecg }))).toEqual(paper);
});
