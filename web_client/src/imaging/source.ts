import { wadors } from '@cornerstonejs/dicom-image-loader';
import { type Dataset, TAG, text } from './dicomJson';
import { hasPixels, seriesFrom, summaries } from './series';
import type { Series, SeriesSummary } from './types';

/** Ask our DICOMweb service and return its JSON; failures are the caller's kind of error. */
export type FetchJson = (path: string) => Promise<unknown>;

const PREFIX = '/dicomweb/studies';

/** One study over DICOMweb: QIDO-RS for its series, WADO-RS for their metadata and frames. */
export class StudySource {
  readonly studyUid: string;
  private readonly fetchJson: FetchJson;
  private readonly loaded = new Map<string, { readonly count: number; readonly series: Promise<Series> }>();
  private readonly described = new Set<string>();

  constructor(studyUid: string, fetchJson: FetchJson) {
    this.studyUid = studyUid;
    this.fetchJson = fetchJson;
  }

  async series(): Promise<SeriesSummary[]> {
    return summaries(datasets(await this.fetchJson(`${this.path}/series`)));
  }

  /** Read a series' metadata once, and again when it has grown; a failed attempt is forgotten, so that the next may succeed. */
  load(summary: SeriesSummary): Promise<Series> {
    const known = this.loaded.get(summary.uid);
    if (known?.count === summary.instanceCount) return known.series;
    const reading = { count: summary.instanceCount, series: this.read(summary) };
    this.loaded.set(summary.uid, reading);
    reading.series.catch(() => {
      if (this.loaded.get(summary.uid) === reading) this.loaded.delete(summary.uid);
    });
    return reading.series;
  }

  /** A small picture of the series, drawn by the server. */
  thumbnailUrl(seriesUid: string, sopInstanceUid: string, side: number): string {
    return `${this.rendered(seriesUid, sopInstanceUid)}?viewport=${side},${side}`;
  }

  /** A report or document as a page, written by the server. */
  pageUrl(seriesUid: string, sopInstanceUid: string, language: 'zh' | 'en'): string {
    return `${this.rendered(seriesUid, sopInstanceUid)}?language=${language}`;
  }

  /** Give the memory of the metadata back. */
  close(): void {
    for (const imageId of this.described) wadors.metaDataManager.remove(imageId);
    this.described.clear();
    this.loaded.clear();
  }

  private async read(summary: SeriesSummary): Promise<Series> {
    const path = `${this.path}/series/${encodeURIComponent(summary.uid)}`;
    const instances = datasets(await this.fetchJson(`${path}/metadata`));
    const frameUrl = (uid: string, frame: number) =>
      `${location.origin}${path}/instances/${encodeURIComponent(uid)}/frames/${frame}`;
    const series = seriesFrom(summary, instances, frameUrl);
    // The loader finds a later frame's metadata by its first one.
    const ids = new Map(
      series.slices.filter(({ frame }) => frame === 1).map((s) => [s.sopInstanceUid, s.imageId]),
    );
    for (const instance of instances.filter(hasPixels)) {
      const imageId = ids.get(text(instance, TAG.sopInstanceUid));
      if (imageId === undefined) continue;
      wadors.metaDataManager.add(imageId, { ...instance } as never);
      this.described.add(imageId);
    }
    return series;
  }

  private rendered(seriesUid: string, sopInstanceUid: string): string {
    return `${this.path}/series/${encodeURIComponent(seriesUid)}/instances/${encodeURIComponent(sopInstanceUid)}/rendered`;
  }

  private get path(): string {
    return `${PREFIX}/${encodeURIComponent(this.studyUid)}`;
  }
}

function datasets(answer: unknown): Dataset[] {
  return Array.isArray(answer) ? (answer as Dataset[]) : [];
}
