import { readFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import type { Plugin } from 'vite';

const PACKAGE = '@expo-google-fonts/noto-sans-sc';

/** Puts the one Chinese TTF the server prints with, and its licence, beside the page; no style sheet names it. */
export function printingFonts(): Plugin {
  return {
    name: 'lianzhen:printing-fonts',
    apply: 'build',
    async generateBundle() {
      const root = dirname(createRequire(import.meta.url).resolve(`${PACKAGE}/package.json`));
      const files = [
        ['400Regular/NotoSansSC_400Regular.ttf', 'fonts/NotoSansSC_400Regular.ttf'],
        ['LICENSE_FONT', 'fonts/NotoSansSC_LICENSE.txt'],
      ] as const;
      for (const [from, fileName] of files) {
        this.emitFile({ type: 'asset', fileName, source: await readFile(join(root, from)) });
      }
    },
  };
}
