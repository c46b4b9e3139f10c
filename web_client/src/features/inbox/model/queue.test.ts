import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import type { Outcome } from '../api/send';
import { casesOf, type Item } from './item';
import type { Keep } from './keep';
import { Queue } from './queue';

const DICOM = new Uint8Array([...Array.from({ length: 128 }, () => 0), ...new TextEncoder().encode('DICM')]);
const file = (name: string): File => new File([DICOM], name);

/** A browser's store, in memory. */
class Memory {
  readonly items = new Map<string, Item>();
  readonly blobs = new Map<string, Blob>();
  full = false;
  async add(item: Item, bytes: Blob): Promise<boolean> {
    if (this.full) return false;
    this.items.set(item.id, item);
    this.blobs.set(item.id, bytes);
    return true;
  }
  async update(item: Item): Promise<void> {
    if (item.kept) this.items.set(item.id, item);
  }
  async drop(id: string): Promise<void> {
    this.items.delete(id);
    this.blobs.delete(id);
  }
  async bytes(id: string): Promise<Blob | null> {
    return this.blobs.get(id) ?? null;
  }
  async load(owner: string): Promise<Item[]> {
    return [...this.items.values()].filter((item) => item.owner === owner);
  }
}

function made(outcomes: Outcome[], memory = new Memory(), allowed = () => true) {
  const sent: { name: string; uploadUrl: string | null }[] = [];
  const queue = new Queue({
    owner: 'p1',
    keep: memory as unknown as Keep,
    send: ({ name, uploadUrl, onUrl }) => {
      sent.push({ name, uploadUrl });
      onUrl('/api/uploads/u1');
      const outcome = outcomes.shift() ?? { kind: 'answered', code: 'stored', studyUid: null };
      return { done: Promise.resolve(outcome), stop: () => {} };
    },
    allowed,
    now: () => 1000,
    random: () => 0,
  });
  const states = (): string[] => queue.store.getState().items.map((item) => item.state);
  return { queue, sent, states, memory };
}

const settled = (): Promise<void> => vi.advanceTimersByTimeAsync(0).then(() => {});

beforeEach(() => vi.useFakeTimers());
afterEach(() => vi.useRealTimers());

