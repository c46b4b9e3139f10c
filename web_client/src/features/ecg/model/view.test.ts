// @vitest-environment jsdom
import { describe, expect, test } from 'vitest';
import { loadDisplay, saveDisplay, screenName } from './display';
import { atSpeed, following, GAINS, layoutOf, minuteOf, showing, turned, USUAL_VIEW } from './view';

const TWELVE = ['I', 'II', 'III', 'aVR', 'aVL', 'aVF', 'V1', 'V2', 'V3', 'V4', 'V5', 'V6'];

describe('a view', () => {
  test('takes the usual layout where the chosen one does not fit the leads', () => {
    expect(layoutOf(USUAL_VIEW, TWELVE)).toBe('3x4');
    expect(layoutOf({ ...USUAL_VIEW, layout: '12x1' }, TWELVE)).toBe('12x1');
    expect(layoutOf({ ...USUAL_VIEW, layout: '12x1' }, ['MLII', 'V1'])).toBe('rows');
  });

  test('turns its pages as far as the recording goes, a minute at a time from the server', () => {
    expect(turned(USUAL_VIEW, -1, 30)).toBeNull();
    expect(turned(USUAL_VIEW, 1, 10)).toBeNull();
    expect(turned(USUAL_VIEW, 1, 10.5)?.fromS).toBe(10);
    expect(minuteOf({ ...USUAL_VIEW, fromS: 50 })).toBe(0);
    expect(minuteOf({ ...USUAL_VIEW, fromS: 60 })).toBe(60);
  });

  test('goes to the page of a second and stays where it is already shown', () => {
    expect(showing(USUAL_VIEW, 4)).toBe(USUAL_VIEW);
    expect(showing(USUAL_VIEW, 47).fromS).toBe(40);
  });

  test('shows twenty seconds a page on slow paper, and keeps to its pages', () => {
    const slow = atSpeed({ ...USUAL_VIEW, fromS: 50 }, 12.5);
    expect(slow).toMatchObject({ speedMmS: 12.5, fromS: 40 });
    expect(turned(slow, 1, 61)?.fromS).toBe(60);
    expect(turned(slow, 1, 60)).toBeNull();
    expect(showing(slow, 59)).toBe(slow);
    expect(atSpeed(slow, 25).fromS).toBe(40);
  });

  test('comes back to the first choice after the last', () => {
    expect(following(GAINS, 10)).toBe(20);
    expect(following(GAINS, 20)).toBe(5);
  });
});

describe('the size of the screen', () => {
  const storage = (kept: Record<string, string>) => ({
    getItem: (key: string) => kept[key] ?? null,
    setItem: (key: string, value: string) => {
      kept[key] = value;
    },
  });
  const name = screenName({ width: 1366, height: 768 }, 1);

  test('is kept for each screen, and forgotten alone', () => {
    const kept = storage({});
    saveDisplay(kept, name, { paper: 'night', pxPerMm: 4.42 });
    saveDisplay(kept, 'other', { paper: 'night', pxPerMm: 3.6 });
    expect(loadDisplay(kept, name)).toEqual({ paper: 'night', pxPerMm: 4.42 });
    saveDisplay(kept, name, { paper: 'pink', pxPerMm: null });
    expect(loadDisplay(kept, name)).toEqual({ paper: 'pink', pxPerMm: null });
    expect(loadDisplay(kept, 'other').pxPerMm).toBe(3.6);
  });

  test('is not believed where it is no screen’s, nor where the storage is broken', () => {
    const implausible = storage({ 'lianzhen.display': `{"screens":{"${name}":400}}` });
    expect(loadDisplay(implausible, name).pxPerMm).toBeNull();
    expect(loadDisplay(storage({ 'lianzhen.display': '{oops' }), name)).toEqual({
      paper: 'pink',
      pxPerMm: null,
    });
  });
});
