import { SliceLoader } from './loader';
import type { Box, Series, SeriesSummary, SliceFault, SliceStatus, View, ViewSync, Window } from './types';

const MIN_ZOOM = 0.1;
const MAX_ZOOM = 30;

export interface ViewerState {
  /** null: the list of series is still being read. */
  readonly list: readonly SeriesSummary[] | null;
  /** What has been read of the series so far, by UID. */
  readonly known: Readonly<Record<string, Series>>;
  readonly series: Series | null;
  /** The slice asked for. */
  readonly index: number;
  /** The slice on screen, null while there is none; it lags behind `index` while one loads. */
  readonly shown: number | null;
  readonly status: SliceStatus;
  readonly fault: SliceFault | null;
  readonly ready: number;
  readonly broken: readonly number[];
  /** null: the window each image names. */
  readonly window: Window | null;
  /** The window on screen; null for colour. */
  readonly effectiveWindow: Window | null;
  readonly zoom: number;
  readonly memoryBytes: number;
  /** What kept the list or the series from being read. */
  readonly error: unknown;
}

const EMPTY: ViewerState = {
  list: null,
  known: {},
  series: null,
  index: 0,
  shown: null,
  status: 'waiting',
  fault: null,
  ready: 0,
  broken: [],
  window: null,
  effectiveWindow: null,
  zoom: 1,
  memoryBytes: 0,
  error: null,
};

/** Where pictures are drawn. Slices are loaded before they are shown. */
export interface StagePort {
  load(imageId: string): Promise<unknown>;
  show(series: Series, index: number): Promise<void>;
  setWindow(window: Window | null): void;
  /** The window a loaded slice names, or one that spans its values; null for colour. */
  windowOf(imageId: string): Window | null;
  readonly zoom: number;
  /** Zoom, keeping the named point of the canvas where it is. */
  setZoom(zoom: number, at?: readonly [number, number]): void;
  readonly panMm: { readonly x: number; readonly y: number };
  setPanMm(pan: { readonly x: number; readonly y: number }): void;
  /** Move the picture by canvas pixels. */
  panBy(dx: number, dy: number): void;
  /** Fit the picture into the middle. */
  resetPlace(): void;
  /** Where the picture lies in the viewport; null while there is none. */
  readonly box: Box | null;
  readonly memoryBytes: number;
  /** Whether memory is left for pictures that nobody looks at yet. */
  roomAhead(): boolean;
  resize(): void;
  destroy(): void;
}

/** Where a study's series come from. */
export interface SourcePort {
  readonly studyUid: string;
  series(): Promise<SeriesSummary[]>;
  load(summary: SeriesSummary): Promise<Series>;
}

/** A study in one viewport: which series, which slice, how it is seen. The one place where that changes. */
export class StudyViewer implements ViewSync {
  state: ViewerState = EMPTY;
  private readonly source: SourcePort;
  private readonly stage: StagePort;
  private readonly stateListeners = new Set<() => void>();
  private readonly viewListeners = new Set<(view: View) => void>();
  private loader: SliceLoader | null = null;
  private turn = 0;
  /** The view that somebody else chose last. */
  private wanted: View | null = null;
  private destroyed = false;

  constructor(stage: StagePort, source: SourcePort) {
    this.stage = stage;
    this.source = source;
  }

  subscribe = (listener: () => void): (() => void) => {
    this.stateListeners.add(listener);
    return () => this.stateListeners.delete(listener);
  };

  /** Read the list of series, and show the first one where nothing is shown yet. */
  async open(): Promise<void> {
    try {
      const list = await this.source.series();
      this.set({ list, error: null });
      if (this.wanted !== null) await this.follow(this.wanted);
      const first = list[0];
      if (first && this.state.series === null) await this.select(first.uid);
      await this.learn(list);
    } catch (error) {
      this.set({ error });
    }
  }

  /** More images have arrived: read what there is now, and stay where the person looks. */
  async refresh(): Promise<void> {
    try {
      const list = await this.source.series();
      this.set({ list });
      if (this.wanted !== null) await this.follow(this.wanted);
      const { series, index } = this.state;
      const now = list.find(({ uid }) => uid === series?.uid);
      if (series === null && list[0]) await this.select(list[0].uid);
      else if (now && now.instanceCount !== series?.instanceCount) {
        const seen = series?.slices[index];
        await this.selectQuietly(now.uid, (grown) =>
          Math.max(0, seen ? grown.slices.findIndex(({ imageId }) => imageId === seen.imageId) : index),
        );
      }
      await this.learn(list);
    } catch {
      // What is on screen stays; the next arrival asks again.
    }
  }

  async select(seriesUid: string, index = 0): Promise<void> {
    await this.selectQuietly(seriesUid, index);
    this.tell();
  }

  goTo(index: number): void {
    this.goToQuietly(index);
    this.tell();
  }

  step(delta: number): void {
    this.goTo(this.state.index + delta);
  }

  setWindow(window: Window | null): void {
    this.setWindowQuietly(window);
    this.tell();
  }

  /** Change the window from the one on screen: width by `dWidth`, centre by `dCenter`. */
  nudgeWindow(dWidth: number, dCenter: number): void {
    const now = this.state.effectiveWindow;
    if (now) this.setWindow({ center: now.center + dCenter, width: Math.max(1, now.width + dWidth) });
  }

  zoomBy(factor: number, at?: readonly [number, number]): void {
    this.stage.setZoom(clamp(this.stage.zoom * factor, MIN_ZOOM, MAX_ZOOM), at);
    this.placed();
  }

