import { describe, expect, test } from 'vitest';
import { placeOf, shareOf, within } from './placing';

const wide = { left: 100, top: 0, width: 800, height: 400 };
const tall = { left: 0, top: 50, width: 300, height: 150 };

describe('a cursor', () => {
  test('stays on the same spot of the picture on a screen of another shape', () => {
    const share = shareOf(wide, { x: 300, y: 300 });
    expect(share).toEqual({ x: 0.25, y: 0.75 });
    expect(placeOf(tall, share ?? { x: 0, y: 0 })).toEqual({ x: 75, y: 162.5 });
  });

  test('comes back to where it was', () => {
    const at = { x: 411, y: 37 };
    expect(placeOf(wide, shareOf(wide, at) ?? { x: 0, y: 0 })).toEqual(at);
  });

  test('shows a little beside the picture and no further', () => {
    expect(shareOf(wide, { x: 70, y: 100 })).not.toBeNull();
    expect(shareOf(wide, { x: 50, y: 100 })).toBeNull();
    expect(shareOf({ ...wide, width: 0 }, { x: 100, y: 0 })).toBeNull();
  });

  test('is measured from the corner of the stage', () => {
    expect(within({ ...wide, top: 46 }, { ...wide, left: 140, top: 90 })).toEqual({
      ...wide,
      left: 40,
      top: 44,
    });
  });
});
