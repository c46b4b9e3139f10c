import { describe, expect, test } from 'vitest';
import { type BeatTimes, bandsOf } from './bands';
import { draw, type Overlay } from './draw';
import { layOut, layoutsFor, MARGIN_MM, type PaperScale, stripAt, USUAL_WIDTH_MM } from './layout';
import { measured } from './measure';
import { PALETTES } from './palette';
import { between, middleOf, unpack } from './recording';
import { PaperRecorder, recording } from './samples';

const USUAL: PaperScale = { layout: '3x4', speedMmS: 25, gainMmMv: 10 };
const NOTHING: Overlay = { bands: [], marks: [], beatsS: [], caliper: null };
const LOOK = { palette: PALETTES.pink, pxPerMm: 4, words: { rhythm: '长导联', foot: '25 mm/s' } };

function drawn(recorded: ReturnType<typeof recording>, scale = USUAL, overlay = NOTHING): PaperRecorder {
  const paper = new PaperRecorder();
  draw(paper as unknown as CanvasRenderingContext2D, layOut(recorded, scale, 0), recorded, overlay, LOOK);
  return paper;
}

describe('the samples', () => {
  test('come lead after lead, little endian, in steps of the unit', () => {
    const steps = new Int16Array([1000, -32768, -2, 0, 32767, -32767]);
    const samples = btoa(String.fromCharCode(...new Uint8Array(steps.buffer)));
    const packed = { fs_hz: 500, leads: ['I', 'II'], uv_per_unit: 0.5, samples, start_s: 0, duration_s: 9 };
    const [first, second] = unpack(packed).traces;
    expect([...(first ?? [])]).toEqual([0.5, Number.NaN, expect.closeTo(-0.001)]);
    expect([...(second ?? [])]).toEqual([0, expect.closeTo(16.3835), expect.closeTo(-16.3835)]);
    expect(() => unpack({ ...packed, leads: ['I', 'II', 'III', 'aVR'] })).toThrow(RangeError);
  });

  test('are found by the second of the whole recording', () => {
    const later = recording({ startS: 60, durationS: 120, fsHz: 100 }, (_, second) => second);
    expect(between({ ...later, traces: [Float32Array.of(1, 2, 3)] }, 0, 60.01, 60.03)).toEqual(
      Float32Array.of(2, 3),
    );
    expect(between(later, 99, 60, 61).length).toBe(0);
  });

  test('have their middle where half lies above, gaps left out', () => {
    expect(middleOf(Float32Array.of(5, Number.NaN, 1, 3))).toBe(3);
    expect(middleOf(Float32Array.of(Number.NaN))).toBe(0);
  });
});

