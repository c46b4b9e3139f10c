// What goes wrong in a working day: each said on the page in both languages, and nothing lost.
import { expect, type Locator, test } from '@playwright/test';
import { en as consultEn } from '../src/features/consult/i18n/en.ts';
import { zh as consultZh } from '../src/features/consult/i18n/zh.ts';
import { en as inboxEn } from '../src/features/inbox/i18n/en.ts';
import { zh as inboxZh } from '../src/features/inbox/i18n/zh.ts';
import { en as readingEn } from '../src/features/reading/i18n/en.ts';
import { zh as readingZh } from '../src/features/reading/i18n/zh.ts';
import { en as worklistEn } from '../src/features/worklist/i18n/en.ts';
import { zh as worklistZh } from '../src/features/worklist/i18n/zh.ts';
import { ARGUMENTS } from './support/browsers.ts';
import { type Desk, shownPicture, signIn, sitDown } from './support/desk.ts';
import { send } from './support/device.ts';
import { crashTheServer } from './support/server.ts';
import { saysInBoth } from './support/words.ts';

const rowOf = (desk: Desk, text: string): Locator =>
  desk.page.getByTestId('worklist-row').filter({ hasText: text });
const canvasOf = (desk: Desk): Locator => desk.page.getByTestId('viewport');

test('two readers take a case at once: one has it, the other is told', async ({ browser }) => {
  await send('ct');
  const desks = await Promise.all([sitDown(browser, 'reader'), sitDown(browser, 'reviewer')]);
  const claims = desks.map((desk) => rowOf(desk, '王秀兰').getByTestId('claim'));
  for (const claim of claims) await expect(claim).toBeVisible();
  // Both requests leave before either answer is on its way.
  let arrived = 0;
  let release: () => void;
  const both = new Promise<void>((resolve) => {
    release = resolve;
  });
  for (const desk of desks) {
    await desk.context.route('**/api/requests/*/claim', async (route) => {
      arrived += 1;
      if (arrived === desks.length) release();
      await both;
      await route.continue();
    });
  }
  await Promise.all(claims.map((claim) => claim.click()));
  const told = desks.map((desk) => desk.page.getByText(worklistZh['error.already-claimed']));
  await expect.poll(async () => (await Promise.all(told.map((text) => text.count()))).sort()).toEqual([0, 1]);
  const [first, second] = desks;
  const late = (await told[0]?.count()) === 1 ? first : second;
  if (late === undefined) throw new Error('nobody was late');
  await saysInBoth(late.page, [worklistZh, worklistEn], 'error.already-claimed');
});

test('a session that ends while writing, and a server that crashes: the text stays', async ({ browser }) => {
  const reader = await sitDown(browser, 'reader');
  await send('plain');
  await rowOf(reader, '钱文').dblclick();
  const findings = reader.page.getByTestId('report-findings');
  await findings.fill('双肺纹理清晰。');
  await expect(reader.page.getByTestId('report-state')).toContainText('已存');

  // The form lies over the page as soon as anything is asked: the words are there before.
  await findings.fill('双肺纹理清晰。心影不大。');
  await reader.context.clearCookies();
  await expect(reader.page.getByText('登录已过期').first()).toBeVisible();
  await signIn(reader.page, 'reader');
  await expect(findings).toHaveValue('双肺纹理清晰。心影不大。');
  await expect(reader.page.getByTestId('report-state')).toContainText('已存');

  await crashTheServer();
  await findings.fill('双肺纹理清晰。心影不大。膈面光滑。');
  await expect(reader.page.getByTestId('report-state')).toContainText('已存', { timeout: 30_000 });
  await reader.page.reload();
  await expect(findings).toHaveValue('双肺纹理清晰。心影不大。膈面光滑。');
});

test('a damaged slice is shown as such, and stops no other', async ({ browser }) => {
  const reader = await sitDown(browser, 'reader');
  await send('damaged');
  await rowOf(reader, '孙家栋').dblclick();
  await shownPicture(canvasOf(reader));
  await reader.page.keyboard.press('ArrowDown');
  await expect(reader.page.getByTestId('broken-slice')).toBeVisible();
  await saysInBoth(reader.page, [readingZh, readingEn], 'broken.undecodable', { n: 2 });
  await reader.page.keyboard.press('ArrowDown');
  await expect(reader.page.getByTestId('broken-slice')).toBeHidden();
  await expect(reader.page.getByTestId('slice-number')).toHaveText('图 3/3');
  await shownPicture(canvasOf(reader));
});

test('a file of the wrong kind is named, and not sent', async ({ browser }) => {
  const township = await sitDown(browser, 'township1');
  await township.page.goto('/inbox');
  await township.page
    .getByTestId('file-input')
    .setInputFiles({ name: 'notes.txt', mimeType: 'text/plain', buffer: Buffer.from('not an exam') });
  await saysInBoth(township.page, [inboxZh, inboxEn], 'case.notDicom');
});

test('a patient name with markup is text', async ({ browser }) => {
  const reader = await sitDown(browser, 'reader');
  reader.page.on('dialog', () => reader.failures.push('a script in a name has run'));
  await send('markup');
  const row = rowOf(reader, '<script>alert(1)</script>');
  await expect(row).toBeVisible();
  await row.dblclick();
  await shownPicture(canvasOf(reader));
  await expect(reader.page.getByText('<script>alert(1)</script>').first()).toBeVisible();
  await expect(reader.page.locator('b', { hasText: /^刘$/ })).toHaveCount(0);
  expect(reader.failures).toEqual([]);
});

test('a room that was guessed does not open', async ({ browser }) => {
  const stranger = await sitDown(browser, 'township2');
  await stranger.page.goto(`/consult/${'0'.repeat(32)}`);
  await saysInBoth(stranger.page, [consultZh, consultEn], 'room.failed');
});

test('a denied camera is said, and one may listen and look', async ({ playwright }, info) => {
  const args = ARGUMENTS.map((each) => (each === '--use-fake-ui-for-media-stream' ? `${each}=deny` : each));
  const browser = await playwright.chromium.launch({ ...info.project.use.launchOptions, args });
  try {
    const township = await sitDown(browser, 'township1');
    await send('ct');
    await township.page.goto('/worklist');
    await rowOf(township, '王秀兰').first().dblclick();
    await township.page.getByTestId('consult-open').click();
    await township.page.getByTestId('consult-join').click();
    await saysInBoth(township.page, [consultZh, consultEn], 'device.both.denied');
    await expect(township.page.getByTestId('video-tile').first()).toBeVisible();
  } finally {
    await browser.close();
  }
});
