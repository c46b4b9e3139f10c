import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import type { ReportOut } from '@/shared/api/types';
import { type Draft, draftOf, type LocalDraft, merged } from './draft';
import { DraftKeeper, type Ports, type Saved } from './keeper';

function report(revision: number, findings: string, impression = ''): ReportOut {
  return {
    id: 'r',
    request_id: 'q',
    status: 'registered',
    revision,
    version: 0,
    findings,
    impression,
    critical: null,
    author: { id: 'p1', display_name: '沈示范' },
    reviewer: null,
    signed_at: null,
    amendment: null,
    amendment_reason: null,
    comments: [],
    blockers: [],
    updated_at: '2026-11-18T02:22:58Z',
    document: false,
    acknowledged_at: null,
  };
}

class Desk implements Ports {
  local: LocalDraft | null = null;
  saves: { findings: string; base: number }[] = [];
  answer: (findings: string, base: number) => Saved | Promise<Saved> = (findings, base) => ({
    kind: 'saved',
    report: report(base + 1, findings),
  });

  async save(draft: { findings: string }, base: number): Promise<Saved> {
    this.saves.push({ findings: draft.findings, base });
    return this.answer(draft.findings, base);
  }
  async keep(local: LocalDraft): Promise<void> {
    this.local = local;
  }
  async forget(only?: Draft): Promise<void> {
    if (only === undefined || this.local?.draft.findings === only.findings) this.local = null;
  }
  now(): Date {
    return new Date();
  }
}

let desk: Desk;
beforeEach(() => {
  vi.useFakeTimers();
  desk = new Desk();
});
afterEach(() => vi.useRealTimers());

describe('a draft', () => {
  test('is kept on this computer at once and on the server when the person pauses', async () => {
    const keeper = new DraftKeeper(null, null, desk);
    keeper.edit({ findings: '左侧' });
    await vi.advanceTimersByTimeAsync(400);
    expect(desk.local?.draft.findings).toBe('左侧');
    expect(desk.saves).toEqual([]);
    keeper.edit({ findings: '左侧基底节' });
    await vi.advanceTimersByTimeAsync(1600);
    expect(desk.saves).toEqual([{ findings: '左侧基底节', base: 0 }]);
    expect(keeper.state.phase).toBe('saved');
    expect(desk.local).toBeNull();
  });

  test('typed on while a save is on its way is saved over the new revision', async () => {
    let release: () => void = () => {};
    desk.answer = (findings, base) =>
      new Promise((resolve) => {
        release = () => resolve({ kind: 'saved', report: report(base + 1, findings) });
      });
    const keeper = new DraftKeeper(null, null, desk);
    keeper.edit({ findings: 'a' });
    await vi.advanceTimersByTimeAsync(1600);
    keeper.edit({ findings: 'ab' });
    release();
    await vi.advanceTimersByTimeAsync(1600);
    release();
    await vi.advanceTimersByTimeAsync(0);
    expect(desk.saves).toEqual([
      { findings: 'a', base: 0 },
      { findings: 'ab', base: 1 },
    ]);
    expect(keeper.state.phase).toBe('saved');
  });

  test('survives a server that is away, and is saved by itself later', async () => {
    desk.answer = () => ({ kind: 'later', error: new Error('down') });
    const keeper = new DraftKeeper(null, null, desk);
    keeper.edit({ findings: 'a' });
    await vi.advanceTimersByTimeAsync(1600);
    expect(keeper.state.phase).toBe('later');
    expect(desk.local?.draft.findings).toBe('a');
    desk.answer = (findings, base) => ({ kind: 'saved', report: report(base + 1, findings) });
    await vi.advanceTimersByTimeAsync(5100);
    expect(keeper.state.phase).toBe('saved');
  });

  test('is found again after a reload', async () => {
    const local = { draft: { findings: '未存', impression: '', critical: null }, baseRevision: 3 };
    const keeper = new DraftKeeper(report(3, '旧'), local, desk);
    expect(keeper.state.draft.findings).toBe('未存');
    await vi.advanceTimersByTimeAsync(1600);
    expect(desk.saves).toEqual([{ findings: '未存', base: 3 }]);
  });

  test('whose answer was lost is not taken for somebody else’s', async () => {
    desk.answer = (findings) => ({ kind: 'stale', current: report(1, findings) });
    const keeper = new DraftKeeper(null, null, desk);
    keeper.edit({ findings: 'a' });
    await vi.advanceTimersByTimeAsync(1600);
    expect(keeper.state.phase).toBe('saved');
    expect(keeper.state.theirs).toBeNull();
  });

  test('is saved once more when the page is left, and never again after', async () => {
    const keeper = new DraftKeeper(null, null, desk);
    keeper.edit({ findings: '左侧' });
    keeper.stop();
    await vi.advanceTimersByTimeAsync(0);
    expect(desk.saves).toEqual([{ findings: '左侧', base: 0 }]);
    expect(desk.local).toBeNull();
    desk.answer = () => ({ kind: 'later', error: new Error('away') });
    const other = new DraftKeeper(null, null, desk);
    other.edit({ findings: '右侧' });
    other.stop();
    await vi.advanceTimersByTimeAsync(60_000);
    expect(desk.saves).toHaveLength(2);
    expect(desk.local?.draft.findings).toBe('右侧');
  });

  test('goes on over the last save of the page before it', async () => {
    const kept = { draft: { ...draftOf(null), findings: '左侧' }, baseRevision: 0 };
    desk.answer = (findings, base) =>
      base === 0
        ? { kind: 'stale', current: report(1, '左侧') }
        : { kind: 'saved', report: report(base + 1, findings) };
    const keeper = new DraftKeeper(null, kept, desk);
    keeper.edit({ findings: '左侧基底节' });
    await vi.advanceTimersByTimeAsync(5_000);
    expect(keeper.state.phase).toBe('saved');
    expect(desk.saves.at(-1)).toEqual({ findings: '左侧基底节', base: 1 });
  });

  test('is flushed before a step, and says when that failed', async () => {
    const keeper = new DraftKeeper(null, null, desk);
    keeper.edit({ findings: 'a' });
    // What is signed is this revision, whatever the page has drawn of it so far.
    expect(await keeper.flush()).toMatchObject({ id: 'r', revision: 1 });
    desk.answer = () => ({ kind: 'refused', error: new Error('not yours') });
    keeper.edit({ findings: 'b' });
    expect(await keeper.flush()).toBeNull();
    expect(keeper.state.draft.findings).toBe('b');
  });
});

