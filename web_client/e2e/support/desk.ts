// One person at one desk: a browser of their own, signed in through the page.
import { type Browser, type BrowserContext, expect, type Locator, type Page } from '@playwright/test';
import { type Login, passwordOf } from './settings.ts';

export interface Desk {
  readonly context: BrowserContext;
  readonly page: Page;
  /** What went wrong in the page; empty at the end of a journey. */
  readonly failures: string[];
}

export async function sitDown(browser: Browser, login: Login): Promise<Desk> {
  const context = await browser.newContext();
  const page = await context.newPage();
  const failures: string[] = [];
  page.on('pageerror', (error) => failures.push(`${login}: ${error.message}`));
  page.on('console', (message) => {
    if (message.text().includes('Content Security Policy')) failures.push(`${login}: ${message.text()}`);
  });
  await page.goto('/');
  await signIn(page, login);
  return { context, page, failures };
}

export async function signIn(page: Page, login: Login): Promise<void> {
  const form = page.getByRole('form', { name: '登录' });
  await form.getByLabel('账号').fill(login);
  await form.getByLabel('密码').fill(passwordOf(login));
  await form.getByRole('button', { name: '登录' }).click();
  await expect(form).toBeHidden();
}

export interface Picture {
  /** Share of pixels that are not black, 0–1. */
  readonly lit: number;
  /** Mean of red, green and blue, 0–255. */
  readonly mean: number;
  /** Grey levels met. */
  readonly levels: number;
  /** Differs where a pixel differs. */
  readonly digest: number;
}

/** Read a canvas, or all that lie over each other in an element, as they stand on the screen. */
export function pictureOf(place: Locator): Promise<Picture> {
  return place.evaluate((element) => {
    const inside = element.querySelectorAll('canvas');
    const sources = element instanceof HTMLCanvasElement ? [element] : [...inside];
    const copy = document.createElement('canvas');
    copy.width = Math.max(1, ...sources.map(({ width }) => width));
    copy.height = Math.max(1, ...sources.map(({ height }) => height));
    const pen = copy.getContext('2d');
    if (pen === null) throw new Error('no canvas to read');
    for (const source of sources) {
      if (source.width > 0 && source.height > 0) pen.drawImage(source, 0, 0, copy.width, copy.height);
    }
    const { data } = pen.getImageData(0, 0, copy.width, copy.height);
    const seen = new Set<number>();
    let [lit, sum, digest] = [0, 0, 0];
    for (let at = 0; at < data.length; at += 4) {
      const grey = ((data[at] ?? 0) + (data[at + 1] ?? 0) + (data[at + 2] ?? 0)) / 3;
      if (grey > 8) lit += 1;
      sum += grey;
      seen.add(Math.round(grey));
      digest = (Math.imul(digest, 31) + Math.round(grey)) | 0;
    }
    const pixels = data.length / 4;
    return { lit: lit / pixels, mean: sum / pixels, levels: seen.size, digest };
  });
}

/** Wait until the canvas shows a real picture, and return it. */
export async function shownPicture(canvas: Locator): Promise<Picture> {
  await expect.poll(async () => (await pictureOf(canvas)).lit, 'the picture is black').toBeGreaterThan(0.05);
  return pictureOf(canvas);
}

/** Wait until the canvas shows something else than `before`, and return it. */
export async function changedPicture(canvas: Locator, before: Picture): Promise<Picture> {
  await expect
    .poll(async () => (await pictureOf(canvas)).digest, 'the picture has not changed')
    .not.toBe(before.digest);
  return pictureOf(canvas);
}

/** Frames of a playing video that a person would have seen by now. */
export function framesOf(video: Locator): Promise<number> {
  return video.evaluate((element) => {
    const playing = element as HTMLVideoElement;
    return playing.videoWidth > 0 ? playing.getVideoPlaybackQuality().totalVideoFrames : 0;
  });
}
