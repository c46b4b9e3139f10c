import { describe, expect, test } from 'vitest';
import { saying } from '@/shared/i18n';
import { en } from '../i18n/en';
import { zh as chinese } from '../i18n/zh';
import { type Evidence, evidenceLine } from './evidence';

const nothing: Evidence = { quantity: 'rr', value: null, unit: null, threshold: null, leads: [], beats: [] };
const zh = saying({ zh: chinese, en }, 'zh');

describe('the evidence of a finding', () => {
  test('names quantity, value, limit, leads and beats, counted from 1', () => {
    const evidence = {
      ...nothing,
      value: 3120,
      unit: 'ms',
      threshold: '>= 3000',
      leads: ['II', 'V1'],
      beats: [0, 4],
    };
    expect(evidenceLine(evidence, zh)).toBe('RR 间期 3120 ms · 界限 ≥ 3000 ms · 导联 II, V1 · 心搏 1, 5');
  });

  test('keeps two decimals of small values and the degree beside its number', () => {
    expect(evidenceLine({ ...nothing, quantity: 'amplitude', value: 0.3, unit: 'mV' }, zh)).toContain(
      '0.30 mV',
    );
    expect(evidenceLine({ ...nothing, quantity: 'axis_qrs', value: -42, unit: 'deg' }, zh)).toBe(
      'QRS 电轴 -42°',
    );
  });

  test('counts beats where they are many', () => {
    const beats = Array.from({ length: 30 }, (_, index) => index);
    expect(evidenceLine({ ...nothing, beats }, zh)).toBe('心搏 30 个');
  });

  test('shows a quantity this page has no word for under its own name', () => {
    const line = evidenceLine(
      { ...nothing, quantity: 'new_measure', value: 'absent' },
      saying({ zh: chinese, en }, 'en'),
    );
    expect(line).toBe('new measure absent');
  });

  test('is empty where there is none', () => {
    expect(evidenceLine(nothing, zh)).toBe('');
  });
});
