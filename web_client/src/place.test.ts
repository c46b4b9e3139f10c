import { describe, expect, test } from 'vitest';
import { applyHash, startPlace, toHash } from './place';

describe('the place in the address', () => {
  test('comes back from the address it was written to', () => {
    const place = { ...startPlace(), tab: 'ecgs' as const, opened: 'a/b?#é' };
    const again = startPlace();
    applyHash(toHash(place), again);
    expect([again.tab, again.opened, again.cursor.ecgs]).toEqual(['ecgs', 'a/b?#é', 'a/b?#é']);
  });

  test.each(['', '#', '#/nowhere/1', '#/ecgs/1/2'])('stays at the start for %j', (hash) => {
    const place = startPlace();
    applyHash(hash, place);
    expect(place).toEqual(startPlace());
  });

  test('opens nothing for a broken escape', () => {
    const place = startPlace();
    applyHash('#/ecgs/%E0%A4%A', place);
    expect([place.tab, place.opened]).toEqual(['ecgs', null]);
  });
});
