import { expect, test } from '@playwright/test';

test('a browser on the LAN has a camera and a microphone', async ({ page }) => {
  await page.goto('/');
  const found = await page.evaluate(async () => {
    const stream = await navigator.mediaDevices.getUserMedia({ audio: true, video: true });
    const kinds = stream.getTracks().map((track) => track.kind);
    for (const track of stream.getTracks()) track.stop();
    return { secure: isSecureContext, kinds: kinds.sort() };
  });
  expect(found).toEqual({ secure: true, kinds: ['audio', 'video'] });
});
