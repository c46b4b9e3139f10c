// A device is registered on its page and tried: one that answers turns green, one that is not there says what to look at.
import { expect, type Locator, type Page, test } from '@playwright/test';
import { zh } from '../src/features/devices/i18n/zh.ts';
import { sitDown } from './support/desk.ts';
import { setting } from './support/settings.ts';

/** Register a device at a port of this machine; return its row. */
async function register(page: Page, aeTitle: string, port: string): Promise<Locator> {
  await page.getByRole('button', { name: zh.add }).click();
  const form = page.getByRole('dialog', { name: zh['form.title'] });
  await form.getByLabel(zh['form.ae']).fill(aeTitle);
  await form.getByLabel(zh['form.institution']).selectOption({ index: 1 });
  await form.getByLabel(zh['form.host']).fill('127.0.0.1');
  await form.getByLabel(zh['form.port'], { exact: true }).fill(port);
  await form.getByRole('button', { name: zh['act.save'] }).click();
  await expect(form).toBeHidden();
  return page.locator(`[data-testid=device-row][data-ae=${aeTitle}]`);
}

test('a device is registered, answers, takes a picture; another is missed, with advice', async ({
  browser,
}) => {
  const { page, failures } = await sitDown(browser, 'admin');
  await page.goto('/devices');
  const [there, gone] = [setting('E2E_DEVICE_PORT'), setting('E2E_NO_DEVICE_PORT')];
  const row = await register(page, 'ARCHIVE', there);
  const good = row.locator('[data-state=good]');
  await expect(row).toContainText(zh['out.untried']);

  await test.step('it answers', async () => {
    await row.getByRole('button', { name: zh['act.echo'] }).click();
    await expect(good).toHaveCount(1);
    await expect(row).toContainText(zh['out.echo'].split('{')[0] ?? '');
  });

  await test.step('what is not there is red, and says what to check', async () => {
    const missing = await register(page, 'MISSING', gone);
    await missing.getByRole('button', { name: zh['act.echo'] }).click();
    await expect(missing.locator('[data-state=bad]')).toHaveCount(1);
    await expect(missing.getByRole('alert')).toHaveText(
      zh['why.unreachable'].replace('{host}', '127.0.0.1').replace('{port}', gone),
    );
  });

  await test.step('it takes a picture', async () => {
    // A device is tried every two seconds at most.
    await expect(async () => {
      await row.getByRole('button', { name: zh['act.sample'] }).click();
      await expect(row).toContainText(zh['out.sample'].split('{')[0] ?? '', { timeout: 1_000 });
    }).toPass();
    await expect(good).toHaveCount(1);
  });

  expect(failures).toEqual([]);
});
