import { describe, expect, test } from 'vitest';
import { marched } from './draw';
import { FILTERS, filtered } from './filter';
import { layOut, MARGIN_MM } from './layout';
import { laidOver } from './previous';
import { recording } from './samples';

const wave = (hz: number) => (_: string, second: number) => Math.sin(2 * Math.PI * hz * second);
const USUAL = { layout: '3x4', speedMmS: 25, gainMmMv: 10 } as const;

/** The swing of the middle seconds, where no edge shows. */
function swing(trace: Float32Array | undefined): number {
  const middle = (trace ?? new Float32Array()).slice(1500, 3500);
  return Math.max(...middle) - Math.min(...middle);
}

describe('a display filter', () => {
  const one = { leads: ['II'] };

  test.each([
    ['low-35', 5, 2],
    ['low-35', 120, 0],
    ['low-100', 20, 2],
    ['high-0.5', 0.05, 0],
    ['high-0.5', 10, 2],
    ['notch-50', 50, 0],
    ['notch-50', 10, 2],
    ['band-0.5-35', 8, 2],
  ] as const)('%s leaves of %d Hz a swing of %d mV', (filter, hz, left) => {
    const [trace] = filtered(recording(one, wave(hz)), filter).traces;
    expect(swing(trace)).toBeGreaterThan(left - 0.12);
    expect(swing(trace)).toBeLessThan(left + 0.12);
  });

  test('moves no wave, for it runs both ways', () => {
    const peak = recording(one, (_, second) => Math.exp(-(((second - 5) / 0.02) ** 2)));
    const [trace = new Float32Array()] = filtered(peak, 'low-35').traces;
    expect(trace.indexOf(Math.max(...trace))).toBe(2500);
  });

  test('keeps gaps and the recording itself', () => {
    const gap = recording(one, (_, second) => (second > 4 && second < 5 ? Number.NaN : 1));
    const [trace = new Float32Array()] = filtered(gap, 'low-35').traces;
    expect(trace[2250]).toBeNaN();
    expect(trace[3000]).toBeCloseTo(1, 3);
    expect(gap.traces[0]?.[0]).toBe(1);
    expect(filtered(gap, 'none')).toBe(gap);
    for (const filter of FILTERS) {
      const slow = recording({ ...one, fsHz: 50 });
      expect(filtered(slow, filter).traces[0]?.length).toBe(500);
    }
  });
});

describe('marching', () => {
  test('repeats the distance over the paper and not beyond', () => {
    const sheet = layOut(recording(), USUAL, 0);
    const places = marched(sheet, 100, 120);
    expect(places[0]).toBeCloseTo(20);
    expect(places).not.toContain(100);
    expect(places).toContain(140);
    expect(Math.min(...places)).toBeGreaterThanOrEqual(MARGIN_MM);
    expect(Math.max(...places)).toBeLessThanOrEqual(sheet.widthMm);
    expect(marched(sheet, 100, 101)).toEqual([]);
  });
});

describe('the previous median beat', () => {
  const median = {
    fsHz: 500,
    r: 200,
    tracesMv: { II: Array.from({ length: 500 }, (_, k) => (k === 200 ? 1 : 0)) },
  };

  test('stands at each R wave, at the level of the beat it lies over', () => {
    const now = recording({}, () => 0.4);
    const sheet = layOut(now, USUAL, 0);
    const strip = sheet.strips.at(-1);
    if (strip === undefined) throw new Error('no strip');
    const lines = laidOver(sheet, strip, now, [1, 3], median);
    expect(lines.length).toBe(2);
    const top = lines[0]?.reduce((best, dot) => (dot.yMm < best.yMm ? dot : best));
    expect(top?.xMm).toBeCloseTo(MARGIN_MM + 25);
    expect(top?.yMm).toBeCloseTo(strip.baselineMm - 10);
    expect(lines[0]?.[0]?.yMm).toBeCloseTo(strip.baselineMm);
  });

  test('is not drawn over a lead that it lacks, nor into the next beat', () => {
    const now = recording();
    const sheet = layOut(now, USUAL, 0);
    const [one] = sheet.strips;
    const rhythm = sheet.strips.at(-1);
    if (one === undefined || rhythm === undefined) throw new Error('no strip');
    expect(laidOver(sheet, one, now, [1], median)).toEqual([]);
    const [first] = laidOver(sheet, rhythm, now, [1, 1.5], median);
    expect(first?.at(-1)?.xMm).toBeLessThanOrEqual(MARGIN_MM + 1.2 * 25 + 0.01);
  });
});
