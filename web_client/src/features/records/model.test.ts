import { describe, expect, it } from 'vitest';
import { chosenAfter, isReason, issuerOf, stepsOf } from './model';

describe('a deletion', () => {
  it('is withdrawn by who asked, decided by another, and restored by anybody', () => {
    expect(stepsOf({ state: 'requested', requested_by: 'a' }, 'a')).toEqual(['withdraw']);
    expect(stepsOf({ state: 'requested', requested_by: 'a' }, 'b')).toEqual(['approve', 'reject']);
    expect(stepsOf({ state: 'approved', requested_by: 'a' }, 'a')).toEqual(['restore']);
    for (const state of ['rejected', 'withdrawn', 'restored', 'purging', 'purged'] as const) {
      expect(stepsOf({ state, requested_by: 'a' }, 'b')).toEqual([]);
    }
  });
});

describe('choosing', () => {
  it('holds two at most', () => {
    expect(chosenAfter([], 'a')).toEqual(['a']);
    expect(chosenAfter(['a', 'b'], 'c')).toEqual(['b', 'c']);
    expect(chosenAfter(['a', 'b'], 'a')).toEqual(['b']);
  });
});

describe('an issuer', () => {
  it('is told where a device named one', () => {
    expect(issuerOf({ issuer: 'institution:0123' })).toBeNull();
    expect(issuerOf({ issuer: 'HIS&1.2.3&ISO' })).toBe('HIS&1.2.3&ISO');
  });
});

describe('a reason', () => {
  it('is two characters at least', () => {
    expect(isReason(' 满期 ')).toBe(true);
    expect(isReason(' x ')).toBe(false);
  });
});