describe('the queue', () => {
  test('sends what is added and keeps nothing of what the county has', async () => {
    const { queue, sent, states, memory } = made([]);
    await queue.add([file('a.dcm'), file('b.dcm')]);
    await settled();
    expect(sent.map(({ name }) => name)).toEqual(['a.dcm', 'b.dcm']);
    expect(states()).toEqual(['stored', 'stored']);
    expect(memory.blobs.size).toBe(0);
  });

  test('tries again by itself, from where the upload stands', async () => {
    const { queue, sent, states } = made([{ kind: 'paused', code: 'network' }]);
    await queue.add([file('a.dcm')]);
    await settled();
    expect(states()).toEqual(['paused']);
    await vi.advanceTimersByTimeAsync(1_000);
    expect(states()).toEqual(['stored']);
    expect(sent.map(({ uploadUrl }) => uploadUrl)).toEqual([null, '/api/uploads/u1']);
  });

  test('goes on after a restart with what was left, from where it stood', async () => {
    const first = made([{ kind: 'paused', code: 'network' }]);
    await first.queue.add([file('a.dcm')]);
    await settled();
    first.queue.stop();
    const second = made([], first.memory);
    await second.queue.restore();
    await settled();
    expect(second.sent).toEqual([{ name: 'a.dcm', uploadUrl: '/api/uploads/u1' }]);
    expect(second.states()).toEqual(['stored']);
  });

  test('ends with the word of intake, and does not ask again', async () => {
    const { queue, sent, states } = made([
      { kind: 'answered', code: 'truncated', studyUid: null },
      { kind: 'answered', code: 'duplicate', studyUid: null },
    ]);
    await queue.add([file('cut.dcm'), file('twice.dcm')]);
    await settled();
    await vi.advanceTimersByTimeAsync(120_000);
    expect(states()).toEqual(['refused', 'duplicate']);
    expect(queue.store.getState().items[0]?.code).toBe('truncated');
    expect(sent).toHaveLength(2);
  });

  test('says which file cannot be read, and goes on with the others', async () => {
    const { queue, sent, states } = made([]);
    const bad = file('bad.dcm');
    bad.slice = () => {
      throw new DOMException('gone', 'NotReadableError');
    };
    await queue.add([bad, file('a.dcm')]);
    await settled();
    expect([sent.length, states()]).toEqual([1, ['refused', 'stored']]);
    expect(queue.store.getState().items[0]?.code).toBe('unreadable');
  });

  test('leaves an ECG’s format to the server, which may not know it', async () => {
    const { queue, sent, states } = made([
      { kind: 'answered', code: 'unknown-format', studyUid: null },
      { kind: 'answered', code: 'unreadable-ecg', studyUid: null },
      { kind: 'answered', code: 'stored', studyUid: null },
    ]);
    await queue.add(['notes.txt', 'cut.scp', 'a.scp'].map((name) => new File(['ecg?'], name)));
    await settled();
    expect([sent.length, states()]).toEqual([3, ['skipped', 'refused', 'stored']]);
  });

  test('knows an ECG in its maker’s format by the study that the server made of it', async () => {
    const { queue } = made([{ kind: 'answered', code: 'stored', studyUid: '1.2.3' }]);
    await queue.add([new File(['ecg?'], 'a.scp')]);
    await settled();
    expect(casesOf(queue.store.getState().items)).toMatchObject([
      { studyUid: '1.2.3', state: 'stored', files: 1 },
    ]);
  });

  test('does not send what is no examination, and says so', async () => {
    const { queue, sent, states } = made([]);
    await queue.add([new File(['[autorun]'], 'autorun.inf')]);
    await settled();
    expect([sent.length, states()]).toEqual([0, ['skipped']]);
  });

  test('sends without a place to keep, and says that it would not survive', async () => {
    const memory = new Memory();
    memory.full = true;
    const { queue, states } = made([], memory, () => false);
    await queue.add([file('a.dcm')]);
    expect([states(), queue.store.getState().items[0]?.kept]).toEqual([['waiting'], false]);
  });

  test('sends in nobody else’s name', async () => {
    let signedIn = false;
    const { queue, sent, states } = made([], new Memory(), () => signedIn);
    await queue.add([file('a.dcm')]);
    await settled();
    expect([sent.length, states()]).toEqual([0, ['waiting']]);
    signedIn = true;
    queue.retryNow();
    await settled();
    expect(states()).toEqual(['stored']);
  });

  test('stops when its owner is no longer signed in, and goes on when they are back', async () => {
    let signedIn = true;
    const memory = new Memory();
    let ends: ((outcome: Outcome) => void)[] = [];
    const queue = new Queue({
      owner: 'p1',
      keep: memory as unknown as Keep,
      send: () => {
        const done = new Promise<Outcome>((resolve) => ends.push(resolve));
        return { done, stop: () => ends.at(-1)?.({ kind: 'paused', code: 'stopped' }) };
      },
      allowed: () => signedIn,
    });
    await queue.add([file('a.dcm')]);
    await settled();
    signedIn = false;
    queue.retryNow();
    await settled();
    expect(queue.store.getState().items[0]?.state).toBe('paused');
    expect(memory.blobs.size).toBe(1);
    ends = [];
    signedIn = true;
    queue.retryNow();
    await settled();
    ends[0]?.({ kind: 'answered', code: 'stored', studyUid: null });
    await settled();
    expect(queue.store.getState().items[0]?.state).toBe('stored');
  });

  test('keeps the bytes of what was refused without a word of intake', async () => {
    const { queue, states, memory } = made([{ kind: 'refused', code: 'http-413' }]);
    await queue.add([file('a.dcm')]);
    await settled();
    expect([states(), memory.blobs.size]).toEqual([['refused'], 1]);
    const item = queue.store.getState().items[0];
    queue.remove(new Set([item?.id ?? '']));
    expect(memory.blobs.size).toBe(0);
  });

  test('forgets what is taken out of it', async () => {
    const { queue, states, memory } = made([], new Memory(), () => false);
    await queue.add([file('a.dcm'), file('b.dcm')]);
    queue.remove(new Set([queue.store.getState().items[0]?.id ?? '']));
    expect([states(), memory.blobs.size]).toEqual([['waiting'], 1]);
  });
});
