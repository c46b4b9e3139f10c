import { describe, expect, test } from 'vitest';
import { clock, dateTime, day, figure, sexAndAge } from './format';
import { Translator } from './i18n/translator';

const patient = { name: '王模拟', patient_id: '1', birth_date: null };

describe('times', () => {
  test('are local, on the 24-hour clock, and always carry their year', () => {
    const at = new Date(2026, 0, 5, 23, 4, 9);
    expect([clock(at), day(at)]).toEqual(['23:04:09', '2026-01-05']);
    expect(dateTime(at.toISOString())).toBe('2026-01-05 23:04:09');
  });
});

describe('sex and age', () => {
  test('say what is missing instead of leaving it out', () => {
    const tr = new Translator('zh');
    expect(sexAndAge({ ...patient, sex: 'M', age_years: 58 }, tr)).toBe('男 58 岁');
    expect(sexAndAge({ ...patient, sex: 'F', age_years: 0 }, tr)).toBe('女 0 岁');
    expect(sexAndAge({ ...patient, sex: null, age_years: null }, tr)).toBe('性别未填');
  });
});

test('a figure keeps one decimal only where it has one', () => {
  expect([figure(72), figure(9.98)]).toEqual(['72', '10.0']);
});
