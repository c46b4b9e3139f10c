import type { SliceFault, SliceStatus } from './types';

const AT_ONCE = 4;

/** Load a slice's picture, or fail with what `faultOf` understands. */
export type Load = (imageId: string) => Promise<unknown>;

export interface LoaderOptions {
  readonly load: Load;
  readonly onChange: () => void;
  /** Whether the cache has room for pictures that nobody looks at yet. */
  readonly roomAhead: () => boolean;
}

/** Loads a stack outwards from the slice being looked at; one bad slice never stops the others. */
export class SliceLoader {
  private readonly statuses: SliceStatus[];
  private readonly faults = new Map<number, SliceFault>();
  private readonly pending = new Map<number, Promise<SliceStatus>>();
  private readonly imageIds: readonly string[];
  private readonly options: LoaderOptions;
  private focus = 0;
  private stopped = false;

  constructor(imageIds: readonly string[], options: LoaderOptions) {
    this.imageIds = imageIds;
    this.options = options;
    this.statuses = imageIds.map(() => 'waiting');
  }

  status(index: number): SliceStatus {
    return this.statuses[index] ?? 'waiting';
  }

  fault(index: number): SliceFault | null {
    return this.faults.get(index) ?? null;
  }

  indicesOf(status: SliceStatus): number[] {
    return this.statuses.flatMap((each, index) => (each === status ? [index] : []));
  }

  /** Load the slice now, and its neighbours after it. */
  async need(index: number): Promise<SliceStatus> {
    this.focus = index;
    // A picture that was pushed out of the cache is fetched again: only `broken` is final.
    const status = this.status(index) === 'broken' ? 'broken' : await this.begin(index);
    this.pump();
    return status;
  }

  /** Give slices that were only out of reach another try. */
  retry(): void {
    for (const [index, fault] of this.faults) {
      if (fault === 'undecodable') continue;
      this.faults.delete(index);
      this.statuses[index] = 'waiting';
    }
    this.options.onChange();
    this.pump();
  }

  stop(): void {
    this.stopped = true;
  }

  private pump(): void {
    while (!this.stopped && this.pending.size < AT_ONCE && this.options.roomAhead()) {
      const next = nearest(this.statuses, this.focus);
      if (next === null) return;
      void this.begin(next).then(() => this.pump());
    }
  }

  private begin(index: number): Promise<SliceStatus> {
    const running = this.pending.get(index);
    if (running) return running;
    const started = this.loaded(index);
    this.pending.set(index, started);
    return started;
  }

  private async loaded(index: number): Promise<SliceStatus> {
    if (this.status(index) === 'waiting') this.become(index, 'loading');
    try {
      await this.options.load(this.imageIds[index] ?? '');
      this.become(index, 'ready');
    } catch (error) {
      this.faults.set(index, faultOf(error));
      this.become(index, 'broken');
    } finally {
      this.pending.delete(index);
    }
    return this.status(index);
  }

  private become(index: number, status: SliceStatus): void {
    if (this.statuses[index] === status) return;
    this.statuses[index] = status;
    if (!this.stopped) this.options.onChange();
  }
}

/** The waiting slice closest to the one being looked at; the later one of two. */
export function nearest(statuses: readonly SliceStatus[], focus: number): number | null {
  for (let distance = 0; distance < statuses.length; distance++) {
    if (statuses[focus + distance] === 'waiting') return focus + distance;
    if (statuses[focus - distance] === 'waiting') return focus - distance;
  }
  return null;
}

/** What failed with a status failed on the way; everything else failed in the decoder. */
export function faultOf(error: unknown): SliceFault {
  if (typeof error !== 'object' || error === null || !('status' in error)) return 'undecodable';
  const status = Number(error.status);
  if (status === 401 || status === 403 || status === 404) return 'refused';
  return status === 0 || status === 429 || status >= 500 ? 'unavailable' : 'undecodable';
}
