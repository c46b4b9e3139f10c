import { createStore, type StoreApi } from 'zustand/vanilla';
import type { Keep } from './keep';

const FORGOTTEN_AFTER_MS = 7 * 24 * 3600 * 1000;

/** What the bedside wrote about a study and the county has not heard yet. */
export interface Fact {
  readonly id: string;
  readonly owner: string;
  readonly studyUid: string;
  readonly emergency?: boolean;
  readonly complaint?: string;
  readonly writtenAt: number;
  /** Why the county did not take it, where asking again gives the same. */
  readonly refused: string | null;
}

type Said = Partial<Pick<Fact, 'emergency' | 'complaint'>>;

/** Holds what was written while the images still travel, over a change of page and a power cut, until it is told. */
export class Facts {
  readonly store: StoreApi<Readonly<Record<string, Fact>>> = createStore(() => ({}));
  private readonly owner: string;
  private readonly keep: Keep;

  constructor(owner: string, keep: Keep) {
    this.owner = owner;
    this.keep = keep;
  }

  async restore(now = Date.now()): Promise<void> {
    for (const fact of await this.keep.facts(this.owner)) {
      if (now - fact.writtenAt > FORGOTTEN_AFTER_MS) void this.keep.dropFact(fact.id);
      else if (!(fact.studyUid in this.store.getState())) this.put(fact);
    }
  }

  write(studyUid: string, said: Said): void {
    const before = this.store.getState()[studyUid];
    const fact: Fact = {
      id: `${this.owner}/${studyUid}`,
      owner: this.owner,
      studyUid,
      ...(before?.emergency === undefined ? {} : { emergency: before.emergency }),
      ...(before?.complaint === undefined ? {} : { complaint: before.complaint }),
      ...said,
      writtenAt: Date.now(),
      refused: null,
    };
    this.put(fact);
    void this.keep.putFact(fact);
  }

  /** The county has it. What was written meanwhile is not what it heard, and stays. */
  told(fact: Fact): void {
    if (this.store.getState()[fact.studyUid] !== fact) return;
    this.remove(fact);
  }

  refuse(fact: Fact, code: string): void {
    if (this.store.getState()[fact.studyUid] !== fact) return;
    this.put({ ...fact, refused: code });
    void this.keep.dropFact(fact.id);
  }

  private put(fact: Fact): void {
    this.store.setState({ [fact.studyUid]: fact });
  }

  private remove(fact: Fact): void {
    const { [fact.studyUid]: _, ...rest } = this.store.getState();
    this.store.setState(rest, true);
    void this.keep.dropFact(fact.id);
  }
}
