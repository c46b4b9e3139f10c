import { describe, expect, test } from 'vitest';
import { Problem } from '../problem';
import { en } from './en';
import { Translator } from './translator';
import { zh } from './zh';

const placeholders = (text: string): string[] =>
  [...text.matchAll(/\{(\w+)\}/g)].map((match) => match[1] ?? '').sort();

describe('the two dictionaries', () => {
  test('have the same keys', () => {
    expect(Object.keys(en).sort()).toEqual(Object.keys(zh).sort());
  });

  test('have no empty text and the same values to fill in', () => {
    for (const [key, chinese] of Object.entries(zh)) {
      const english = en[key as keyof typeof zh];
      expect(chinese.trim(), key).not.toBe('');
      expect(english.trim(), key).not.toBe('');
      expect(placeholders(english), key).toEqual(placeholders(chinese));
    }
  });

  test('leave no Chinese in the English and no plain English sentence in the Chinese', () => {
    for (const [key, english] of Object.entries(en)) {
      if (key !== 'lang.switch') expect(english, key).not.toMatch(/\p{Script=Han}/u);
    }
    for (const [key, chinese] of Object.entries(zh)) {
      if (key !== 'lang.switch') expect(chinese.replace(/QTc[FB]/, '测'), key).toMatch(/\p{Script=Han}/u);
    }
  });
});

describe('the translator', () => {
  test('fills in values and leaves an unknown one visible', () => {
    const tr = new Translator('zh');
    expect(tr.t('list.loaded', { count: 3 })).toBe('已载入 3 份');
    expect(tr.t('list.loaded')).toBe('已载入 {count} 份');
  });

  test('says a problem with its waiting time in either language', () => {
    const problem = new Problem('too-many-attempts', 429, 17);
    expect(new Translator('zh').problem(problem)).toContain('17 秒');
    expect(new Translator('en').problem(problem)).toContain('17 s');
  });

  test('falls back to Chinese where the server has no English', () => {
    const place = { id: '1', name_zh: '马渡镇卫生院', name_en: '' };
    expect(new Translator('en').institution(place)).toBe('马渡镇卫生院');
  });
});
