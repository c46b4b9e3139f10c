import { join } from 'node:path';
import type { Page } from '@playwright/test';

/** Keep a picture for the README, where somebody asked for them (make pictures). */
export async function picture(page: Page, name: string): Promise<void> {
  const folder = process.env.E2E_PICTURES;
  if (!folder) return;
  await page.screenshot({ path: join(folder, `${name}.png`), animations: 'disabled' });
}
