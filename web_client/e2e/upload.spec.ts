// An ECG in its maker's format: uploaded through the page, screened, on the county's list, drawn, and given back.
import { readFile } from 'node:fs/promises';
import { expect, type Locator, test } from '@playwright/test';
import { shownPicture, sitDown } from './support/desk.ts';
import { setting } from './support/settings.ts';

/** The name that the sample's anonymiser wrote. */
const PATIENT = 'REMOVED';
const RHYTHM = '窦性心律';

test('an SCP-ECG goes from the township’s stick to the county’s paper', async ({ browser }) => {
  const [township, reader] = await Promise.all([sitDown(browser, 'township1'), sitDown(browser, 'reader')]);
  const row = reader.page.getByTestId('worklist-row').filter({ hasText: PATIENT });
  const file = setting('E2E_SCP');

  await test.step('the township uploads it, and its row leads to the case', async () => {
    await expect(reader.page.getByTestId('worklist-row').first()).toBeVisible();
    await expect(row).toHaveCount(0);
    await township.page.goto('/inbox');
    await township.page.getByTestId('file-input').setInputFiles(file);
    const card = township.page.getByTestId('upload-case');
    await expect(card).toHaveAttribute('data-state', 'stored');
    await expect(card).toContainText(PATIENT);
    await card.getByTestId('open-case').click();
    await expect(township.page).toHaveURL(/\/ecg\//);
    await expect(township.page.getByTestId('ecg-canvas')).toBeVisible();
  });

  await test.step('the county has it on its list by itself, screened', async () => {
    await expect(row).toContainText(RHYTHM);
  });

  await test.step('it is drawn: a trace over the whole width, not paper alone', async () => {
    await row.dblclick();
    await expect(reader.page).toHaveURL(/\/ecg\//);
    const canvas = reader.page.getByTestId('ecg-canvas');
    await shownPicture(canvas);
    await expect.poll(() => inkedColumns(canvas)).toBeGreaterThan(0.9);
    await expect(reader.page.getByText(RHYTHM).first()).toBeVisible();
  });

  await test.step('what is downloaded is the file that was uploaded', async () => {
    const [download] = await Promise.all([
      reader.page.waitForEvent('download'),
      reader.page.getByTestId('original').click(),
    ]);
    expect(download.suggestedFilename()).toMatch(/^[0-9a-f]{32}\.scp$/);
    expect((await readFile(await download.path())).equals(await readFile(file))).toBe(true);
  });

  expect([...township.failures, ...reader.failures]).toEqual([]);
});

/** Share of the canvas's columns in which something is drawn in ink: grid and small print are paler. */
function inkedColumns(canvas: Locator): Promise<number> {
  return canvas.evaluate((element) => {
    const { width, height } = element as HTMLCanvasElement;
    const pen = (element as HTMLCanvasElement).getContext('2d');
    if (pen === null) throw new Error('no canvas to read');
    const { data } = pen.getImageData(0, 0, width, height);
    const inked = new Set<number>();
    for (let at = 0; at < data.length; at += 4) {
      if ((data[at] ?? 255) + (data[at + 1] ?? 255) + (data[at + 2] ?? 255) < 3 * 96)
        inked.add((at / 4) % width);
    }
    return inked.size / width;
  });
}