describe('two who write at once', () => {
  async function conflict(): Promise<DraftKeeper> {
    desk.answer = () => ({ kind: 'stale', current: report(7, '他们的') });
    const keeper = new DraftKeeper(report(3, '旧'), null, desk);
    keeper.edit({ findings: '我的' });
    await vi.advanceTimersByTimeAsync(1600);
    expect(keeper.state).toMatchObject({ phase: 'conflict', draft: { findings: '我的' } });
    expect(keeper.state.theirs?.findings).toBe('他们的');
    desk.answer = (findings, base) => ({ kind: 'saved', report: report(base + 1, findings) });
    return keeper;
  }

  test('save nothing until the person has decided, and keep typing safe', async () => {
    const keeper = await conflict();
    keeper.edit({ findings: '我的，续' });
    await vi.advanceTimersByTimeAsync(10_000);
    expect(desk.saves).toHaveLength(1);
    expect(desk.local?.draft.findings).toBe('我的，续');
  });

  test('lose neither text when one is chosen', async () => {
    const keeper = await conflict();
    keeper.settle(keeper.state.draft);
    await vi.advanceTimersByTimeAsync(1600);
    expect(desk.saves[1]).toEqual({ findings: '我的', base: 7 });
    expect(keeper.state.aside?.findings).toBe('他们的');
    keeper.takeBack();
    expect(keeper.state.draft.findings).toBe('他们的');
    expect(keeper.state.aside?.findings).toBe('我的');
  });

  test('may take the other text, and have their own back', async () => {
    const keeper = await conflict();
    keeper.settle(draftOf(keeper.state.theirs));
    expect(keeper.state.draft.findings).toBe('他们的');
    expect(keeper.state.aside?.findings).toBe('我的');
  });

  test('may have both', async () => {
    const keeper = await conflict();
    keeper.settle(merged(keeper.state.draft, draftOf(keeper.state.theirs), '—— 另一份'));
    await vi.advanceTimersByTimeAsync(1600);
    expect(desk.saves[1]?.findings).toBe('我的\n\n—— 另一份\n他们的');
    expect(keeper.state.aside).toBeNull();
  });

  test('are told apart after a reload too', () => {
    const local = { draft: { findings: '我的', impression: '', critical: null }, baseRevision: 3 };
    const keeper = new DraftKeeper(report(7, '他们的'), local, desk);
    expect(keeper.state).toMatchObject({ phase: 'conflict', draft: { findings: '我的' } });
  });
});

test('what the server says later is taken, but never over unsaved text', () => {
  const keeper = new DraftKeeper(report(3, '旧'), null, desk);
  keeper.follow(report(4, '新'));
  expect(keeper.state.draft.findings).toBe('新');
  keeper.edit({ findings: '我的' });
  keeper.follow(report(5, '更新'));
  expect(keeper.state.draft.findings).toBe('我的');
});
