import { describe, expect, test } from 'vitest';
import { saying, shared } from '@/shared/i18n';
import { clock, countdown, dateTime, day, figure, placeName, sexAndAge, shortTime } from './format';

describe('times', () => {
  test('are local, on the 24-hour clock, and always carry their year', () => {
    const at = new Date(2026, 0, 5, 23, 4, 9);
    expect([clock(at), day(at)]).toEqual(['23:04:09', '2026-01-05']);
    expect(dateTime(at.toISOString())).toBe('2026-01-05 23:04:09');
  });

  test('of another day are written with it', () => {
    const at = new Date(2026, 0, 5, 23, 4, 9);
    expect(shortTime(at.toISOString(), new Date(2026, 0, 5, 23, 59))).toBe('23:04');
    expect(shortTime(at.toISOString(), new Date(2026, 0, 6, 0, 1))).toBe('2026-01-05 23:04');
  });

  test.each([
    [0, '00:00'],
    [84_999, '01:24'],
    [-61_000, '01:01'],
    [3_600_000 + 545_000, '1:09:05'],
  ])('a span of %d ms reads %s', (ms, text) => {
    expect(countdown(ms)).toBe(text);
  });
});

test('sex and age say what is missing instead of leaving it out', () => {
  const t = saying(shared, 'zh');
  expect(sexAndAge({ sex: 'M', age_years: 58 }, t)).toBe('男 58 岁');
  expect(sexAndAge({ sex: 'F', age_years: 0 }, t)).toBe('女 0 岁');
  expect(sexAndAge({ sex: null, age_years: null }, t)).toBe('性别未填');
});

test('a place without an English name keeps its Chinese one', () => {
  expect(placeName({ name_zh: '马渡镇卫生院', name_en: '' }, 'en')).toBe('马渡镇卫生院');
});

test('a figure keeps one decimal only where it has one', () => {
  expect([figure(72), figure(9.98)]).toEqual(['72', '10.0']);
});