describe('the layouts', () => {
  test('3x4 has a quarter of ten seconds a lead and the rhythm lead beneath, on 250 mm', () => {
    const sheet = layOut(recording(), USUAL, 0);
    expect(sheet.strips.map(({ lead }) => lead).join(' ')).toBe('I aVR V1 V4 II aVL V2 V5 III aVF V3 V6 II');
    expect(sheet.widthMm).toBe(265);
    const [one, avr] = sheet.strips;
    expect(one).toMatchObject({ leftMm: MARGIN_MM, fromS: 0, toS: 2.5 });
    expect(avr).toMatchObject({ leftMm: MARGIN_MM + 62.5, fromS: 2.5, toS: 5 });
    expect(sheet.strips.at(-1)).toMatchObject({ rhythm: true, fromS: 0, toS: 10 });
  });

  test('50 mm/s makes the paper twice as long', () => {
    expect(layOut(recording(), { ...USUAL, speedMmS: 50 }, 0).widthMm).toBe(515);
  });

  test('6x2 and 12x1 hold each lead once', () => {
    for (const layout of ['6x2', '12x1'] as const) {
      const { strips } = layOut(recording(), { ...USUAL, layout }, 0);
      expect(new Set(strips.map(({ lead }) => lead)).size).toBe(12);
      expect(strips.length).toBe(12);
    }
  });

  test('other lead sets get a row each', () => {
    expect(layoutsFor(['I', 'II', 'V1'])).toEqual(['rows']);
    expect(layoutsFor(recording().leads)).toEqual(['3x4', '6x2', '12x1']);
    const sheet = layOut(recording({ leads: ['MLII', 'V5'] }), { ...USUAL, layout: 'rows' }, 0);
    expect(sheet.strips.map(({ lead }) => lead)).toEqual(['MLII', 'V5']);
  });

  test('a short recording ends where its seconds do, on paper that has room for its foot', () => {
    const sheet = layOut(recording({ durationS: 4 }), USUAL, 0);
    expect(sheet.widthMm).toBe(USUAL_WIDTH_MM);
    expect(sheet.strips[1]).toMatchObject({ fromS: 1, toS: 2, leftMm: MARGIN_MM + 25 });
  });

  test.each([
    [12.5, 30, 20, USUAL_WIDTH_MM],
    [12.5, 10, 10, USUAL_WIDTH_MM],
    [25, 30, 10, USUAL_WIDTH_MM],
    [50, 30, 10, MARGIN_MM + 500 + 2],
  ] as const)('paper of %d mm/s shows %d s up to second %d', (speedMmS, durationS, toS, widthMm) => {
    expect(layOut(recording({ durationS }), { ...USUAL, speedMmS }, 0)).toMatchObject({ toS, widthMm });
  });

  test('rows keep clear of each other, and grow with the gain', () => {
    const tall = recording({}, (_, second) => (second % 1 < 0.05 ? 1.5 : second % 1 < 0.1 ? -1.2 : 0));
    for (const gainMmMv of [5, 10, 20] as const) {
      const { strips } = layOut(tall, { ...USUAL, gainMmMv }, 0);
      for (const { baselineMm, topMm, bottomMm } of strips) {
        expect(baselineMm - topMm).toBeGreaterThan(1.5 * gainMmMv);
        expect(bottomMm - baselineMm).toBeGreaterThan(1.2 * gainMmMv);
      }
    }
  });

  test('a lead that fell off does not push the others away', () => {
    const loose = recording({}, (lead, second) => (lead === 'V2' ? 20 * Math.sin(900 * second) : 0));
    expect(layOut(loose, USUAL, 0).heightMm).toBeLessThan(150);
  });

  test('a point of the paper belongs to the strip it lies on', () => {
    const sheet = layOut(recording(), USUAL, 0);
    const strip = sheet.strips[5];
    const yMm = strip?.baselineMm ?? 0;
    expect(stripAt(sheet, { xMm: MARGIN_MM + 70, yMm })).toBe(strip);
    expect(stripAt(sheet, { xMm: 1, yMm })).toBeNull();
  });
});

describe('the calipers', () => {
  test('measure time by the speed and voltage by the gain, up positive', () => {
    const from = { xMm: 40, yMm: 60 };
    expect(measured(USUAL, from, { xMm: 60.825, yMm: 57.2 })).toEqual({
      ms: expect.closeTo(833),
      mv: expect.closeTo(0.28),
      bpm: expect.closeTo(72.03, 1),
    });
    expect(measured({ speedMmS: 50, gainMmMv: 20 }, from, { xMm: 20, yMm: 70 })).toEqual({
      ms: 400,
      mv: -0.5,
      bpm: 150,
    });
  });

  test('name no rate for what is shorter than any cycle', () => {
    expect(measured(USUAL, { xMm: 10, yMm: 0 }, { xMm: 12, yMm: 0 }).bpm).toBeNull();
  });
});

describe('the bands', () => {
  const beats: BeatTimes[] = [0.4, 1.4, 2.4, 5.5].map((rS) => ({
    rS,
    qrsOnS: rS - 0.04,
    qrsOffS: rS + 0.04,
    tEndS: rS + 0.3,
  }));

  test('lie from J to the end of T on the leads and beats of the evidence, where these are drawn', () => {
    const sheet = layOut(recording(), USUAL, 0);
    const leads = [
      { lead: 'III', kind: 'elevation', text: '' },
      { lead: 'aVL', kind: 'reciprocal', text: '' },
    ] as const;
    const bands = bandsOf(sheet, beats, { leads, beats: [0, 1, 2, 3] });
    // Three beats in III's 2.5 s, the last cut at its end: its rest lies in aVL's time. The fourth is V2's.
    expect(bands.map(({ kind }) => kind)).toEqual(['reciprocal', 'elevation', 'elevation', 'elevation']);
    expect(bands[0]).toMatchObject({ leftMm: expect.closeTo(MARGIN_MM + 62.5) });
    expect(bands[1]).toMatchObject({
      leftMm: expect.closeTo(MARGIN_MM + 0.44 * 25),
      widthMm: expect.closeTo(0.26 * 25),
    });
    expect(bands[3]?.widthMm).toBeCloseTo(0.06 * 25);
  });

  test('lie on whole beats of every lead for a finding that names none', () => {
    const sheet = layOut(recording(), { ...USUAL, layout: '12x1' }, 0);
    expect(bandsOf(sheet, beats, { leads: null, beats: [1] })).toHaveLength(12);
    expect(bandsOf(sheet, beats, { leads: null, beats: [99] })).toEqual([]);
  });
});

