/** Passes on the latest of many values, at once when idle and then at most once an interval. */
export class Coalescer<T> {
  private latest: { readonly value: T } | null = null;
  private timer: ReturnType<typeof setTimeout> | undefined;
  private readonly intervalMs: number;
  private readonly send: (value: T) => void;

  constructor(intervalMs: number, send: (value: T) => void) {
    this.intervalMs = intervalMs;
    this.send = send;
  }

  offer(value: T): void {
    if (this.timer === undefined) this.pass(value);
    else this.latest = { value };
  }

  /** Forget what was not passed on yet. */
  cancel(): void {
    clearTimeout(this.timer);
    this.timer = undefined;
    this.latest = null;
  }

  private pass(value: T): void {
    this.send(value);
    this.timer = setTimeout(() => {
      this.timer = undefined;
      const pending = this.latest;
      this.latest = null;
      if (pending !== null) this.pass(pending.value);
    }, this.intervalMs);
  }
}
