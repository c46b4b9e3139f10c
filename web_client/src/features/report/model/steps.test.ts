import { describe, expect, test } from 'vitest';
import type { ReportOut, RequestOut } from '@/shared/api/types';
import { EMPTY, withSentence, withTemplate } from './draft';
import { authorsStep, missingFor, returnReasons, stanceOf } from './steps';

const ME = { id: 'me', mayWrite: true };
const request = (claimedBy: string | null, more: Partial<RequestOut> = {}) =>
  ({
    kind: 'imaging',
    risk: 'routine',
    claimed_by: claimedBy === null ? null : { id: claimedBy, display_name: claimedBy },
    ...more,
  }) as RequestOut;
const report = (status: string, author: string, blockers: string[] = [], document = false) =>
  ({ status, author: { id: author, display_name: author }, blockers, document }) as unknown as ReportOut;

describe('who does what', () => {
  test('who holds the case writes', () => {
    expect(stanceOf(request('me'), null, ME)).toBe('writes');
    expect(stanceOf(request('me'), report('returned', 'me'), ME)).toBe('writes');
    expect(stanceOf(request('you'), report('registered', 'you'), ME)).toBe('watches');
    expect(stanceOf(request(null), null, ME)).toBe('watches');
    expect(stanceOf(request('me', { status: 'on-hold' }), null, ME)).toBe('watches');
  });

  test('what was submitted is reviewed by another', () => {
    expect(stanceOf(request('me'), report('preliminary', 'me'), ME)).toBe('awaits');
    expect(stanceOf(request('you'), report('preliminary', 'you'), ME)).toBe('reviews');
  });

  test('what is issued is read by all', () => {
    expect(stanceOf(request('me'), report('final', 'me'), ME)).toBe('issued');
    const township = { id: 'me', mayWrite: false };
    expect(stanceOf(request('you'), report('preliminary', 'you', [], true), township)).toBe('issued');
    expect(stanceOf(request('you'), null, township)).toBe('watches');
  });

  test('images go to a reviewer, an ECG is signed', () => {
    expect(authorsStep(request('me'))).toBe('submit');
    expect(authorsStep(request('me', { kind: 'ecg' }))).toBe('sign');
  });
});

describe('what is missing', () => {
  const done = { findings: '未见异常', impression: '正常', critical: null };

  test('is read from the text on screen, not from the last save', () => {
    expect(missingFor('submit', EMPTY, request('me'), null)).toEqual(['findings-empty', 'impression-empty']);
    const stale = report('registered', 'me', ['findings-empty', 'not-submitted', 'author-cannot-review']);
    expect(missingFor('submit', done, request('me'), stale)).toEqual([]);
  });

  test('names the blanks of a template', () => {
    const draft = withTemplate(EMPTY, { findings: '心率＿＿次/分', impression: '正常' });
    expect(missingFor('sign', draft, request('me'), null)).toEqual(['blank-left']);
  });

  test('asks for a decision where a machine suspects a critical value', () => {
    expect(missingFor('sign', done, request('me', { risk: 'red' }), null)).toEqual(['critical-undecided']);
    expect(missingFor('sign', { ...done, critical: false }, request('me', { risk: 'red' }), null)).toEqual(
      [],
    );
  });

  test('to sign, is what the server says of the person too', () => {
    const own = report('preliminary', 'me', ['author-cannot-review', 'licence-expired']);
    expect(missingFor('sign', done, request('me'), own)).toEqual(['author-cannot-review', 'licence-expired']);
  });
});

test('an exam goes back for what may be wrong with its kind', () => {
  expect(returnReasons('ecg')).toContain('lead-reversal');
  expect(returnReasons('ecg')).not.toContain('incomplete-images');
  expect(returnReasons('imaging')).toContain('incomplete-images');
  expect(returnReasons('imaging')).not.toContain('lead-reversal');
});

test('a template is added after what is there', () => {
  const draft = withTemplate({ ...EMPTY, findings: '已有。' }, { findings: '模板', impression: '结论' });
  expect(draft).toEqual({ findings: '已有。\n模板', impression: '结论', critical: null });
});

test('a sentence from beside goes under what is there, once', () => {
  const first = withSentence(EMPTY, '窦性心律');
  expect(first.impression).toBe('窦性心律');
  const second = withSentence({ ...first, impression: '窦性心律\n' }, '电轴左偏');
  expect(second.impression).toBe('窦性心律\n电轴左偏');
  expect(withSentence(second, '电轴左偏')).toBe(second);
});
