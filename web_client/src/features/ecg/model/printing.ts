import type { DisplayFilter, LayoutName } from '@/ecgcore';
import { pageS } from '@/ecgcore';
import type { EcgView } from './view';

/** Millimetres of trace on the server's A4 page. */
const TRACE_MM = 250;

/** The pages that show what the paper shows, true to the millimetre: fast paper needs two. */
export function printedPages(
  ecgId: string,
  layout: LayoutName,
  { speedMmS, gainMmMv, fromS }: EcgView,
  filter: DisplayFilter,
  durationS: number,
): readonly string[] {
  const untilS = Math.min(durationS, fromS + pageS(speedMmS));
  const pages: string[] = [];
  for (let startS = fromS; startS < untilS; startS += TRACE_MM / speedMmS) {
    const chosen = new URLSearchParams({
      speed: String(speedMmS),
      gain: String(gainMmMv),
      start_s: String(startS),
      display_filter: filter,
    });
    if (layout !== 'rows') chosen.set('layout', layout);
    pages.push(`/api/ecgs/${encodeURIComponent(ecgId)}/paper.svg?${chosen}`);
  }
  return pages;
}
