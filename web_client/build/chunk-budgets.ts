import { gzipSync } from 'node:zlib';
import type { Plugin, Rollup } from 'vite';

const SHELL = 'index';

/** Kilobytes gzipped of script and style before a page stands, the shell and all imports counted once. */
const WHOLE_KB: Readonly<Record<string, number>> = { [SHELL]: 220, InboxPage: 180 };

/** What a page adds to a shell that stands already. */
const BEYOND_SHELL_KB: Readonly<Record<string, number>> = { ReadingPage: 720, EcgPage: 30 };

/** Township PCs are slow and their lines thin: a page that outgrows its budget is not built. */
export function chunkBudgets(): Plugin {
  return {
    name: 'lianzhen:chunk-budgets',
    apply: 'build',
    generateBundle(_options, bundle) {
      const filesOf = (name: string): Set<string> => {
        const entry = Object.values(bundle).find((item) => item.type === 'chunk' && item.name === name);
        if (entry === undefined) {
          this.error(`no chunk is called ${name}: chunk-budgets.ts must follow the pages`);
        }
        return neededBy(entry.fileName, bundle);
      };
      const check = (name: string, budget: number, files: Iterable<string>): void => {
        let kb = 0;
        for (const file of files) kb += gzipped(bundle[file]) / 1000;
        this.info(`${name}: ${kb.toFixed(1)} of ${budget} KB gzipped`);
        if (kb > budget) this.error(`${name} has ${kb.toFixed(1)} KB gzipped; its budget is ${budget}`);
      };
      const shell = filesOf(SHELL);
      for (const [name, budget] of Object.entries(WHOLE_KB)) {
        check(name, budget, new Set([...shell, ...filesOf(name)]));
      }
      for (const [name, budget] of Object.entries(BEYOND_SHELL_KB)) {
        check(
          name,
          budget,
          [...filesOf(name)].filter((file) => !shell.has(file)),
        );
      }
    },
  };
}

/** A chunk, what it imports and their styles. */
function neededBy(fileName: string, bundle: Rollup.OutputBundle): Set<string> {
  const files = new Set<string>();
  const visit = (name: string): void => {
    const item = bundle[name];
    if (files.has(name) || item?.type !== 'chunk') return;
    files.add(name);
    for (const style of item.viteMetadata?.importedCss ?? []) files.add(style);
    item.imports.forEach(visit);
  };
  visit(fileName);
  return files;
}

function gzipped(item: Rollup.OutputAsset | Rollup.OutputChunk | undefined): number {
  return gzipSync(item?.type === 'chunk' ? item.code : (item?.source ?? '')).length;
}
