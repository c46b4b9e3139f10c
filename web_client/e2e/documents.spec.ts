// A structured report and a PDF, as a workstation sends them beside images: read in the place of images.
import { expect, test } from '@playwright/test';
import { zh } from '../src/features/reading/i18n/zh.ts';
import { sitDown } from './support/desk.ts';
import { send } from './support/device.ts';

const PATIENT = '周文书';

test('a report is read as a page, and a PDF in the page', async ({ browser }) => {
  const reader = await sitDown(browser, 'reader');
  const { page } = reader;
  await send('documents');
  await page.getByTestId('worklist-row').filter({ hasText: PATIENT }).dblclick();
  await expect(page).toHaveURL(/\/reading\//);
  const rail = page.getByRole('complementary', { name: zh['series.label'] });
  const shown = page.frameLocator('iframe');

  await test.step('the report, with its heading and its words', async () => {
    await rail.getByRole('button').filter({ hasText: zh['series.report'] }).click();
    await expect(shown.getByRole('heading', { level: 1 })).toHaveText('Diagnosis');
    await expect(shown.getByText('A mass of').first()).toBeVisible();
    await expect(shown.getByText('患者', { exact: true })).toBeVisible();
    if (process.env.E2E_PICTURES) await page.screenshot({ path: `${process.env.E2E_PICTURES}/report.png` });
  });

  await test.step('the document, which the browser is given as a PDF', async () => {
    await rail.getByRole('button').filter({ hasText: zh['series.document'] }).click();
    await expect(shown.getByRole('heading', { level: 1 })).toHaveText('胸部 CT 报告单');
    await expect(shown.locator('object')).toBeVisible();
    // What its viewer reads is no response that a page hears of.
    const link = await shown.getByRole('link').evaluate((element) => (element as HTMLAnchorElement).href);
    const answer = await page.request.get(link);
    expect(answer.status()).toBe(200);
    expect(answer.headers()['content-type']).toBe('application/pdf');
    expect((await answer.body()).subarray(0, 5).toString()).toBe('%PDF-');
    if (process.env.E2E_PICTURES) await page.screenshot({ path: `${process.env.E2E_PICTURES}/pdf.png` });
  });

  expect(reader.failures).toEqual([]);
});