describe('the drawing', () => {
  test('has the calibration pulse of 1 mV and 0.2 s in every row', () => {
    for (const [scale, width, height] of [
      [USUAL, 5, 10],
      [{ ...USUAL, speedMmS: 50, gainMmMv: 20 }, 10, 20],
    ] as const) {
      const pulses = drawn(recording(), scale).moves.filter(
        (path) => path.length === 6 && (path[1]?.y ?? 0) - (path[2]?.y ?? 0) === height * LOOK.pxPerMm,
      );
      expect(pulses).toHaveLength(4);
      for (const path of pulses) {
        expect((path[3]?.x ?? 0) - (path[2]?.x ?? 0)).toBeCloseTo(width * LOOK.pxPerMm);
      }
    }
  });

  test('draws 1 mV as ten millimetres over the middle of its strip', () => {
    const stepped = recording({ leads: ['I', 'II'] }, (lead, second) =>
      lead === 'II' && second >= 2 && second < 3 ? 1.2 : 0.2,
    );
    const sheet = layOut(stepped, { ...USUAL, layout: 'rows' }, 0);
    const paper = drawn(stepped, { ...USUAL, layout: 'rows' });
    const trace = paper.moves.filter((path) => path.length > 1000)[1] ?? [];
    const baseline = (sheet.strips[1]?.baselineMm ?? 0) * LOOK.pxPerMm;
    const high = trace.filter(({ y }) => Math.abs(y - (baseline - 40)) < 0.01);
    expect(high[0]?.x).toBeCloseTo((MARGIN_MM + 2 * 25) * LOOK.pxPerMm);
    expect(Math.abs((high.at(-1)?.x ?? 0) - (MARGIN_MM + 3 * 25) * LOOK.pxPerMm)).toBeLessThan(0.5);
  });

  test('keeps a spike that is narrower than a pixel', () => {
    const fast = recording({ fsHz: 10_000, leads: ['I'] }, (_, second) =>
      second >= 5 && second < 5.0001 ? 2 : 0,
    );
    const path = drawn(fast, { ...USUAL, layout: 'rows' }).moves.find((each) => each.length > 500) ?? [];
    const baseline = (layOut(fast, { ...USUAL, layout: 'rows' }, 0).strips[0]?.baselineMm ?? 0) * 4;
    expect(Math.min(...path.map(({ y }) => y))).toBeCloseTo(baseline - 2 * 10 * 4);
    expect(path.length).toBeLessThan(20_000);
  });

  test('lifts the pen over what was not recorded', () => {
    const broken = recording({ leads: ['I'] }, (_, second) => (second >= 4 && second < 6 ? Number.NaN : 0.1));
    const path = drawn(broken, { ...USUAL, layout: 'rows' }).moves.find((each) => each.length > 500) ?? [];
    expect(path.filter(({ pen }) => !pen)).toHaveLength(2);
    expect(path.every(({ y }) => Number.isFinite(y))).toBe(true);
  });

  test('says values beside their leads, beat numbers under the rhythm strip, and the caliper', () => {
    const texts = drawn(recording(), USUAL, {
      bands: [{ kind: 'reciprocal', leftMm: 20, widthMm: 6, topMm: 5, heightMm: 12 }],
      marks: [{ lead: 'III', kind: 'elevation', text: '+0.28 mV' }],
      beatsS: [0.5, 1.5],
      caliper: { from: { xMm: 40, yMm: 50 }, to: { xMm: 60, yMm: 50 }, text: '800 ms' },
    }).texts.map(({ text }) => text);
    expect(texts).toEqual(
      expect.arrayContaining(['+0.28 mV', '1', '2', '800 ms', 'II 长导联', '25 mm/s', 'aVF']),
    );
  });
});
