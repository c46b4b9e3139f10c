import { gzipSync } from 'node:zlib';
import type { Plugin, Rollup } from 'vite';

/** Kilobytes gzipped of script and style that a page needs to stand, the shell and all imports counted once. */
const BUDGETS_KB: Readonly<Record<string, number>> = {
  index: 220,
  InboxPage: 180,
  ReadingPage: 720,
};

/** Township PCs are slow and their lines thin: a page that outgrows its budget is not built. */
export function chunkBudgets(): Plugin {
  return {
    name: 'lianzhen:chunk-budgets',
    apply: 'build',
    generateBundle(_options, bundle) {
      const chunk = (name: string): Rollup.OutputChunk => {
        const found = Object.values(bundle).find((item) => item.type === 'chunk' && item.name === name);
        if (found?.type === 'chunk') return found;
        return this.error(`no chunk is called ${name}: chunk-budgets.ts must follow the pages`);
      };
      const shell = chunk('index');
      for (const [name, budget] of Object.entries(BUDGETS_KB)) {
        const entry = chunk(name);
        const kb = sizeOf([shell, entry], bundle) / 1000;
        this.info(`${name}: ${kb.toFixed(1)} of ${budget} KB gzipped`);
        if (kb > budget) this.error(`${name} has ${kb.toFixed(1)} KB gzipped; its budget is ${budget}`);
      }
    },
  };
}

function sizeOf(entries: readonly Rollup.OutputChunk[], bundle: Rollup.OutputBundle): number {
  const files = new Set<string>();
  const visit = (name: string): void => {
    const item = bundle[name];
    if (files.has(name) || item?.type !== 'chunk') return;
    files.add(name);
    for (const style of item.viteMetadata?.importedCss ?? []) files.add(style);
    item.imports.forEach(visit);
  };
  for (const entry of entries) visit(entry.fileName);
  let bytes = 0;
  for (const name of files) {
    const item = bundle[name];
    bytes += gzipSync(item?.type === 'chunk' ? item.code : (item?.source ?? '')).length;
  }
  return bytes;
}
