// @vitest-environment jsdom
import { cleanup, render, screen } from '@testing-library/react';
import { afterEach, expect, test } from 'vitest';
import { enterSession, type Role, type Session } from '@/shared/session/session';
import { ExportLink } from './ExportLink';

function signedInAs(role: Role): void {
  const person = { id: 'p1', display_name: '罗范本', roles: [role] };
  enterSession({ person } as unknown as Session);
}

afterEach(cleanup);

test('whoever may take a study out of here finds where it is saved from', () => {
  signedInAs('county_reader');
  render(<ExportLink studyId="a/b" />);
  const link = screen.getByTestId('export');
  expect(link.getAttribute('href')).toBe('/api/studies/a%2Fb/export');
  expect(link.hasAttribute('download')).toBe(true);
});

test('whoever may only read it does not', () => {
  signedInAs('city_expert');
  render(<ExportLink studyId="s1" />);
  expect(screen.queryByTestId('export')).toBeNull();
});
