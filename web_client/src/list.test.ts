import { describe, expect, test, vi } from 'vitest';
import { merge, RecordList } from './list';
import type { Page } from './model';
import { Problem } from './problem';

interface Row {
  id: string;
  received_at: string;
  word: string;
}

const row = (id: string, minute: number, word = ''): Row => ({
  id,
  received_at: `2026-11-18T02:${String(minute).padStart(2, '0')}:00Z`,
  word,
});
const ids = (rows: readonly Row[]): string => rows.map(({ id }) => id).join(' ');

/** A server of pages of two, whose rows a test may change between readings. */
function served(rows: Row[]) {
  const state = { rows, failWith: null as Problem | null, asked: 0, hold: Promise.resolve() };
  const page = async (before: string | null): Promise<Page<Row>> => {
    state.asked += 1;
    if (state.failWith !== null) throw state.failWith;
    const from = before === null ? 0 : state.rows.findIndex(({ id }) => id === before) + 1;
    const items = state.rows.slice(from, from + 2);
    const next = from + 2 < state.rows.length ? (items.at(-1)?.id ?? null) : null;
    await state.hold;
    return { items, next };
  };
  return { state, list: new RecordList<Row>(page) };
}

describe('merging', () => {
  test('puts the newest first', () => {
    expect(ids(merge([row('b', 5)], [row('a', 1), row('c', 9)]))).toBe('c b a');
  });

  test('compares moments, not their spelling', () => {
    const early = { id: 'early', received_at: '2026-11-18T02:00:00.900Z' };
    const late = { id: 'late', received_at: '2026-11-18T10:00:01+08:00' };
    expect(merge([early], [late]).map(({ id }) => id)).toEqual(['late', 'early']);
  });

  test('updates a known row in place', () => {
    const merged = merge([row('b', 5), row('a', 1)], [row('a', 1, 'screened')]);
    expect(ids(merged)).toBe('b a');
    expect(merged[1]?.word).toBe('screened');
  });

  test('orders equal moments the same way whatever came first', () => {
    const [x, y] = [row('x', 3), row('y', 3)];
    expect(ids(merge([x], [y]))).toBe(ids(merge([y], [x])));
  });
});

describe('a list', () => {
  const four = (): Row[] => [row('d', 4), row('c', 3), row('b', 2), row('a', 1)];

  test('goes deeper page by page and knows its end', async () => {
    const { list } = served(four());
    await list.reload();
    expect([ids(list.items), list.hasMore]).toEqual(['d c', true]);
    await list.loadMore();
    expect([ids(list.items), list.hasMore]).toEqual(['d c b a', false]);
  });

  test('shows a new arrival first and marks it as new', async () => {
    const { list, state } = served(four());
    const told = vi.fn();
    list.onFresh = told;
    await list.reload();
    state.rows = [row('e', 5), ...state.rows];
    await list.refresh(new Set(['e']));
    expect(ids(list.items)).toBe('e d c');
    expect([...list.fresh]).toEqual(['e']);
    expect(told).toHaveBeenCalledOnce();
  });

  test('finds an updated row below the first page, and reads no deeper than it', async () => {
    const { list, state } = served(four());
    await list.reload();
    await list.loadMore();
    state.rows[2] = row('b', 2, 'updated');
    state.asked = 0;
    await list.refresh(new Set(['b']));
    expect(list.get('b')?.word).toBe('updated');
    expect(ids(list.items)).toBe('d c b a');
    expect(list.fresh.size).toBe(0);
    expect(state.asked).toBe(2);
  });

  test('stops looking for a row it was never shown', async () => {
    const { list, state } = served(four());
    await list.reload();
    state.asked = 0;
    await list.refresh(new Set(['of-another-institution']));
    expect(state.asked).toBe(1);
  });

  test('keeps its depth when it is read again, and drops what may no longer be seen', async () => {
    const { list, state } = served(four());
    await list.reload();
    await list.loadMore();
    state.rows = state.rows.filter(({ id }) => id !== 'c');
    await list.reload();
    expect(ids(list.items)).toBe('d b a');
  });

  test('keeps what it shows when a reading fails, and says why', async () => {
    const { list, state } = served(four());
    await list.reload();
    state.failWith = new Problem('network', 0);
    await list.reload();
    expect([ids(list.items), list.phase, list.problem?.code]).toEqual(['d c', 'failed', 'network']);
    state.failWith = null;
    await list.reload();
    expect([list.phase, list.problem]).toEqual(['idle', null]);
  });

  test('reads one at a time, so that an arrival during a reading is not lost', async () => {
    const { list, state } = served(four());
    let release = (): void => {};
    state.hold = new Promise((resolve) => {
      release = resolve;
    });
    const reading = list.reload();
    await vi.waitFor(() => expect(state.asked).toBe(1));
    state.rows = [row('e', 5), ...state.rows];
    release();
    await Promise.all([reading, list.refresh(new Set(['e'])), list.loadMore()]);
    expect(ids(list.items)).toBe('e d c b a');
  });

  test('looks deeper for one record, and gives up at the end', async () => {
    const { list, state } = served(four());
    expect((await list.find('a'))?.id).toBe('a');
    state.asked = 0;
    expect(await list.find('zz')).toBeNull();
    expect(state.asked).toBe(0);
  });

  test('passes on why it could not look for a record', async () => {
    const { list, state } = served(four());
    state.failWith = new Problem('network', 0);
    await expect(list.find('a')).rejects.toMatchObject({ code: 'network' });
  });
});
