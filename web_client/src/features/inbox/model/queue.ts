import { createStore, type StoreApi } from 'zustand/vanilla';
import type { Outcome, Sending, send } from '../api/send';
import { type Head, readHead } from './head';
import { type Item, pending } from './item';
import type { Keep } from './keep';

const AT_ONCE = 3;
const FIRST_WAIT_MS = 2_000;
const LONGEST_WAIT_MS = 60_000;

interface State {
  readonly items: readonly Item[];
  /** Files are being read and grouped. */
  readonly reading: boolean;
}

interface Parts {
  readonly owner: string;
  readonly keep: Keep;
  readonly send: typeof send;
  /** Whether its owner is signed in: nobody else's session sends it. */
  readonly allowed: () => boolean;
  readonly now?: () => number;
  readonly random?: () => number;
}

/** One person's files on their way to the county: sent a few at a time, and again until the server has answered. */
export class Queue {
  readonly store: StoreApi<State> = createStore(() => ({ items: [], reading: false }));
  private readonly parts: Parts;
  private readonly bytes = new Map<string, Blob>();
  private readonly running = new Map<string, Sending>();
  private failures = 0;
  private timer: ReturnType<typeof setTimeout> | undefined;
  private stopped = false;

  constructor(parts: Parts) {
    this.parts = parts;
  }

  /** Takes up what an earlier visit left unsent. */
  async restore(): Promise<void> {
    const known = new Set(this.items.map(({ id }) => id));
    const left = (await this.parts.keep.load(this.parts.owner)).filter(({ id }) => !known.has(id));
    const items = left.map((item) => (pending(item) ? { ...item, state: 'waiting' as const } : item));
    this.store.setState((state) => ({ items: [...items, ...state.items] }));
    this.pump();
  }

  async add(files: readonly File[]): Promise<void> {
    this.store.setState({ reading: true });
    try {
      for (const file of files) await this.take(file);
    } finally {
      this.store.setState({ reading: false });
    }
    this.pump();
  }

  /** Tries at once what waits for its next attempt; goes on with nothing once somebody else is signed in. */
  retryNow(): void {
    if (!this.parts.allowed()) for (const sending of this.running.values()) sending.stop();
    clearTimeout(this.timer);
    this.timer = undefined;
    this.pump();
  }

  /** Does not send these after all, or forgets how they ended. */
  remove(ids: ReadonlySet<string>): void {
    for (const id of ids) {
      this.running.get(id)?.stop();
      this.bytes.delete(id);
      void this.parts.keep.drop(id);
    }
    this.store.setState((state) => ({ items: state.items.filter(({ id }) => !ids.has(id)) }));
    this.pump();
  }

  stop(): void {
    this.stopped = true;
    clearTimeout(this.timer);
    for (const sending of this.running.values()) sending.stop();
  }

  private get items(): readonly Item[] {
    return this.store.getState().items;
  }

  private async take(file: File): Promise<void> {
    let head: Head | null = null;
    let unreadable = false;
    try {
      head = await readHead(file);
    } catch {
      // One bad file on a disc does not keep the others from going.
      unreadable = true;
    }
    const without = unreadable
      ? ({ state: 'refused', code: 'unreadable' } as const)
      : ({ state: 'skipped', code: 'not-dicom' } as const);
    const name = file.webkitRelativePath || file.name;
    const item: Item = {
      id: crypto.getRandomValues(new Uint32Array(4)).join('-'),
      owner: this.parts.owner,
      name,
      size: file.size,
      head,
      ...(head === null ? without : { state: 'waiting', code: null }),
      sent: 0,
      uploadUrl: null,
      addedAt: this.now(),
      finishedAt: unreadable ? this.now() : null,
      kept: false,
    };
    if (head === null) {
      this.put(item);
      return;
    }
    this.bytes.set(item.id, file);
    const kept = await this.parts.keep.add({ ...item, kept: true }, file);
    this.put({ ...item, kept });
    this.pump();
  }

  private pump(): void {
    if (this.stopped || this.timer !== undefined || !this.parts.allowed()) return;
    for (const item of this.items) {
      if (this.running.size >= AT_ONCE) return;
      if ((item.state === 'waiting' || item.state === 'paused') && !this.running.has(item.id))
        void this.run(item);
    }
  }

  private async run(item: Item): Promise<void> {
    let stop = (): void => {};
    let asked = false;
    // Holds the place while the bytes are fetched.
    this.running.set(item.id, {
      done: Promise.resolve({ kind: 'paused', code: 'stopped' }),
      stop: () => {
        asked = true;
        stop();
      },
    });
    this.change(item.id, { state: 'sending' });
    const bytes = this.bytes.get(item.id) ?? (await this.parts.keep.bytes(item.id));
    if (asked) return this.settle(item.id, { kind: 'paused', code: 'stopped' });
    if (bytes === null) return this.settle(item.id, { kind: 'refused', code: 'lost' });
    const sending = this.parts.send({
      bytes,
      name: item.name.split('/').pop() ?? item.name,
      uploadUrl: item.uploadUrl,
      onUrl: (uploadUrl) => this.change(item.id, { uploadUrl }, true),
      onSent: (sent) => this.change(item.id, { sent }),
    });
    stop = sending.stop;
    this.settle(item.id, await sending.done);
  }

  private settle(id: string, outcome: Outcome): void {
    this.running.delete(id);
    switch (outcome.kind) {
      case 'answered':
        this.failures = 0;
        this.finish(id, outcome.code, outcome.studyUid);
        break;
      case 'refused':
        // Not intake's own word: the bytes stay here until the person clears the line.
        this.change(id, { state: 'refused', code: outcome.code, finishedAt: this.now() }, true);
        break;
      case 'paused':
        this.change(id, { state: 'paused', code: outcome.code }, true);
        if (outcome.code === 'stopped') break;
        this.waitAwhile();
        return;
    }
    this.pump();
  }

  /** Half fixed, half random: a county's townships do not all come back in the same second. */
  private waitAwhile(): void {
    if (this.stopped || this.timer !== undefined) return;
    const longest = Math.min(LONGEST_WAIT_MS, FIRST_WAIT_MS * 2 ** this.failures);
    this.failures += 1;
    const wait = longest / 2 + ((this.parts.random ?? Math.random)() * longest) / 2;
    this.timer = setTimeout(() => this.retryNow(), wait);
  }

  private finish(id: string, code: string, studyUid: string | null): void {
    const known = { stored: 'stored', duplicate: 'duplicate', 'unknown-format': 'skipped' } as const;
    const state = code in known ? known[code as keyof typeof known] : 'refused';
    const study = studyUid === null ? {} : { studyUid };
    this.change(id, { state, code, finishedAt: this.now(), ...study });
    this.bytes.delete(id);
    void this.parts.keep.drop(id);
  }

  private put(item: Item): void {
    this.store.setState((state) => ({ items: [...state.items, item] }));
  }

  private change(id: string, part: Partial<Item>, keep = false): void {
    const items = this.items.map((item) => (item.id === id ? { ...item, ...part } : item));
    this.store.setState({ items });
    const changed = items.find((item) => item.id === id);
    if (keep && changed !== undefined) void this.parts.keep.update(changed);
  }

  private now(): number {
    return (this.parts.now ?? Date.now)();
  }
}
