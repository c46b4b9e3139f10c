import { describe, expect, test } from 'vitest';

type Texts = Readonly<Record<string, string>>;

const chinese = import.meta.glob<{ zh: Texts }>('/src/**/i18n/zh.ts', { eager: true });
const english = import.meta.glob<{ en: Texts }>('/src/**/i18n/en.ts', { eager: true });

const pairs = Object.entries(chinese).map(
  ([path, { zh }]) =>
    [path.replace('/i18n/zh.ts', ''), zh, english[path.replace('zh.ts', 'en.ts')]?.en ?? {}] as const,
);

const placeholders = (text: string): string[] =>
  [...text.matchAll(/\{(\w+)\}/g)].map((match) => match[1] ?? '').sort();

test('every Chinese dictionary has its English one and the other way round', () => {
  expect(
    Object.keys(english)
      .map((path) => path.replace('en.ts', 'zh.ts'))
      .sort(),
  ).toEqual(Object.keys(chinese).sort());
});

describe.each(pairs)('the dictionaries of %s', (_path, zh, en) => {
  test('have the same keys', () => {
    expect(Object.keys(en).sort()).toEqual(Object.keys(zh).sort());
  });

  test('have no empty text and the same values to fill in', () => {
    for (const [key, text] of Object.entries(zh)) {
      expect(text.trim(), key).not.toBe('');
      expect((en[key] ?? '').trim(), key).not.toBe('');
      expect(placeholders(en[key] ?? ''), key).toEqual(placeholders(text));
    }
  });

  test('leave no Chinese in the English and no plain English sentence in the Chinese', () => {
    for (const [key, text] of Object.entries(en)) {
      if (key !== 'lang.switch') expect(text, key).not.toMatch(/\p{Script=Han}/u);
    }
    for (const [key, text] of Object.entries(zh)) {
      // Names of intervals and formats are the same in both.
      const plain = text.replace(/\{\w+\}/g, '').match(/[A-Za-z]{3,} [a-z]{2,}/);
      if (key !== 'lang.switch') expect(plain, key).toBeNull();
    }
  });
});
