import { expect, test } from 'vitest';
import { printedPages } from './printing';
import { USUAL_VIEW } from './view';

const queries = (pages: readonly string[]): Record<string, string>[] =>
  pages.map((page) => Object.fromEntries(new URL(page, 'http://x').searchParams));

test('prints what is shown: speed, gain, layout, second and filter', () => {
  const view = { ...USUAL_VIEW, gainMmMv: 20, fromS: 10 } as const;
  const pages = printedPages('e/1', '6x2', view, 'low-35', 30);
  expect(pages[0]).toMatch(/^\/api\/ecgs\/e%2F1\/paper\.svg\?/);
  expect(queries(pages)).toEqual([
    { speed: '25', gain: '20', start_s: '10', display_filter: 'low-35', layout: '6x2' },
  ]);
});

test.each([
  [12.5, 30, ['0']],
  [25, 10, ['0']],
  [50, 10, ['0', '5']],
  [50, 4, ['0']],
] as const)('at %d mm/s, %d s need the pages from %j', (speedMmS, durationS, starts) => {
  const pages = printedPages('e', 'rows', { ...USUAL_VIEW, speedMmS }, 'none', durationS);
  expect(queries(pages).map(({ start_s }) => start_s)).toEqual(starts);
  expect(queries(pages)[0]).not.toHaveProperty('layout');
});
