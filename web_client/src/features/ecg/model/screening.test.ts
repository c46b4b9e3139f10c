import { describe, expect, test } from 'vitest';
import { saying } from '@/shared/i18n';
import { en } from '../i18n/en';
import { zh } from '../i18n/zh';
import { measurementRows } from './rows';
import {
  beatTimes,
  canLocate,
  type Finding,
  firstSecond,
  furthestSt,
  marksOf,
  type Screening,
} from './screening';

const finding: Finding = {
  code: 'pause',
  text_zh: '长间歇',
  text_en: 'Pause',
  severity: 'orange',
  evidence: { quantity: 'rr', value: 3120, unit: 'ms', threshold: '>= 2000', leads: [], beats: [1] },
  source: 'list',
};
const screening: Screening = {
  fs_hz: 500,
  duration_s: 10,
  leads: ['I', 'II', 'aVR'],
  quality: { I: 1, II: 1, aVR: 1 },
  beats: [
    { sample: 200, label: 'N', qrs_on: 180, qrs_off: 220, t_off: 380 },
    { sample: 700, label: 'N', qrs_on: null, qrs_off: null, t_off: null },
  ],
  measurements: {
    heart_rate_bpm: 61.5,
    pr_ms: null,
    qrs_ms: 92,
    qt_ms: 390,
    qtc_fridericia_ms: 414.2,
    axis_qrs_deg: -7.4,
  },
  st_j_mv: { I: -0.08, II: 0.2, aVR: -0.4 },
  findings: [finding],
  rules_version: '2026.11.2',
};

describe('a screening on the paper', () => {
  test('turns samples into seconds, and keeps what was not seen', () => {
    expect(beatTimes(screening)).toEqual([
      { rS: 0.4, qrsOnS: 0.36, qrsOffS: 0.44, tEndS: 0.76 },
      { rS: 1.4, qrsOnS: null, qrsOffS: null, tEndS: null },
    ]);
    expect(firstSecond(screening, finding)).toBe(1.4);
  });

  test('marks all leads for a finding that names none, and single ones with their values', () => {
    expect(marksOf(finding)).toEqual({ leads: null, beats: [1] });
    const by_lead = [{ lead: 'II', value: 0.2, threshold: '>= 0.1', role: 'elevation' }] as const;
    expect(marksOf({ ...finding, evidence: { ...finding.evidence, by_lead } })).toEqual({
      leads: [{ lead: 'II', kind: 'elevation', text: '+0.20 mV' }],
      beats: [1],
    });
  });

  test('knows which findings have no place on it', () => {
    const nowhere = { ...finding, evidence: { ...finding.evidence, beats: [] } };
    expect(canLocate(finding)).toBe(true);
    expect(canLocate(nowhere)).toBe(false);
    expect(firstSecond(screening, nowhere)).toBeNull();
  });

  test('looks for the largest ST shift where leads face the heart', () => {
    expect(furthestSt(screening)).toEqual({ lead: 'II', mv: 0.2 });
    const { st_j_mv: _, ...older } = screening;
    expect(furthestSt(older)).toBeNull();
  });
});

describe('the rows of the table', () => {
  test('say what was measured with its unit, and what was not', () => {
    const rows = measurementRows(screening, saying({ zh, en }, 'zh'));
    expect(Object.fromEntries(rows.map(({ name, machine }) => [name, machine]))).toEqual({
      心率: '61.5 次/分',
      'PR / QRS': '— / 92 ms',
      'QT / QTcF（QTcB）': '390 / 414 (—) ms',
      '电轴 P / QRS / T': '— / −7° / —',
      'ST（J 点）偏移最大': 'II +0.20 mV',
    });
  });
});
