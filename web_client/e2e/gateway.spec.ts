import { expect, test } from '@playwright/test';

// The page of `lianzhen gateway`; see tests/e2e/test_gateway.py.
const shots = process.env.E2E_SHOTS;

test('a township looks after its gateway', async ({ page }) => {
  const errors: string[] = [];
  page.on('pageerror', (error) => errors.push(error.message));
  const shot = async (name: string) => {
    if (shots) await page.screenshot({ path: `${shots}/${name}.png`, fullPage: true });
  };

  await page.goto('/');
  await expect(page.locator('#banner-title')).toContainText('2 个文件需要处理');
  await expect(page.locator('#waiting-emergencies')).toHaveText('1');
  await expect(page.locator('body')).not.toContainText('张三');
  await expect(page.locator('#names')).toBeHidden();
  await shot('stranger');

  await page.getByLabel('账号').fill('technician');
  await page.getByLabel('密码').fill('wrong');
  await page.getByRole('button', { name: '登录' }).click();
  await expect(page.locator('#sign-in-error')).not.toBeEmpty();
  await page.getByLabel('密码').fill('a long enough password');
  await page.getByRole('button', { name: '登录' }).click();
  await expect(page.locator('#studies-table')).toContainText('张三');
  await expect(page.locator('#refused-table tbody tr')).toHaveCount(2);
  await expect(page.locator('#refused-table')).toContainText('请在设备上重发该检查');
  await shot('signed-in');

  await page.locator('#refused-table').getByRole('button', { name: '重发' }).first().click();
  await expect(page.locator('#toast')).toContainText('已提交');
  await expect(page.locator('#refused-table tbody tr')).toHaveCount(1);
  await page.locator('#studies-table').getByRole('button', { name: '加急' }).first().click();
  await expect(page.locator('#waiting-emergencies')).not.toHaveText('1');

  // Who signs out takes the names along, and a reload keeps nothing.
  await page.getByRole('button', { name: '退出' }).click();
  await expect(page.locator('body')).not.toContainText('张三');
  await page.reload();
  await expect(page.locator('#banner-title')).toContainText('1 个文件需要处理');
  await page.setViewportSize({ width: 400, height: 800 });
  await shot('narrow');
  const [width, room] = await page.evaluate(() => [document.documentElement.scrollWidth, window.innerWidth]);
  expect(width).toBeLessThanOrEqual(room);
  expect(errors).toEqual([]);
});

test('a page whose gateway is gone says so', async ({ page }) => {
  await page.goto('/');
  await expect(page.locator('#banner-title')).toContainText('需要处理');
  await page.route('**/api/gateway', (route) => route.abort());
  await expect(page.locator('#banner-title')).toContainText('网关程序没有回答');
  await page.unroute('**/api/gateway');
  await expect(page.locator('#banner-title')).toContainText('需要处理');
});
