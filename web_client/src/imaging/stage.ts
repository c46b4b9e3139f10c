import { cache, Enums, type PlanarViewport, type Types, utilities } from '@cornerstonejs/core';
import { CACHE_LIMIT_BYTES, enableViewport, onCpu, renderingEngine } from './engine';
import { FrameRefused, loadFrame } from './frames';
import type { Box, Series, Window } from './types';
import type { StagePort } from './viewer';

// Beyond this share of the cache nothing is fetched ahead, or it would push out what is on screen.
const AHEAD_SHARE = 0.9;

let stages = 0;

/** One stack viewport of Cornerstone3D, in our terms. Leaving it gives the memory of all decoded images back. */
export class Stage implements StagePort {
  private readonly id: string;
  private readonly viewport: PlanarViewport;
  private readonly onSignedOut: () => void;
  private mounted: Series | null = null;
  private window: Window | null = null;

  constructor(element: HTMLDivElement, onSignedOut: () => void) {
    this.onSignedOut = onSignedOut;
    this.id = `stage-${stages++}`;
    this.viewport = enableViewport(this.id, element);
  }

  /** Fetch and decode a slice into the cache. Only what decoded is put there: the cache throws again what failed. */
  async load(imageId: string): Promise<void> {
    if (cache.isLoaded(imageId)) return;
    const image = await loadFrame(imageId).promise.catch((error: unknown) => {
      if (error instanceof FrameRefused && error.status === 401) this.onSignedOut();
      throw error;
    });
    await cache.putImageLoadObject(imageId, { promise: Promise.resolve(image) });
  }

  get memoryBytes(): number {
    return cache.getCacheSize();
  }

  roomAhead(): boolean {
    return cache.getCacheSize() < CACHE_LIMIT_BYTES * AHEAD_SHARE;
  }

  /** Draw a slice that is in the cache. */
  async show(series: Series, index: number): Promise<void> {
    if (this.mounted === series) {
      await this.viewport.setImageIdIndex(index);
    } else {
      await this.mount(series, index);
    }
    this.present(series.slices[index]?.imageId);
  }

  setWindow(window: Window | null): void {
    this.window = window;
    this.present(this.viewport.getCurrentImageId());
  }

  windowOf(imageId: string): Window | null {
    const image = cache.getImage(imageId);
    return image && !image.color
      ? { center: first(image.windowCenter), width: first(image.windowWidth) }
      : null;
  }

  get zoom(): number {
    return this.viewport.getZoom();
  }

  setZoom(zoom: number, at?: readonly [number, number]): void {
    this.viewport.setZoom(zoom, at && this.toCanvas(at[0], at[1]));
    this.viewport.render();
  }

  get panMm(): { x: number; y: number } {
    const [x, y] = this.viewport.getPan();
    const scale = this.pixelsPerMm();
    return { x: x / scale, y: y / scale };
  }

  setPanMm({ x, y }: { x: number; y: number }): void {
    const scale = this.pixelsPerMm();
    this.viewport.setPan([x * scale, y * scale]);
    this.viewport.render();
  }

  panBy(dx: number, dy: number): void {
    const [x, y] = this.viewport.getPan();
    const [right, down] = this.toCanvas(dx, dy);
    this.viewport.setPan([x + right, y + down]);
    this.viewport.render();
  }

  resetPlace(): void {
    this.viewport.resetViewState();
    this.viewport.render();
  }

  get box(): Box | null {
    const image = cache.getImage(this.viewport.getCurrentImageId() ?? '');
    if (!image) return null;
    const scale = this.pixelsPerMm();
    const width = image.columns * (image.columnPixelSpacing || 1) * scale;
    const height = image.rows * (image.rowPixelSpacing || 1) * scale;
    const [x, y] = this.viewport.getPan();
    const { clientWidth, clientHeight } = this.viewport.element;
    return { left: clientWidth / 2 + x - width / 2, top: clientHeight / 2 + y - height / 2, width, height };
  }

  resize(): void {
    renderingEngine().resize(true, true);
  }

  destroy(): void {
    if (this.mounted) displaySets.remove(this.setId(this.mounted));
    renderingEngine().disableElement(this.id);
    cache.purgeCache();
  }

  private async mount(series: Series, index: number): Promise<void> {
    // The same series again has grown: the picture stays where it lies.
    const place = this.mounted?.uid === series.uid ? { zoom: this.zoom, pan: this.panMm } : null;
    if (this.mounted) displaySets.remove(this.setId(this.mounted));
    this.mounted = series;
    const displaySetId = this.setId(series);
    displaySets.add(displaySetId, {
      kind: 'planar',
      imageIds: series.slices.map(({ imageId }) => imageId),
      initialImageIdIndex: index,
    });
    await this.viewport.setDisplaySets({ displaySetId });
    this.viewport.resetViewState();
    if (place === null) return;
    this.setZoom(place.zoom);
    this.setPanMm(place.pan);
  }

  private present(imageId: string | undefined): void {
    const image = imageId === undefined ? undefined : cache.getImage(imageId);
    if (!image || this.mounted === null) return;
    const window = image.color ? null : this.window;
    const voiRange = window ? utilities.windowLevel.toLowHighRange(window.width, window.center) : undefined;
    this.viewport.resetDisplaySetPresentation();
    this.viewport.setDisplaySetPresentation({
      ...(voiRange && { voiRange }),
      interpolationType: Enums.InterpolationType.LINEAR,
      // MONOCHROME1: the smallest value is the brightest (PS3.3 C.7.6.3.1.2).
      invert: image.invert,
    });
    this.viewport.render();
  }

  private pixelsPerMm(): number {
    const centre = this.viewport.canvasToWorld([0, 0]);
    const beside = this.viewport.canvasToWorld([100, 0]);
    const mm = Math.hypot(...centre.map((value, axis) => value - (beside[axis] ?? 0)));
    return mm > 0 ? 100 / mm : 1;
  }

  /**
   * Turn CSS pixels into what the viewport counts in. Drawing on the CPU, Cornerstone3D takes the canvas's
   * pixels for the screen's and divides them by their ratio, though it has made them CSS pixels.
   */
  private toCanvas(x: number, y: number): [number, number] {
    const canvas = this.viewport.getCanvas();
    const share = onCpu() ? canvas.width / (canvas.clientWidth * devicePixelRatio) : 1;
    return [x * share, y * share];
  }

  private setId({ uid, slices }: Series): string {
    return `${this.id}/${uid}/${slices.length}`;
  }
}

const displaySets = utilities.genericViewportDisplaySetMetadataProvider;

function first(value: Types.IImage['windowCenter']): number {
  return Number(Array.isArray(value) ? value[0] : value);
}
