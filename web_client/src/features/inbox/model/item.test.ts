import { expect, test } from 'vitest';
import type { Head } from './head';
import { casesOf, type Item, needsAttention } from './item';

const head = (studyUid: string): Head => ({
  studyUid,
  patientName: '王模拟',
  patientSex: 'M',
  patientAge: '058Y',
  modality: 'CT',
  description: '头颅',
});

const item = (part: Partial<Item>): Item => ({
  id: crypto.randomUUID(),
  owner: 'p',
  name: 'a',
  size: 100,
  head: head('1.2'),
  state: 'stored',
  sent: 100,
  uploadUrl: null,
  code: null,
  addedAt: 0,
  finishedAt: 5,
  kept: true,
  ...part,
});

test('files of one study are one case, and what belongs to none stands by itself', () => {
  const cases = casesOf([item({}), item({ head: head('1.3') }), item({}), item({ head: head('') })]);
  expect(cases.map(({ studyUid, files }) => [studyUid, files])).toEqual([
    ['1.2', 2],
    ['1.3', 1],
    ['', 1],
  ]);
});

test('what was never sent is told together', () => {
  const skipped = { state: 'skipped', head: null } as const;
  const cases = casesOf([item(skipped), item(skipped)]);
  expect(cases.map(({ state, files }) => [state, files])).toEqual([['skipped', 2]]);
});

test.each([
  [['stored', 'stored'], 'stored', false],
  [['duplicate', 'duplicate'], 'duplicate', false],
  [['stored', 'duplicate'], 'stored', false],
  [['stored', 'refused'], 'some', true],
  [['refused', 'refused'], 'refused', true],
  [['waiting', 'waiting'], 'waiting', false],
  [['stored', 'waiting'], 'sending', false],
  [['paused', 'waiting'], 'paused', false],
] as const)('a case of %j is %s', (states, state, attention) => {
  const [found] = casesOf(states.map((each) => item({ state: each })));
  expect(found?.state).toBe(state);
  expect(found !== undefined && needsAttention(found)).toBe(attention);
});

test('a case is over when its last file is', () => {
  const [going] = casesOf([item({}), item({ state: 'sending', sent: 40, finishedAt: null })]);
  expect(going).toMatchObject({ done: 1, sent: 140, size: 200, finishedAt: null });
  const [over] = casesOf([item({ finishedAt: 5 }), item({ finishedAt: 9 })]);
  expect(over?.finishedAt).toBe(9);
});
