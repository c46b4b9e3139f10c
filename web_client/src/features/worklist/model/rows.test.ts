import { describe, expect, test } from 'vitest';
import { request } from '@/shared/requests/samples';
import { claimable, distinct, moved, rowsOf, running } from './rows';

describe('the rows', () => {
  test('have a heading where the risk changes, and an emergency stands among the orange', () => {
    const list = [
      request({ id: 'a', risk: 'red' }),
      request({ id: 'b', risk: 'routine', emergency: true }),
      request({ id: 'c', risk: 'orange' }),
      request({ id: 'd', risk: 'routine' }),
    ];
    const shown = rowsOf(list, 'open').map((row) =>
      row.type === 'group' ? `# ${row.group}` : row.request.id,
    );
    expect(shown).toEqual(['# red', 'a', '# orange', 'b', 'c', '# routine', 'd']);
  });

  test('of what is over have no headings', () => {
    expect(rowsOf([request({ risk: 'red' })], 'done').map((row) => row.type)).toEqual(['request']);
  });

  test('show a request once that moved between two pages', () => {
    const [a, b] = [request({ id: 'a' }), request({ id: 'b' })];
    expect(distinct([{ items: [a, b] }, { items: [b] }]).map(({ id }) => id)).toEqual(['a', 'b']);
  });
});

test('the clock stands for what is over or waits for the township', () => {
  expect(running(request({ status: 'requested' }))).toBe(true);
  expect(running(request({ status: 'on-hold' }))).toBe(false);
  expect(running(request({ status: 'completed' }))).toBe(false);
});

test('only what nobody holds can be claimed', () => {
  expect(claimable(request({}))).toBe(true);
  expect(claimable(request({ status: 'received', claimed_by: { id: 'p', display_name: '沈' } }))).toBe(false);
});

test('the cursor stays inside the list and starts anew where its row is gone', () => {
  const list = [request({ id: 'a' }), request({ id: 'b' })];
  expect([moved(list, 'a', 1), moved(list, 'b', 1), moved(list, 'a', -1), moved(list, 'gone', 1)]).toEqual([
    'b',
    'b',
    'a',
    'a',
  ]);
  expect(moved([], 'a', 1)).toBeNull();
});
