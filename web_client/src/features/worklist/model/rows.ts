import type { Request } from '@/shared/requests/requests';
import type { View } from './filters';

export type Group = 'red' | 'orange' | 'uninterpretable' | 'routine' | 'all';

export type Row =
  | { readonly type: 'group'; readonly key: string; readonly group: Group }
  | { readonly type: 'request'; readonly key: string; readonly request: Request };

/** Emergency by the township stands among the orange; nothing else moves a case up here but the server's order. */
function groupOf(request: Request, view: View): Group {
  if (view === 'done' || view === 'returned') return 'all';
  return request.emergency && request.risk !== 'red' ? 'orange' : request.risk;
}

/** The list in the server's order, with a heading wherever the group changes. */
export function rowsOf(requests: readonly Request[], view: View): Row[] {
  const rows: Row[] = [];
  let last: Group | null = null;
  for (const request of requests) {
    const group = groupOf(request, view);
    if (group !== last && group !== 'all') rows.push({ type: 'group', key: `${group}-${request.id}`, group });
    last = group;
    rows.push({ type: 'request', key: request.id, request });
  }
  return rows;
}

/** A request that moved between two pages while they were read is shown once, where it stands now. */
export function distinct(pages: readonly { readonly items: readonly Request[] }[]): Request[] {
  const seen = new Set<string>();
  const found: Request[] = [];
  for (const request of pages.flatMap((page) => page.items)) {
    if (!seen.has(request.id)) found.push(request);
    seen.add(request.id);
  }
  return found;
}

const TERMINAL = new Set(['completed', 'rejected', 'cancelled', 'failed', 'entered-in-error']);

/** Whether the clock still runs for it. */
export function running(request: Request): boolean {
  return !TERMINAL.has(request.status) && request.status !== 'on-hold';
}

export function claimable(request: Request): boolean {
  return request.status === 'requested' && request.claimed_by === null;
}

/** The next row's id from where the cursor stands; where that is gone, the first. */
export function moved(requests: readonly Request[], from: string | null, by: 1 | -1): string | null {
  const at = requests.findIndex((request) => request.id === from);
  const to = at < 0 ? 0 : Math.max(0, Math.min(requests.length - 1, at + by));
  return requests[to]?.id ?? null;
}
