import type { ReportOut } from '@/shared/api/types';
import { type Draft, draftOf, type LocalDraft, same } from './draft';

/** What became of a save. */
export type Saved =
  | { readonly kind: 'saved'; readonly report: ReportOut }
  | { readonly kind: 'stale'; readonly current: ReportOut | null }
  /** Out of reach for now: the network, the server, or nobody is signed in. */
  | { readonly kind: 'later'; readonly error: unknown }
  | { readonly kind: 'refused'; readonly error: unknown };

export interface Ports {
  save(draft: Draft, baseRevision: number): Promise<Saved>;
  keep(local: LocalDraft): Promise<void>;
  /** Drops what this computer keeps; with `only`, just where it is that text. */
  forget(only?: Draft): Promise<void>;
  now(): Date;
}

export type Phase = 'saved' | 'unsaved' | 'saving' | 'later' | 'refused' | 'conflict';

export interface KeeperState {
  readonly draft: Draft;
  readonly phase: Phase;
  /** When the server last took it. */
  readonly savedAt: Date | null;
  /** When this computer last kept what the server has not; null: it could not. */
  readonly keptAt: Date | null;
  readonly error: unknown;
  /** What somebody else saved meanwhile. */
  readonly theirs: ReportOut | null;
  /** A text that gave way to another, to be taken back. */
  readonly aside: Draft | null;
}

const IDLE_MS = 1500;
const KEEP_MS = 300;
const RETRY_MS = 5000;

/**
 * Keeps what is being written: on this computer at once, on the server a moment later.
 *
 * Whatever happens (a lost network, an expired session, a reload, a second window) no text is thrown away:
 * what the server has not taken stays here, and where somebody else has written, the person decides.
 */
export class DraftKeeper {
  state: KeeperState;
  /** The report as the server last said it was. */
  private known: ReportOut | null;
  private onServer: Draft;
  private readonly ports: Ports;
  private readonly listeners = new Set<() => void>();
  private saveTimer: ReturnType<typeof setTimeout> | undefined;
  private keepTimer: ReturnType<typeof setTimeout> | undefined;
  private running: Promise<void> | null = null;
  /** What this computer kept at opening: an earlier page may have saved it since. */
  private readonly opened: Draft | null;
  private stopped = false;

  constructor(report: ReportOut | null, local: LocalDraft | null, ports: Ports) {
    this.ports = ports;
    this.known = report;
    this.opened = local?.draft ?? null;
    this.onServer = draftOf(report);
    this.state = {
      draft: this.onServer,
      phase: 'saved',
      savedAt: report === null ? null : new Date(report.updated_at),
      keptAt: null,
      error: null,
      theirs: null,
      aside: null,
    };
    if (local === null || same(local.draft, this.onServer)) {
      if (local !== null) void this.forget();
      return;
    }
    const stale = local.baseRevision !== this.base;
    this.state = {
      ...this.state,
      draft: local.draft,
      phase: stale ? 'conflict' : 'unsaved',
      theirs: stale ? report : null,
    };
    if (!stale) this.saveSoon();
  }

  /** The revision that is written over; 0 where there is none. */
  private get base(): number {
    return this.known?.revision ?? 0;
  }

  subscribe = (listener: () => void): (() => void) => {
    this.listeners.add(listener);
    return () => this.listeners.delete(listener);
  };

  edit(change: Partial<Draft>): void {
    const draft = { ...this.state.draft, ...change };
    if (same(draft, this.state.draft)) return;
    this.put(draft);
  }

  /** Save now. Resolves to the report that has all of it, and null while the server has not. */
  async flush(): Promise<ReportOut | null> {
    clearTimeout(this.saveTimer);
    while (this.state.phase === 'unsaved' || this.state.phase === 'later' || this.running !== null) {
      await (this.running ?? this.save());
      if (this.running === null && this.state.phase !== 'unsaved') break;
    }
    return this.state.phase === 'saved' ? this.known : null;
  }

  /** The server answered something newer: take it, unless there is text here that it has not. */
  follow(report: ReportOut): void {
    if (this.state.phase !== 'saved' || report.revision < this.base) return;
    this.known = report;
    this.onServer = draftOf(report);
    this.set({ draft: this.onServer, savedAt: new Date(report.updated_at) });
  }

