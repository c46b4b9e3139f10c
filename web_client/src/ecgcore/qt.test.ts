import { describe, expect, test } from 'vitest';
import type { BeatTimes } from './bands';
import { layOut, xOf } from './layout';
import { anyQt, dragged, edgeAt, qtAt, qtValues } from './qt';
import { recording } from './samples';

const sheet = layOut(recording(), { layout: '3x4', speedMmS: 25, gainMmMv: 10 }, 0);
const beat = (rS: number, part: Partial<BeatTimes> = {}): BeatTimes => ({
  rS,
  qrsOnS: rS - 0.04,
  qrsOffS: rS + 0.05,
  tEndS: rS + 0.36,
  ...part,
});
const beats = [beat(0.5), beat(1.5), beat(2.3), beat(3.2, { tEndS: null })];

function strip(lead: string) {
  const found = sheet.strips.find((each) => each.lead === lead);
  if (found === undefined) throw new Error(`no ${lead}`);
  return found;
}
const pointIn = (lead: string, second: number) => {
  const place = strip(lead);
  return { xMm: xOf(sheet, place, second), yMm: place.baselineMm };
};
const at = (lead: string, second: number) => qtAt(sheet, beats, pointIn(lead, second));

describe('the QT under a point', () => {
  test('is that of the beat whose QRS to T holds it, on the strip under it', () => {
    const found = at('II', 1.6);
    expect(found?.strip).toBe(strip('II'));
    expect(found?.qrsOnS).toBeCloseTo(1.46);
    expect(found?.tEndS).toBeCloseTo(1.86);
    expect(found?.rrS).toBeCloseTo(1);
  });

  test('is that of the nearest beat between two', () => {
    expect(at('II', 1.0)?.qrsOnS).toBe(0.46);
    expect(at('II', 1.4)?.qrsOnS).toBe(1.46);
  });

  test('needs both ends measured, and both on the strip', () => {
    // The third beat's T ends behind the column, the fourth's was not measured.
    expect(at('II', 2.3)?.qrsOnS).toBe(1.46);
    expect(at('aVL', 3.2)).toBeNull();
    expect(anyQt(beats)).toBe(true);
    expect(anyQt([beat(1, { qrsOnS: null }), beat(2, { tEndS: null })])).toBe(false);
  });

  test('is none between the strips', () => {
    expect(qtAt(sheet, beats, { xMm: 1, yMm: 1 })).toBeNull();
  });
});

describe('corrected QT', () => {
  test('is corrected for the cycle before', () => {
    const values = qtValues({ strip: strip('II'), qrsOnS: 1, tEndS: 1.4, rrS: 0.64 });
    expect(values.qtMs).toBeCloseTo(400);
    expect(values.rrMs).toBeCloseTo(640);
    expect(values.bazettMs).toBeCloseTo(500);
    expect(values.fridericiaMs).toBeCloseTo(464.16, 1);
  });

  test('is none without one', () => {
    const first = at('II', 0.5);
    if (first === null) throw new Error('the first beat has a QT');
    expect(qtValues(first)).toMatchObject({ rrMs: null, bazettMs: null, fridericiaMs: null });
  });
});

describe('an edge', () => {
  const found = at('II', 1.6);
  if (found === null) throw new Error('the beat has a QT');
  test('is taken hold of from near', () => {
    const near = (second: number) => edgeAt(sheet, found, pointIn('II', second));
    expect(near(1.46 + 0.04)).toBe('qrsOnS');
    expect(near(1.86 - 0.04)).toBe('tEndS');
    expect(near(1.66)).toBeNull();
    expect(edgeAt(sheet, found, pointIn('III', 1.46))).toBeNull();
  });

  test('goes where it is drawn, not past the other, nor out of its strip', () => {
    const place = strip('II');
    const to = (second: number) => xOf(sheet, place, second);
    expect(dragged(sheet, found, 'tEndS', to(1.9)).tEndS).toBeCloseTo(1.9);
    expect(dragged(sheet, found, 'tEndS', to(1)).tEndS).toBeCloseTo(1.51);
    expect(dragged(sheet, found, 'tEndS', to(9)).tEndS).toBe(place.toS);
    expect(dragged(sheet, found, 'qrsOnS', to(1.4)).qrsOnS).toBeCloseTo(1.4);
    expect(dragged(sheet, found, 'qrsOnS', to(5)).qrsOnS).toBeCloseTo(1.81);
    expect(dragged(sheet, found, 'qrsOnS', to(-3)).qrsOnS).toBe(place.fromS);
  });
});
