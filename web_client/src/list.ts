import type { Page, Received } from './model';
import { asProblem, type Problem } from './problem';

/** Newest first; equal times by id, so that two clients show the same order. */
export function newestFirst(a: Received, b: Received): number {
  const byTime = Date.parse(b.received_at) - Date.parse(a.received_at);
  if (byTime !== 0) return byTime;
  return a.id < b.id ? 1 : a.id > b.id ? -1 : 0;
}

/** An item that is known is replaced by its newer form; one that is not is put in its place. */
export function merge<T extends Received>(known: readonly T[], incoming: readonly T[]): T[] {
  const byId = new Map(known.map((item) => [item.id, item]));
  for (const item of incoming) byId.set(item.id, item);
  return [...byId.values()].sort(newestFirst);
}

export type Phase = 'idle' | 'loading' | 'loading-more' | 'failed';

/** Pages looked through for one item that the list does not hold yet. */
const SEARCHED_PAGES = 10;

/** One list of the server, as deep as the user has gone, kept current by re-reading it from the top. */
export class RecordList<T extends Received> {
  items: readonly T[] = [];
  phase: Phase = 'idle';
  problem: Problem | null = null;
  /** What failed, where the phase is failed. */
  failed: 'loading' | 'loading-more' | null = null;
  loadedAt: Date | null = null;
  /** Ids that arrived while the page was watching and have not been opened. */
  readonly fresh = new Set<string>();
  onChange: () => void = () => {};
  onFresh: (item: T) => void = () => {};
  private next: string | null = null;
  private queue: Promise<void> = Promise.resolve();
  private readonly page: (before: string | null) => Promise<Page<T>>;

  constructor(page: (before: string | null) => Promise<Page<T>>) {
    this.page = page;
  }

  get hasMore(): boolean {
    return this.next !== null;
  }

  get(id: string): T | undefined {
    return this.items.find((item) => item.id === id);
  }

  /** Read again to the same depth. What the server no longer shows goes away. */
  reload(): Promise<void> {
    return this.run('loading', async () => {
      const wanted = Math.max(1, this.items.length);
      const items: T[] = [];
      let next: string | null = null;
      do {
        const page: Page<T> = await this.page(next);
        items.push(...page.items);
        next = page.next;
      } while (next !== null && items.length < wanted);
      this.markFresh(items);
      this.items = merge([], items);
      this.next = next;
      this.loadedAt = new Date();
    });
  }

  /** Bring in what an event spoke of: from the top, until it is found or the known part ends. */
  refresh(ids: ReadonlySet<string>): Promise<void> {
    return this.run('loading', async () => {
      const missing = new Set(ids);
      let seen = 0;
      let next: string | null = null;
      do {
        const page: Page<T> = await this.page(next);
        this.markFresh(page.items);
        const first = this.items.length === 0;
        this.items = merge(this.items, page.items);
        if (first) this.next = page.next;
        for (const item of page.items) missing.delete(item.id);
        seen += page.items.length;
        next = page.next;
      } while (missing.size > 0 && next !== null && seen < this.items.length);
      this.loadedAt = new Date();
    });
  }

  loadMore(): Promise<void> {
    return this.run('loading-more', async () => {
      if (this.next === null) return;
      const page = await this.page(this.next);
      this.items = merge(this.items, page.items);
      this.next = page.next;
    });
  }

  /** The item, reading deeper while it is not there; null where it is not in reach. */
  async find(id: string): Promise<T | null> {
    for (let pages = 0; pages < SEARCHED_PAGES; pages += 1) {
      const known = this.get(id);
      if (known !== undefined) return known;
      if (this.loadedAt === null) await this.reload();
      else if (this.next !== null) await this.loadMore();
      else return null;
      if (this.phase === 'failed' && this.problem !== null) throw this.problem;
    }
    return this.get(id) ?? null;
  }

  private markFresh(items: readonly T[]): void {
    if (this.loadedAt === null) return;
    const newest = this.items[0];
    for (const item of items) {
      const later = newest === undefined || newestFirst(item, newest) < 0;
      if (!later || this.get(item.id) !== undefined) continue;
      this.fresh.add(item.id);
      this.onFresh(item);
    }
  }

  /** One reading at a time: two that overlap would undo each other. */
  private run(phase: 'loading' | 'loading-more', work: () => Promise<void>): Promise<void> {
    this.queue = this.queue.then(async () => {
      this.phase = phase;
      this.onChange();
      try {
        await work();
        this.phase = 'idle';
        this.problem = null;
        this.failed = null;
      } catch (error) {
        this.phase = 'failed';
        this.problem = asProblem(error);
        this.failed = phase;
      }
      this.onChange();
    });
    return this.queue;
  }
}
