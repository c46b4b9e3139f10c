// @vitest-environment jsdom
import { act, renderHook } from '@testing-library/react';
import { describe, expect, test } from 'vitest';
import { type BeatTimes, layOut, xOf } from '@/ecgcore';
import { recording } from '@/ecgcore/samples';
import { saying } from '@/shared/i18n';
import { en } from '../i18n/en';
import { zh } from '../i18n/zh';
import { useQtCaliper } from './useQtCaliper';

const t = saying({ zh, en }, 'en');
const sheet = layOut(recording(), { layout: '12x1', speedMmS: 25, gainMmMv: 10 }, 0);
const beats: readonly BeatTimes[] = [1, 2, 3].map((rS) => ({
  rS,
  qrsOnS: rS - 0.05,
  qrsOffS: rS + 0.05,
  tEndS: rS + 0.35,
}));
const [first] = sheet.strips;
if (first === undefined) throw new Error('an empty sheet');
const at = (second: number) => ({ xMm: xOf(sheet, first, second), yMm: first.baselineMm });

function caliper(on = true) {
  const { result } = renderHook(() => useQtCaliper(sheet, beats, on, t));
  const text = (): string | null => result.current.caliper?.text ?? null;
  const doing = (what: 'begin' | 'move', second: number): void => act(() => result.current[what](at(second)));
  const end = (): void => act(() => result.current.end());
  return { result, text, doing, end };
}

describe('the QT caliper', () => {
  test('follows the pointer from beat to beat, and goes with it', () => {
    const { result, text, doing } = caliper();
    doing('move', 2.1);
    expect(text()).toBe(
      'Machine (reference only, not registered) QT 400 ms · QTcF 400 · QTcB 400 (RR 1000 ms)',
    );
    doing('move', 1.1);
    expect(text()).toBe('Machine (reference only, not registered) QT 400 ms · no beat before it, so no QTc');
    act(() => result.current.leave());
    expect(text()).toBeNull();
  });

  test('stays where it was clicked until another beat is', () => {
    const { result, doing, end } = caliper();
    doing('begin', 2.1);
    end();
    doing('move', 3.1);
    act(() => result.current.leave());
    expect(result.current.caliper?.from.xMm).toBeCloseTo(at(1.95).xMm);
    doing('begin', 3.1);
    expect(result.current.caliper?.from.xMm).toBeCloseTo(at(2.95).xMm);
  });

  test('says that an edge was moved by hand, and lets go of it', () => {
    const { result, text, doing, end } = caliper();
    doing('begin', 2.1);
    end();
    doing('move', 2.35);
    expect(result.current.grabs).toBe(true);
    // Taken hold of a little beside its line, it does not jump there.
    doing('begin', 2.33);
    doing('move', 2.41);
    expect(text()).toBe('By hand QT 480 ms · QTcF 480 · QTcB 480 (RR 1000 ms)');
    end();
    doing('move', 2.8);
    expect(text()).toContain('QT 480 ms');
    act(() => result.current.clear());
    expect(text()).toBeNull();
  });

  test('does nothing where it was not taken up', () => {
    const { text, doing } = caliper(false);
    doing('move', 2.1);
    doing('begin', 2.1);
    expect(text()).toBeNull();
  });
});
