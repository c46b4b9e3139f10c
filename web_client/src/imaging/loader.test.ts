import { describe, expect, it, vi } from 'vitest';
import { faultOf, nearest, SliceLoader } from './loader';

const settled = () => vi.waitFor(() => undefined);

function loaderOf(
  count: number,
  load: (id: string) => Promise<unknown>,
  roomAhead = () => true,
): SliceLoader {
  const ids = Array.from({ length: count }, (_, index) => `i${index}`);
  return new SliceLoader(ids, { load, onChange: () => undefined, roomAhead });
}

describe('a stack being loaded', () => {
  it('begins with the slice looked at and goes outwards', async () => {
    const asked: string[] = [];
    const loader = loaderOf(5, async (id) => void asked.push(id));
    await loader.need(2);
    await vi.waitFor(() => expect(loader.indicesOf('ready')).toHaveLength(5));
    expect(asked[0]).toBe('i2');
    expect(new Set(asked.slice(1, 3))).toEqual(new Set(['i1', 'i3']));
  });

  it('goes on past a slice that does not decode', async () => {
    const loader = loaderOf(4, async (id) => {
      if (id === 'i1') throw new Error('damaged');
    });
    expect(await loader.need(1)).toBe('broken');
    await vi.waitFor(() => expect(loader.indicesOf('ready')).toEqual([0, 2, 3]));
    expect(loader.fault(1)).toBe('undecodable');
  });

  it('never has more than four on the way', async () => {
    let running = 0;
    let most = 0;
    const loader = loaderOf(20, async () => {
      most = Math.max(most, ++running);
      await new Promise((resolve) => setTimeout(resolve, 1));
      running--;
    });
    await loader.need(0);
    await vi.waitFor(() => expect(loader.indicesOf('ready')).toHaveLength(20));
    expect(most).toBe(4);
  });

  it('fetches nothing ahead when memory is short, but still what is looked at', async () => {
    const loader = loaderOf(
      3,
      async () => undefined,
      () => false,
    );
    expect(await loader.need(1)).toBe('ready');
    await settled();
    expect(loader.indicesOf('waiting')).toEqual([0, 2]);
  });

  it('tries again what was out of reach, and not what is damaged', async () => {
    let down = true;
    const loader = loaderOf(2, async (id) => {
      if (id === 'i0') throw new Error('damaged');
      if (down) throw { status: 503 };
    });
    await loader.need(0);
    await vi.waitFor(() => expect(loader.indicesOf('broken')).toEqual([0, 1]));
    down = false;
    loader.retry();
    await vi.waitFor(() => expect(loader.indicesOf('ready')).toEqual([1]));
    expect(loader.fault(0)).toBe('undecodable');
  });
});

it('finds the nearest slice that waits', () => {
  expect(nearest(['ready', 'waiting', 'ready', 'ready', 'waiting'], 3)).toBe(4);
  expect(nearest(['ready', 'broken'], 0)).toBeNull();
});

it('tells a damaged slice from one out of reach and one refused', () => {
  expect(faultOf(new Error('bad stream'))).toBe('undecodable');
  expect(faultOf('Invalid JPEG-LS stream')).toBe('undecodable');
  expect(faultOf({ status: 422 })).toBe('undecodable');
  expect(faultOf({ status: 0 })).toBe('unavailable');
  expect(faultOf({ status: 503 })).toBe('unavailable');
  expect(faultOf({ status: 401 })).toBe('refused');
});
