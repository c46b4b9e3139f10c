import { type Dataset, items, number, numbers, TAG, text } from './dicomJson';
import { edgesOf, positionAlongNormal } from './geometry';
import type { NoImages, Series, SeriesSummary, Slice } from './types';

const MOST_FRAMES = 10_000;
/** PS3.4 Annex B.5: what a still-image viewer cannot draw, by the start of its SOP Class UID. */
const WITHOUT_IMAGES: readonly (readonly [string, NoImages])[] = [
  ['1.2.840.10008.5.1.4.1.1.77.1.1.1', 'video'],
  ['1.2.840.10008.5.1.4.1.1.77.1.2.1', 'video'],
  ['1.2.840.10008.5.1.4.1.1.77.1.4.1', 'video'],
  ['1.2.840.10008.5.1.4.1.1.88.', 'report'],
  ['1.2.840.10008.5.1.4.1.1.104.', 'document'],
  ['1.2.840.10008.5.1.4.1.1.9.', 'waveform'],
];
/** What the server writes as a page, or shows on one. */
const PAGES: ReadonlySet<NoImages> = new Set<NoImages>(['report', 'document']);
const LAST = Number.MAX_SAFE_INTEGER;

/** Read what a search of a study's series answered, ordered by series number. */
export function summaries(answer: readonly Dataset[]): SeriesSummary[] {
  return answer
    .map((each) => ({
      uid: text(each, TAG.seriesInstanceUid),
      modality: text(each, TAG.modality),
      number: number(each, TAG.seriesNumber),
      description: text(each, TAG.seriesDescription),
      instanceCount: number(each, TAG.seriesInstances) ?? 0,
    }))
    .filter(({ uid }) => uid !== '')
    .sort((a, b) => (a.number ?? LAST) - (b.number ?? LAST) || a.uid.localeCompare(b.uid));
}

/** Turn the metadata of a series' instances into its stack; `frameUrl` names one frame. */
export function seriesFrom(
  summary: SeriesSummary,
  instances: readonly Dataset[],
  frameUrl: (sopInstanceUid: string, frame: number) => string,
): Series {
  const slices = instances
    .filter(hasPixels)
    .flatMap((instance) => slicesOf(instance, frameUrl))
    .sort(inOrder);
  return {
    ...summary,
    slices,
    noImages: slices.length > 0 ? null : instances[0] ? kindOf(instances[0]) : 'other',
    pages: slices.length > 0 ? [] : pagesOf(instances),
  };
}

function pagesOf(instances: readonly Dataset[]): string[] {
  return instances
    .filter((instance) => PAGES.has(kindOf(instance)))
    .sort((a, b) => (number(a, TAG.instanceNumber) ?? LAST) - (number(b, TAG.instanceNumber) ?? LAST))
    .map((instance) => text(instance, TAG.sopInstanceUid));
}

export function hasPixels(instance: Dataset): boolean {
  const pictured = (number(instance, TAG.rows) ?? 0) > 0 && (number(instance, TAG.columns) ?? 0) > 0;
  return pictured && kindOf(instance) !== 'video';
}

function kindOf(instance: Dataset): NoImages {
  const sopClass = text(instance, TAG.sopClassUid);
  return WITHOUT_IMAGES.find(([start]) => sopClass.startsWith(start))?.[1] ?? 'other';
}

function slicesOf(instance: Dataset, frameUrl: (uid: string, frame: number) => string): Slice[] {
  const sopInstanceUid = text(instance, TAG.sopInstanceUid);
  const count = Math.min(Math.max(1, number(instance, TAG.numberOfFrames) ?? 1), MOST_FRAMES);
  const shared = items(instance, TAG.sharedFunctionalGroups)[0];
  const perFrame = items(instance, TAG.perFrameFunctionalGroups);
  return Array.from({ length: count }, (_, index) => {
    const groups = [perFrame[index], shared];
    const orientation = placed(instance, groups, TAG.planeOrientationSequence, TAG.imageOrientation);
    const position = placed(instance, groups, TAG.planePositionSequence, TAG.imagePosition);
    return {
      imageId: `frame:${frameUrl(sopInstanceUid, index + 1)}`,
      sopInstanceUid,
      frame: index + 1,
      instanceNumber: number(instance, TAG.instanceNumber),
      positionMm: positionAlongNormal(orientation, position),
      edges: edgesOf(orientation),
    };
  });
}

/** An enhanced image keeps its geometry in functional groups (PS3.3 C.7.6.16), a classic one at the top. */
function placed(
  instance: Dataset,
  groups: readonly (Dataset | undefined)[],
  sequence: string,
  tag: string,
): readonly number[] {
  for (const group of groups) {
    const item = group && items(group, sequence)[0];
    if (item) return numbers(item, tag);
  }
  return numbers(instance, tag);
}

/** The technician's order; where numbers are missing or repeated, the patient's. */
function inOrder(a: Slice, b: Slice): number {
  return (
    (a.instanceNumber ?? LAST) - (b.instanceNumber ?? LAST) ||
    (a.positionMm ?? 0) - (b.positionMm ?? 0) ||
    a.sopInstanceUid.localeCompare(b.sopInstanceUid) ||
    a.frame - b.frame
  );
}
