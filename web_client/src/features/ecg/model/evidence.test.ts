import { describe, expect, test } from 'vitest';
import { saying } from '@/shared/i18n';
import { en } from '../i18n/en';
import { zh as chinese } from '../i18n/zh';
import { evidenceLine, reportText } from './evidence';
import type { Evidence } from './screening';

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
      'QRS 电轴 −42°',
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

  test('gives every lead its value, the common limit once, and what faces it', () => {
    const by_lead = [
      { lead: 'II', value: 0.201, threshold: '>= 0.1', role: 'elevation' },
      { lead: 'III', value: 0.296, threshold: '>= 0.1', role: 'elevation' },
      { lead: 'aVL', value: -0.185, threshold: '<= -0.05', role: 'reciprocal' },
    ] as const;
    const evidence = { ...nothing, quantity: 'st_at_j', value: 0.296, unit: 'mV', by_lead, beats: [0, 1] };
    expect(evidenceLine(evidence, zh)).toBe(
      'II +0.20, III +0.30 mV (≥ 0.1) · 对应改变 aVL −0.18 mV (≤ −0.05) · 心搏 1, 2',
    );
    expect(reportText({ text_zh: '疑似急性ST段抬高型心肌梗死，下壁', evidence })).toBe(
      '疑似急性ST段抬高型心肌梗死，下壁（J点ST段抬高：II 0.20、III 0.30 mV）',
    );
  });

  test('names what a criterion measured in each lead, and its limit in words', () => {
    const by_lead = [
      { lead: 'V1', value: -0.152, threshold: '<= -0.1, T upright', role: 'criterion' },
      { lead: 'V2', value: -0.21, threshold: '<= -0.1, T upright', role: 'criterion' },
    ] as const;
    const evidence = { ...nothing, quantity: 'st_at_j_60', value: -0.21, unit: 'mV', by_lead };
    expect(evidenceLine(evidence, zh)).toBe('J 点后 60 ms ST V1 −0.15, V2 −0.21 mV (≤ −0.1, T 波直立)');
    expect(reportText({ text_zh: '疑似正后壁心肌梗死', evidence })).toBe('疑似正后壁心肌梗死');
  });

  test('says the screening’s own words in the language on screen', () => {
    const quality = { ...nothing, quantity: 'quality' };
    expect(evidenceLine({ ...quality, value: 'V2: no_beats, noise; V3: several' }, zh)).toBe(
      '图形质量 V2: 看不出心搏, 噪声; V3: 多项轻度',
    );
    const unusable = { value: '0 of 12 leads usable', threshold: '>= 0.3 in a third of the leads' };
    expect(evidenceLine({ ...quality, ...unusable }, zh)).toBe(
      '图形质量 12 个导联中 0 个可用 · 界限 ≥ 0.3 （三分之一导联）',
    );
    expect(evidenceLine({ ...quality, value: 'shorter than 2 s' }, saying({ zh: chinese, en }, 'en'))).toBe(
      'Signal quality shorter than 2 s',
    );
  });

  test('names each limit with its lead where they differ', () => {
    const by_lead = [
      { lead: 'V3', value: 0.26, threshold: '>= 0.2', role: 'elevation' },
      { lead: 'V4', value: 0.15, threshold: '>= 0.1', role: 'elevation' },
    ] as const;
    expect(evidenceLine({ ...nothing, unit: 'mV', by_lead }, zh)).toBe(
      'V3 +0.26 (≥ 0.2), V4 +0.15 (≥ 0.1) mV',
    );
  });

  test('is empty where there is none', () => {
    expect(evidenceLine(nothing, zh)).toBe('');
  });
});