  panBy(dx: number, dy: number): void {
    this.stage.panBy(dx, dy);
    this.placed();
  }

  /** The image as it names itself, fitted. */
  reset(): void {
    this.setWindowQuietly(null);
    this.stage.resetPlace();
    this.placed();
  }

  retry(): void {
    if (this.state.error !== null && this.state.series === null) void this.open();
    this.loader?.retry();
    this.goToQuietly(this.state.index);
  }

  resize(): void {
    this.stage.resize();
  }

  destroy(): void {
    this.destroyed = true;
    this.loader?.stop();
    this.stateListeners.clear();
    this.viewListeners.clear();
    this.stage.destroy();
  }

  getView(): View {
    return {
      study_instance_uid: this.source.studyUid,
      series_instance_uid: this.state.series?.uid ?? null,
      instance_index: this.state.index,
      window: this.state.window,
      zoom: this.stage.zoom,
      pan: this.state.shown === null ? { x: 0, y: 0 } : this.stage.panMm,
    };
  }

  applyView(view: View): boolean {
    if (view.study_instance_uid !== this.source.studyUid) return false;
    this.wanted = view;
    if (this.state.list !== null) void this.follow(view);
    return true;
  }

  pictureBox(): Box | null {
    return this.state.shown === null ? null : this.stage.box;
  }

  onViewChange(listener: (view: View) => void): () => void {
    this.viewListeners.add(listener);
    return () => this.viewListeners.delete(listener);
  }

  /** Read the metadata of the other series, so that they have their pictures and open at once. */
  private async learn(list: readonly SeriesSummary[]): Promise<void> {
    for (const summary of list) {
      if (this.destroyed) return;
      // A series that cannot be read says so when it is opened.
      const series = await this.source.load(summary).catch(() => null);
      if (series) this.set({ known: { ...this.state.known, [series.uid]: series } });
    }
  }

  private async follow(view: View): Promise<void> {
    this.setWindowQuietly(view.window);
    const { series_instance_uid: uid, instance_index: index } = view;
    if (uid !== null && uid !== this.state.series?.uid) await this.selectQuietly(uid, index);
    else if (index !== this.state.index) await this.goToQuietly(index);
    // Of views that come faster than slices do, only the last one places the picture.
    if (view !== this.wanted || this.destroyed || this.state.shown === null) return;
    this.stage.setZoom(clamp(view.zoom, MIN_ZOOM, MAX_ZOOM));
    this.stage.setPanMm(view.pan);
    this.set({ zoom: this.stage.zoom });
  }

  private async selectQuietly(
    seriesUid: string,
    index: number | ((series: Series) => number),
  ): Promise<void> {
    const turn = ++this.turn;
    const summary = this.state.list?.find(({ uid }) => uid === seriesUid);
    if (!summary) return;
    try {
      const series = await this.source.load(summary);
      if (turn !== this.turn || this.destroyed) return;
      this.loader?.stop();
      this.loader = new SliceLoader(
        series.slices.map(({ imageId }) => imageId),
        {
          load: (imageId) => this.stage.load(imageId),
          onChange: () => this.progressed(),
          roomAhead: () => this.stage.roomAhead(),
        },
      );
      this.set({ series, index: 0, shown: null, error: null, effectiveWindow: null });
      await this.goToQuietly(typeof index === 'number' ? index : index(series));
    } catch (error) {
      if (turn === this.turn) this.set({ error });
    }
  }

  private async goToQuietly(wanted: number): Promise<void> {
    const { series } = this.state;
    if (!series || !this.loader || series.slices.length === 0) return;
    const turn = ++this.turn;
    const index = clamp(wanted, 0, series.slices.length - 1);
    this.set({ index });
    this.progressed();
    const status = await this.loader.need(index);
    if (turn !== this.turn || this.destroyed) return;
    if (status === 'ready') await this.stage.show(series, index);
    if (turn !== this.turn || this.destroyed) return;
    this.set({ shown: status === 'ready' ? index : null });
    this.progressed();
    this.measured();
  }

  private setWindowQuietly(window: Window | null): void {
    this.stage.setWindow(window);
    this.set({ window });
    this.measured();
  }

  private measured(): void {
    const { series, shown, window } = this.state;
    const slice = shown === null ? undefined : series?.slices[shown];
    const own = slice ? this.stage.windowOf(slice.imageId) : null;
    this.set({ effectiveWindow: own && (window ?? own), zoom: this.stage.zoom });
  }

  private placed(): void {
    this.set({ zoom: this.stage.zoom });
    this.tell();
  }

  private progressed(): void {
    const { loader } = this;
    if (!loader) return;
    const { index } = this.state;
    this.set({
      status: loader.status(index),
      fault: loader.fault(index),
      ready: loader.indicesOf('ready').length,
      broken: loader.indicesOf('broken'),
      memoryBytes: this.stage.memoryBytes,
    });
  }

  private set(change: Partial<ViewerState>): void {
    if (this.destroyed) return;
    this.state = { ...this.state, ...change };
    for (const listener of this.stateListeners) listener();
  }

  private tell(): void {
    this.wanted = null;
    if (this.viewListeners.size === 0 || this.destroyed) return;
    const view = this.getView();
    for (const listener of this.viewListeners) listener(view);
  }
}

function clamp(value: number, low: number, high: number): number {
  return Math.min(Math.max(value, low), high);
}
