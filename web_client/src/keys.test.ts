import { describe, expect, test, vi } from 'vitest';
import { type KeyActions, type Press, perform } from './keys';

const actions = () =>
  ({
    move: vi.fn(),
    open: vi.fn(),
    back: vi.fn(),
    tab: vi.fn(),
    reload: vi.fn(),
    help: vi.fn(),
  }) satisfies KeyActions;

/** A focused element that answers `matches` for its own tag. */
const focused = (tag: string): EventTarget =>
  Object.assign(new EventTarget(), { matches: (selector: string) => selector.split(', ').includes(tag) });

const press = (key: string, more: Partial<Press> = {}): Press => ({
  key,
  ctrlKey: false,
  altKey: false,
  metaKey: false,
  isComposing: false,
  defaultPrevented: false,
  target: focused('tr'),
  ...more,
});

describe('keys', () => {
  test('move, open, go back, change the list, refresh and show the sheet', () => {
    const done = actions();
    for (const key of ['j', 'K', 'Enter', 'Escape', '2', 'r', '?'])
      expect(perform(press(key), done)).toBe(true);
    expect(done.move.mock.calls).toEqual([[1], [-1]]);
    expect(done.tab.mock.calls).toEqual([['ecgs']]);
    for (const action of [done.open, done.back, done.reload, done.help])
      expect(action).toHaveBeenCalledOnce();
  });

  test('rest while text is typed or an input method composes', () => {
    const done = actions();
    expect(perform(press('j', { target: focused('input') }), done)).toBe(false);
    expect(perform(press('j', { isComposing: true }), done)).toBe(false);
    expect(done.move).not.toHaveBeenCalled();
  });

  test('leave the browser its own', () => {
    const done = actions();
    for (const key of ['r', '1', 'k']) expect(perform(press(key, { ctrlKey: true }), done)).toBe(false);
    expect(perform(press('F5'), done)).toBe(false);
    expect(done.reload).not.toHaveBeenCalled();
  });

  test('press the focused button instead of opening the row', () => {
    const done = actions();
    expect(perform(press('Enter', { target: focused('button') }), done)).toBe(false);
    expect(done.open).not.toHaveBeenCalled();
  });
});
