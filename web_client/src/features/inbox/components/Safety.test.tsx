// @vitest-environment jsdom
import { cleanup, render, screen } from '@testing-library/react';
import { afterEach, expect, test } from 'vitest';
import { Safety } from './Safety';

afterEach(cleanup);

test('never says that the computer may be switched off while files are being read', () => {
  render(<Safety cases={[]} busy />);
  expect(screen.getByTestId('safety').dataset.safe).toBe('no');
  expect(screen.getByRole('status').textContent).toContain('请勿关闭');
});

test('waits for the first file', () => {
  render(<Safety cases={[]} busy={false} />);
  expect(screen.queryByTestId('safety')).toBeNull();
});
