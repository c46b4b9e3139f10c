import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import type { SharedView } from './protocol';
import { keepInStep, type SharedStage } from './stage';
import { staged, view, welcome } from './testing';

beforeEach(() => void vi.useFakeTimers());
afterEach(() => void vi.useRealTimers());

const settle = (): Promise<unknown> => vi.advanceTimersByTimeAsync(0);

class FakeStage implements SharedStage {
  shown: SharedView = view({ instance_index: 100 });
  applied: (number | null)[] = [];
  private readonly listeners = new Set<(view: SharedView) => void>();

  getView = (): SharedView => this.shown;
  toPicture = (): null => null;
  toStage = (): null => null;

  applyView(next: SharedView): void {
    this.shown = next;
    this.applied.push(next.instance_index);
  }

  onViewChange(listener: (view: SharedView) => void): () => void {
    this.listeners.add(listener);
    return () => void this.listeners.delete(listener);
  }

  scrollsTo(index: number): void {
    this.shown = view({ instance_index: index });
    for (const listener of this.listeners) listener(this.shown);
  }
}

async function inStep(change: Readonly<Record<string, unknown>>) {
  const world = staged();
  const stage = new FakeStage();
  const stop = keepInStep(world.session, stage);
  void world.session.join({ audio: false, video: false });
  await settle();
  world.socket().opens();
  await settle();
  world.socket().says(welcome(change));
  await settle();
  const leads = (id: string | null): void => world.socket().says({ type: 'leader', participant_id: id });
  const hears = (index: number): void =>
    world.socket().says({ type: 'view', view: view({ instance_index: index }), version: index, by: 'b' });
  const told = (): (number | null)[] =>
    world.socket().sent.flatMap((message) => (message.type === 'view' ? [message.view.instance_index] : []));
  return { ...world, stage, stop, leads, hears, told };
}

describe('a stage in step with the room', () => {
  test('shows a late joiner what the leader shows', async () => {
    const { stage } = await inStep({ leader: 'b', view: view({ instance_index: 12 }), view_version: 12 });
    expect(stage.applied).toEqual([12]);
  });

  test('follows, looks around alone, and catches up', async () => {
    const { stage, session, hears } = await inStep({ leader: 'b' });
    hears(1);
    session.follow(false);
    hears(2);
    expect(stage.applied).toEqual([1]);
    session.follow(true);
    expect(stage.applied).toEqual([1, 2]);
  });

  test('applies a view once, whatever else changes in the room', async () => {
    const { stage, session, hears } = await inStep({ leader: 'b' });
    hears(1);
    session.talk(true);
    session.toggle('audio');
    await settle();
    expect(stage.applied).toEqual([1]);
  });

  test('tells the own picture on taking the lead, and every change from then on', async () => {
    const { stage, leads, told } = await inStep({ leader: 'b' });
    stage.scrollsTo(3);
    await vi.advanceTimersByTimeAsync(100);
    expect(told()).toEqual([]);
    leads('a');
    await vi.advanceTimersByTimeAsync(100);
    stage.scrollsTo(4);
    await vi.advanceTimersByTimeAsync(100);
    expect(told()).toEqual([3, 4]);
  });

  test('begins with the room’s picture where one comes back as its leader after a reload', async () => {
    const { stage, told } = await inStep({ leader: 'a', view: view({ instance_index: 9 }), view_version: 4 });
    await vi.advanceTimersByTimeAsync(100);
    expect(stage.applied).toEqual([9]);
    expect(told()).toEqual([]);
    stage.scrollsTo(10);
    await vi.advanceTimersByTimeAsync(100);
    expect(told()).toEqual([10]);
  });

  test('tells the own picture where the first to come finds none', async () => {
    const { stage, told } = await inStep({ leader: 'a' });
    await vi.advanceTimersByTimeAsync(100);
    expect(stage.applied).toEqual([]);
    expect(told()).toEqual([100]);
  });

  test('never applies a view while leading, and follows again when the lead is taken away', async () => {
    const { stage, leads, hears } = await inStep({ leader: 'a' });
    hears(5);
    expect(stage.applied).toEqual([]);
    leads('b');
    expect(stage.applied).toEqual([5]);
  });

  test('tells again after a reconnection what the leader turned to meanwhile', async () => {
    const { stage, socket, told } = await inStep({ leader: 'a' });
    socket().isClosed();
    stage.scrollsTo(30);
    await vi.advanceTimersByTimeAsync(400);
    socket().opens();
    await settle();
    socket().says(welcome({ self: 'a2', leader: 'a2', view: view({ instance_index: 100 }) }));
    await vi.advanceTimersByTimeAsync(100);
    expect(told()).toEqual([30]);
  });

  test('goes on from the own last picture when the lead is taken away, not from what was before', async () => {
    const { stage, leads } = await inStep({
      leader: 'b',
      view: view({ instance_index: 12 }),
      view_version: 1,
    });
    leads('a');
    stage.scrollsTo(20);
    leads('b');
    expect(stage.shown.instance_index).toBe(20);
  });

  test('is left alone after it was taken off', async () => {
    const { stage, stop, hears } = await inStep({ leader: 'b' });
    stop();
    hears(1);
    expect(stage.applied).toEqual([]);
  });
});
