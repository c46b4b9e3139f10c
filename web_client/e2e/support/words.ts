import { expect, type Page } from '@playwright/test';

type Dictionary = Readonly<Record<string, string>>;

/** Make sure that the page says a sentence, in Chinese and, after the switch, in English. */
export async function saysInBoth(
  page: Page,
  [zh, en]: readonly [Dictionary, Dictionary],
  key: string,
  values: Readonly<Record<string, string | number>> = {},
): Promise<void> {
  await expect(page.getByText(sentence(zh, key, values)).first()).toBeVisible();
  await page.getByRole('button', { name: 'English' }).first().click();
  await expect(page.getByText(sentence(en, key, values)).first()).toBeVisible();
  await page.getByRole('button', { name: '中文' }).first().click();
}

function sentence(words: Dictionary, key: string, values: Readonly<Record<string, string | number>>): string {
  const text = words[key];
  if (text === undefined) throw new Error(`no page says ${key}`);
  return text.replaceAll(/\{(\w+)\}/g, (_, name: string) => String(values[name] ?? ''));
}
