/** One dataset in the DICOM JSON model (PS3.18 Annex F). */
export type Dataset = Readonly<Record<string, Attribute | undefined>>;

interface Attribute {
  readonly vr: string;
  readonly Value?: readonly unknown[];
}

export const TAG = {
  sopClassUid: '00080016',
  sopInstanceUid: '00080018',
  modality: '00080060',
  seriesDescription: '0008103E',
  seriesInstanceUid: '0020000E',
  seriesNumber: '00200011',
  instanceNumber: '00200013',
  imagePosition: '00200032',
  imageOrientation: '00200037',
  seriesInstances: '00201209',
  planePositionSequence: '00209113',
  planeOrientationSequence: '00209116',
  numberOfFrames: '00280008',
  rows: '00280010',
  columns: '00280011',
  sharedFunctionalGroups: '52009229',
  perFrameFunctionalGroups: '52009230',
} as const;

export function text(dataset: Dataset, tag: string): string {
  const value = dataset[tag]?.Value?.[0];
  return typeof value === 'string' || typeof value === 'number' ? String(value).trim() : '';
}

/** IS and DS may come as numbers or as text. */
export function numbers(dataset: Dataset, tag: string): readonly number[] {
  return (dataset[tag]?.Value ?? []).map(Number).filter(Number.isFinite);
}

export function number(dataset: Dataset, tag: string): number | null {
  return numbers(dataset, tag)[0] ?? null;
}

export function items(dataset: Dataset, tag: string): readonly Dataset[] {
  return (dataset[tag]?.Value ?? []).filter(
    (item): item is Dataset => typeof item === 'object' && item !== null,
  );
}
