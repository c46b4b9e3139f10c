import { defineConfig } from '@playwright/test';
import { ARGUMENTS, chrome109, DEBIAN_CHROMIUM, unpackChrome109 } from './support/browsers.ts';

// pytest starts the server and says where it is; see tests/e2e/test_journey.py.
const project = process.env.E2E_BROWSER ?? 'chromium';
if (project === 'chrome-109') await unpackChrome109();

// The one key of the demonstration's own authority that a browser here takes without having it installed.
const trusted = process.env.E2E_TRUSTED_KEY;
const args = trusted ? [...ARGUMENTS, `--ignore-certificate-errors-spki-list=${trusted}`] : ARGUMENTS;

export default defineConfig({
  testDir: '.',
  outputDir: 'artifacts',
  forbidOnly: true,
  workers: 1,
  retries: 0,
  timeout: 240_000,
  expect: { timeout: 30_000 },
  reporter: [['line']],
  use: {
    baseURL: process.env.E2E_URL ?? 'http://127.0.0.1:8080',
    locale: 'zh-CN',
    timezoneId: 'Asia/Shanghai',
    viewport: { width: 1366, height: 768 },
    actionTimeout: 30_000,
    screenshot: 'only-on-failure',
    trace: 'retain-on-failure',
  },
  projects: [
    { name: 'chromium', use: { launchOptions: { executablePath: DEBIAN_CHROMIUM, args } } },
    { name: 'chrome-109', use: { launchOptions: { executablePath: chrome109(), args } } },
  ],
});