  /** After a conflict: go on from `draft`, over what the others saved. The text that gives way is put aside. */
  settle(draft: Draft): void {
    const { theirs, draft: ours } = this.state;
    if (this.state.phase !== 'conflict') return;
    this.known = theirs;
    this.onServer = draftOf(theirs);
    const aside = [ours, this.onServer].find((text) => !contains(draft, text)) ?? null;
    this.set({ theirs: null, aside });
    this.put(draft);
  }

  /** Exchange what is written with what was put aside. */
  takeBack(): void {
    const { aside, draft } = this.state;
    if (aside === null) return;
    this.set({ aside: draft });
    this.put(aside);
  }

  stop(): void {
    clearTimeout(this.saveTimer);
    clearTimeout(this.keepTimer);
    this.stopped = true;
    this.listeners.clear();
    if (this.state.phase === 'saved') return;
    // What was typed last is on this computer before the page is gone, and on the server if it can be.
    void this.keepLocally();
    void this.flush();
  }

  private put(draft: Draft): void {
    const unchanged = same(draft, this.onServer) && this.running === null;
    const phase: Phase =
      this.state.phase === 'conflict' && this.state.theirs !== null ? 'conflict' : 'unsaved';
    this.set({ draft, phase: unchanged && phase === 'unsaved' ? 'saved' : phase });
    if (this.state.phase === 'saved') {
      clearTimeout(this.saveTimer);
      void this.forget();
      return;
    }
    this.keepTimer ??= setTimeout(() => void this.keepLocally(), KEEP_MS);
    if (phase !== 'conflict') this.saveSoon();
  }

  private saveSoon(after = IDLE_MS): void {
    clearTimeout(this.saveTimer);
    if (this.stopped) return;
    this.saveTimer = setTimeout(() => void this.save(), after);
  }

  private save(): Promise<void> {
    this.running ??= this.saving().finally(() => {
      this.running = null;
      if (this.state.phase === 'unsaved') this.saveSoon();
    });
    return this.running;
  }

  private async saving(): Promise<void> {
    const { draft } = this.state;
    this.set({ phase: 'saving' });
    const answer = await this.ports.save(draft, this.base);
    switch (answer.kind) {
      case 'saved': {
        this.known = answer.report;
        this.onServer = draft;
        const done = same(this.state.draft, draft);
        this.set({ phase: done ? 'saved' : 'unsaved', savedAt: this.ports.now(), error: null });
        if (done) await this.forget();
        return;
      }
      case 'stale':
        // Our own save whose answer was lost looks like somebody else's.
        if (answer.current !== null && same(draftOf(answer.current), draft)) {
          this.known = answer.current;
          this.onServer = draft;
          this.set({ phase: same(this.state.draft, draft) ? 'saved' : 'unsaved', savedAt: this.ports.now() });
          return;
        }
        // So does the last save of the page before this one: what was typed since goes over it.
        if (answer.current !== null && this.opened !== null && same(draftOf(answer.current), this.opened)) {
          this.known = answer.current;
          this.onServer = this.opened;
          this.set({ phase: 'unsaved' });
          return;
        }
        this.set({ phase: 'conflict', theirs: answer.current });
        return;
      case 'later':
        this.set({ phase: 'later', error: answer.error });
        this.saveSoon(RETRY_MS);
        return;
      case 'refused':
        this.set({ phase: 'refused', error: answer.error });
    }
  }

  private async keepLocally(): Promise<void> {
    this.keepTimer = undefined;
    if (this.state.phase === 'saved') return;
    try {
      await this.ports.keep({ draft: this.state.draft, baseRevision: this.base });
      this.set({ keptAt: this.ports.now() });
    } catch {
      // A private window has no storage: the line beside the text says that only the server counts.
      this.set({ keptAt: null });
    }
  }

  private async forget(): Promise<void> {
    clearTimeout(this.keepTimer);
    this.keepTimer = undefined;
    this.set({ keptAt: null });
    // What stays behind is the same text again: the next opening sees that and forgets it.
    await this.ports.forget(this.stopped ? this.onServer : undefined).catch(() => {});
  }

  private set(change: Partial<KeeperState>): void {
    this.state = { ...this.state, ...change };
    for (const listener of this.listeners) listener();
  }
}

function contains(whole: Draft, part: Draft): boolean {
  return whole.findings.includes(part.findings) && whole.impression.includes(part.impression);
}
