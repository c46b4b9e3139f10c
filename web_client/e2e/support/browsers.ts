// The two browsers of every journey: Debian's own Chromium, and the Chrome 109 of old township PCs.

import { createReadStream, createWriteStream } from 'node:fs';
import { chmod, mkdir, rename, rm, stat } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { pipeline } from 'node:stream/promises';
import { fileURLToPath } from 'node:url';
import { createBrotliDecompress } from 'node:zlib';

const nodeModules = fileURLToPath(new URL('../../node_modules/', import.meta.url));

/** What both are started with: nothing calls home, and cameras are invented. */
export const ARGUMENTS = [
  '--no-sandbox',
  '--disable-gpu',
  '--disable-quic',
  '--no-first-run',
  '--disable-background-networking',
  '--disable-component-update',
  '--disable-sync',
  '--use-fake-device-for-media-stream',
  '--use-fake-ui-for-media-stream',
];

export const DEBIAN_CHROMIUM = '/usr/bin/chromium';

const CHROME_109 = join(nodeModules, '.cache', 'chrome-109', 'chrome');

/** Where Chrome 109 is once `unpackChrome109` has run. */
export function chrome109(): string {
  return CHROME_109;
}

/** Unpack the browser that its npm package carries, once; a half-written file is never run. */
export async function unpackChrome109(): Promise<void> {
  const require = createRequire(import.meta.url);
  const packed = join(dirname(require.resolve('@sparticuz/chromium')), '..', 'bin', 'chromium.br');
  const there = await stat(CHROME_109).catch(() => null);
  if (there !== null && there.mtimeMs >= (await stat(packed)).mtimeMs) return;
  await mkdir(dirname(CHROME_109), { recursive: true });
  const half = `${CHROME_109}.${process.pid}`;
  try {
    await pipeline(createReadStream(packed), createBrotliDecompress(), createWriteStream(half));
    await chmod(half, 0o755);
    await rename(half, CHROME_109);
  } finally {
    await rm(half, { force: true });
  }
}
