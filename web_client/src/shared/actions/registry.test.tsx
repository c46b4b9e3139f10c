// @vitest-environment jsdom
import { render } from '@testing-library/react';
import { beforeEach, describe, expect, test, vi } from 'vitest';
import { type Action, performKey, useActions, useHeldKeys, useRegistry } from './registry';

const press = (key: string, rest: Partial<KeyboardEvent> = {}) => ({
  key,
  ctrlKey: false,
  altKey: false,
  metaKey: false,
  shiftKey: false,
  isComposing: false,
  defaultPrevented: false,
  target: document.body,
  ...rest,
});

function Page({ actions, modal = false }: { actions: Action[]; modal?: boolean }): null {
  useActions(actions);
  useHeldKeys(modal);
  return null;
}

beforeEach(() => useRegistry.setState({ actions: [], held: 0 }));

describe('a key', () => {
  test('performs the newest closure of its action, and nothing once the page is gone', () => {
    const [first, second] = [vi.fn(), vi.fn()];
    const action = { name: '下一项', group: '列表', keys: ['j'] };
    const page = render(<Page actions={[{ ...action, perform: first }]} />);
    page.rerender(<Page actions={[{ ...action, perform: second }]} />);
    expect(performKey(press('J'))).toBe(true);
    expect([first.mock.calls.length, second.mock.calls.length]).toEqual([0, 1]);
    page.unmount();
    expect(performKey(press('j'))).toBe(false);
  });

  test('belongs to what was offered last', () => {
    const [page, viewer] = [vi.fn(), vi.fn()];
    render(<Page actions={[{ name: 'a', group: 'g', keys: ['Enter'], perform: page }]} />);
    render(<Page actions={[{ name: 'b', group: 'g', keys: ['Enter'], perform: viewer }]} />);
    performKey(press('Enter'));
    expect([page.mock.calls.length, viewer.mock.calls.length]).toEqual([0, 1]);
  });

  test('stays with what was offered first where that says so', () => {
    const [room, stage] = [vi.fn(), vi.fn()];
    render(<Page actions={[{ name: '摄像头', group: '会诊', keys: ['v'], first: true, perform: room }]} />);
    render(<Page actions={[{ name: '增益', group: '图纸', keys: ['v', 'g'], perform: stage }]} />);
    performKey(press('v'));
    performKey(press('g'));
    expect([room.mock.calls.length, stage.mock.calls.length]).toEqual([1, 1]);
  });

  test('rests while the action is blocked, something modal is open, or somebody types', () => {
    const perform = vi.fn();
    const action = { name: '签发', group: '报告', keys: ['s', 'Ctrl+Enter', 'F6'], perform };
    const page = render(<Page actions={[{ ...action, blocked: '还差 1 项' }]} />);
    expect(performKey(press('s'))).toBe(false);
    page.rerender(<Page actions={[action]} modal />);
    expect(performKey(press('s'))).toBe(false);
    page.rerender(<Page actions={[action]} />);
    const editor = document.createElement('textarea');
    expect(performKey(press('s', { target: editor }))).toBe(false);
    expect(performKey(press('s', { isComposing: true }))).toBe(false);
    expect(perform).not.toHaveBeenCalled();
    expect(performKey(press('Enter', { ctrlKey: true, target: editor }))).toBe(true);
    expect(performKey(press('F6', { target: editor }))).toBe(true);
  });

  test('of a focused button stays the button’s', () => {
    const perform = vi.fn();
    render(<Page actions={[{ name: 'a', group: 'g', keys: ['Enter', 'Space'], perform }]} />);
    const button = document.createElement('button');
    expect(performKey(press('Enter', { target: button }))).toBe(false);
    expect(performKey(press(' ', { target: button }))).toBe(false);
    expect(performKey(press(' '))).toBe(true);
  });
});
