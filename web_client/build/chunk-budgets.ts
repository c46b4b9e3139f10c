import { gzipSync } from 'node:zlib';
import type { Plugin, Rollup } from 'vite';

/** Kilobytes gzipped of script and style that a page needs before it works, all its imports counted once. */
const BUDGETS_KB: Readonly<Record<string, number>> = {
  index: 220,
};

/** Township PCs are slow and their lines thin: a page that outgrows its budget is not built. */
export function chunkBudgets(): Plugin {
  return {
    name: 'lianzhen:chunk-budgets',
    apply: 'build',
    generateBundle(_options, bundle) {
      for (const [name, budget] of Object.entries(BUDGETS_KB)) {
        const entry = Object.values(bundle).find((item) => item.type === 'chunk' && item.name === name);
        if (entry?.type !== 'chunk') {
          this.error(`no chunk is called ${name}: chunk-budgets.ts must follow the pages`);
        }
        const kb = sizeOf(entry, bundle) / 1000;
        this.info(`${name}: ${kb.toFixed(1)} of ${budget} KB gzipped`);
        if (kb > budget) this.error(`${name} has ${kb.toFixed(1)} KB gzipped; its budget is ${budget}`);
      }
    },
  };
}

function sizeOf(entry: Rollup.OutputChunk, bundle: Rollup.OutputBundle): number {
  const files = new Set<string>();
  const visit = (name: string): void => {
    const item = bundle[name];
    if (files.has(name) || item?.type !== 'chunk') return;
    files.add(name);
    for (const style of item.viteMetadata?.importedCss ?? []) files.add(style);
    item.imports.forEach(visit);
  };
  visit(entry.fileName);
  let bytes = 0;
  for (const name of files) {
    const item = bundle[name];
    bytes += gzipSync(item?.type === 'chunk' ? item.code : (item?.source ?? '')).length;
  }
  return bytes;
}
