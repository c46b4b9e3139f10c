import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { Coalesce } from './coalesce';

beforeEach(() => void vi.useFakeTimers());
afterEach(() => void vi.useRealTimers());

test('a burst of events is one reading, and those that come during it are the next', async () => {
  const batches: string[][] = [];
  let finish = (): void => {};
  const coalesce = new Coalesce(400, (ids) => {
    batches.push([...ids]);
    return new Promise((resolve) => {
      finish = resolve;
    });
  });
  for (const id of ['a', 'b', 'a']) coalesce.add(id);
  await vi.advanceTimersByTimeAsync(400);
  coalesce.add('c');
  await vi.advanceTimersByTimeAsync(4_000);
  expect(batches).toEqual([['a', 'b']]);
  finish();
  await vi.advanceTimersByTimeAsync(400);
  expect(batches).toEqual([['a', 'b'], ['c']]);
});

test('nothing is read after it was stopped', async () => {
  const flush = vi.fn(async () => {});
  const coalesce = new Coalesce(400, flush);
  coalesce.add('a');
  coalesce.stop();
  await vi.advanceTimersByTimeAsync(1_000);
  expect(flush).not.toHaveBeenCalled();
});
