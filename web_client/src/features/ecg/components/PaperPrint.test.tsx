// @vitest-environment jsdom
import { cleanup, fireEvent, render, screen } from '@testing-library/react';
import { afterEach, expect, test, vi } from 'vitest';
import { PaperPrint } from './PaperPrint';

afterEach(() => {
  cleanup();
  vi.restoreAllMocks();
});

function printing() {
  const print = vi.spyOn(window, 'print').mockImplementation(() => {});
  const [onDone, onFailed] = [vi.fn(), vi.fn()];
  render(<PaperPrint pages={['/one.svg', '/two.svg']} onDone={onDone} onFailed={onFailed} />);
  const [one, two] = screen.getByTestId('printed').querySelectorAll('img');
  if (one === undefined || two === undefined) throw new Error('two pages are wanted');
  return { print, onDone, onFailed, one, two };
}

test('asks for the printer when the last page is there, and is over when that is', () => {
  const { print, onDone, one, two } = printing();
  fireEvent.load(two);
  expect(print).not.toHaveBeenCalled();
  fireEvent.load(one);
  expect(print).toHaveBeenCalledOnce();
  expect(onDone).not.toHaveBeenCalled();
  fireEvent(window, new Event('afterprint'));
  expect(onDone).toHaveBeenCalledOnce();
});

test('prints nothing where a page does not come', () => {
  const { print, onFailed, one, two } = printing();
  fireEvent.load(one);
  fireEvent.error(two);
  expect(onFailed).toHaveBeenCalledOnce();
  expect(print).not.toHaveBeenCalled();
});
