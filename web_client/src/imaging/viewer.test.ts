import { beforeEach, describe, expect, it, vi } from 'vitest';
import type { Series, View, Window } from './types';
import { type SourcePort, type StagePort, StudyViewer } from './viewer';

const STUDY = '1.2.3';

function series(uid: string, count: number): Series {
  const slices = Array.from({ length: count }, (_, index) => ({
    imageId: `${uid}/${index}`,
    sopInstanceUid: `${uid}.${index}`,
    frame: 1,
    instanceNumber: index + 1,
    positionMm: null,
    edges: null,
  }));
  return {
    uid,
    modality: 'CT',
    number: 1,
    description: '',
    instanceCount: count,
    slices,
    noImages: null,
    pages: [],
  };
}

class FakeStage implements StagePort {
  shown: string[] = [];
  window: Window | null = null;
  zoom = 1;
  panMm = { x: 0, y: 0 };
  box = { left: 10, top: 0, width: 400, height: 400 };
  memoryBytes = 0;
  damaged = new Set<string>();
  holding: Promise<void> = Promise.resolve();

  async load(imageId: string): Promise<void> {
    await this.holding;
    if (this.damaged.has(imageId)) throw new Error('damaged');
  }
  async show({ slices }: Series, index: number): Promise<void> {
    this.shown.push(slices[index]?.imageId ?? '');
  }
  setWindow(window: Window | null): void {
    this.window = window;
  }
  windowOf(): Window {
    return { center: 40, width: 400 };
  }
  setZoom(zoom: number): void {
    this.zoom = zoom;
  }
  setPanMm(pan: { x: number; y: number }): void {
    this.panMm = pan;
  }
  panBy(dx: number, dy: number): void {
    this.panMm = { x: this.panMm.x + dx, y: this.panMm.y + dy };
  }
  resetPlace(): void {
    this.zoom = 1;
    this.panMm = { x: 0, y: 0 };
  }
  roomAhead(): boolean {
    return true;
  }
  resize(): void {}
  destroy(): void {}
}

const all = [series('A', 5), series('B', 3)];
const source: SourcePort = {
  studyUid: STUDY,
  series: async () => all,
  load: async ({ uid }) => all.find((each) => each.uid === uid) ?? series(uid, 0),
};

describe('a viewer', () => {
  let stage: FakeStage;
  let viewer: StudyViewer;

  beforeEach(async () => {
    stage = new FakeStage();
    viewer = new StudyViewer(stage, source);
    await viewer.open();
  });

  it('shows the first slice of the first series', () => {
    expect(viewer.state).toMatchObject({ index: 0, shown: 0, status: 'ready' });
    expect(stage.shown).toEqual(['A/0']);
  });

  it('shows a view that came before the series were known', async () => {
    const late = new StudyViewer(stage, source);
    const view = { ...late.getView(), series_instance_uid: 'B', instance_index: 2, zoom: 2 };
    expect(late.applyView(view)).toBe(true);
    await late.open();
    expect(late.getView()).toEqual(view);
    expect(late.state.series?.uid).toBe('B');
  });

  it('says where the picture lies, as long as there is one', async () => {
    expect(viewer.pictureBox()).toEqual(stage.box);
    stage.damaged.add('A/1');
    viewer.goTo(1);
    await vi.waitFor(() => expect(viewer.state.status).toBe('broken'));
    expect(viewer.pictureBox()).toBeNull();
  });

  it('places the picture by the last of many views, whichever slice comes first', async () => {
    const view = viewer.getView();
    let release: () => void = () => undefined;
    stage.holding = new Promise((resolve) => {
      release = resolve;
    });
    viewer.applyView({ ...view, instance_index: 1, zoom: 2 });
    viewer.applyView({ ...view, instance_index: 2, zoom: 3 });
    release();
    await vi.waitFor(() => expect(viewer.state.shown).toBe(2));
    await vi.waitFor(() => expect(stage.zoom).toBe(3));
  });

  it('stays within the stack', async () => {
    viewer.goTo(99);
    await vi.waitFor(() => expect(viewer.state.shown).toBe(4));
    viewer.step(-99);
    await vi.waitFor(() => expect(viewer.state.shown).toBe(0));
  });

  it('says that a damaged slice is on nobody’s screen, and goes on', async () => {
    stage.damaged.add('B/1');
    await viewer.select('B', 1);
    expect(viewer.state).toMatchObject({ index: 1, shown: null, status: 'broken', fault: 'undecodable' });
    viewer.step(1);
    await vi.waitFor(() => expect(viewer.state).toMatchObject({ index: 2, shown: 2, status: 'ready' }));
    expect(viewer.state.broken).toEqual([1]);
  });

  it('shows the slice asked for last, whatever arrives in between', async () => {
    let release: () => void = () => undefined;
    stage.holding = new Promise((resolve) => {
      release = resolve;
    });
    await Promise.resolve();
    viewer.goTo(1);
    viewer.goTo(2);
    viewer.goTo(3);
    release();
    await vi.waitFor(() => expect(viewer.state.shown).toBe(3));
    expect(stage.shown).toEqual(['A/0', 'A/3']);
  });

  it('moves the window from the one on screen', () => {
    viewer.nudgeWindow(10, -5);
    expect(stage.window).toEqual({ center: 35, width: 410 });
    viewer.nudgeWindow(-9999, 0);
    expect(stage.window?.width).toBe(1);
  });

  it('tells what a person changed, and not what it was told to show', async () => {
    const told: View[] = [];
    viewer.onViewChange((view) => told.push(view));
    const view: View = {
      study_instance_uid: STUDY,
      series_instance_uid: 'B',
      instance_index: 2,
      window: { center: 60, width: 160 },
      zoom: 2,
      pan: { x: 12, y: -3 },
    };
    expect(viewer.applyView(view)).toBe(true);
    await vi.waitFor(() => expect(viewer.getView()).toEqual(view));
    expect(told).toEqual([]);
    viewer.setWindow(null);
    expect(told).toEqual([{ ...view, window: null }]);
  });

  it('refuses the view of another study', () => {
    expect(viewer.applyView({ ...viewer.getView(), study_instance_uid: '9' })).toBe(false);
  });

  it('takes in what arrives while it is open, and stays on the slice and in the window', async () => {
    let now = [series('A', 3)];
    const growing = new StudyViewer(stage, {
      ...source,
      series: async () => now,
      load: async ({ uid }) => now.find((each) => each.uid === uid) ?? series(uid, 0),
    });
    await growing.open();
    growing.goTo(1);
    growing.setWindow({ center: 50, width: 350 });
    await vi.waitFor(() => expect(growing.state.shown).toBe(1));
    const seen = growing.state.series?.slices[1]?.imageId;
    const more = series('A', 5);
    // One of the new ones lies before what is on screen.
    now = [{ ...more, slices: [...more.slices.slice(4), ...more.slices.slice(0, 4)] }, series('B', 2)];
    await growing.refresh();
    expect(growing.state).toMatchObject({ index: 2, shown: 2, window: { center: 50, width: 350 } });
    expect(growing.state.series?.slices[2]?.imageId).toBe(seen);
    expect(Object.keys(growing.state.known)).toEqual(['A', 'B']);
  });

  it('keeps the reason when the list cannot be read, and recovers', async () => {
    const failing = vi.fn(source.series).mockRejectedValueOnce(new Error('down'));
    const other = new StudyViewer(stage, { ...source, series: failing });
    await other.open();
    expect(other.state.error).toBeInstanceOf(Error);
    other.retry();
    await vi.waitFor(() => expect(other.state.shown).toBe(0));
    expect(other.state.error).toBeNull();
  });
});
