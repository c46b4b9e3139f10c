/** Gathers ids for a moment and hands them over together: a CT sends hundreds of events, the list is read once. */
export class Coalesce {
  private readonly ids = new Set<string>();
  private timer: ReturnType<typeof setTimeout> | undefined;
  private busy = false;
  private readonly delayMs: number;
  private readonly flush: (ids: ReadonlySet<string>) => Promise<void>;

  constructor(delayMs: number, flush: (ids: ReadonlySet<string>) => Promise<void>) {
    this.delayMs = delayMs;
    this.flush = flush;
  }

  add(id: string): void {
    this.ids.add(id);
    this.arm();
  }

  stop(): void {
    clearTimeout(this.timer);
    this.ids.clear();
  }

  private arm(): void {
    if (this.timer !== undefined || this.busy || this.ids.size === 0) return;
    this.timer = setTimeout(() => void this.fire(), this.delayMs);
  }

  private async fire(): Promise<void> {
    this.timer = undefined;
    const ids = new Set(this.ids);
    this.ids.clear();
    this.busy = true;
    try {
      await this.flush(ids);
    } finally {
      this.busy = false;
      this.arm();
    }
  }
}
