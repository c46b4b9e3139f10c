import { describe, expect, it } from 'vitest';
import type { Dataset } from './dicomJson';
import { seriesFrom, summaries } from './series';

const SUMMARY = { uid: '1.2', modality: 'CT', number: 2, description: '', instanceCount: 0 };
const frameUrl = (uid: string, frame: number) => `/${uid}/frames/${frame}`;

function instance(uid: string, more: Record<string, unknown[]> = {}): Dataset {
  const values: Record<string, unknown[]> = {
    '00080016': ['1.2.840.10008.5.1.4.1.1.2'],
    '00080018': [uid],
    '00280010': [512],
    '00280011': [512],
    ...more,
  };
  return Object.fromEntries(Object.entries(values).map(([tag, Value]) => [tag, { vr: 'UN', Value }]));
}

const ids = (instances: Dataset[]) => seriesFrom(SUMMARY, instances, frameUrl).slices.map((s) => s.imageId);

describe('a stack', () => {
  it('keeps the order of the instance numbers', () => {
    const stack = [3, 1, 2].map((n) => instance(`9.${n}`, { '00200013': [n] }));
    expect(ids(stack)).toEqual(['frame:/9.1/frames/1', 'frame:/9.2/frames/1', 'frame:/9.3/frames/1']);
  });

  it('goes by position where the numbers are missing', () => {
    const at = (uid: string, z: number) =>
      instance(uid, { '00200037': [1, 0, 0, 0, 1, 0], '00200032': [0, 0, z] });
    expect(ids([at('9.1', 20), at('9.2', -5)])).toEqual(['frame:/9.2/frames/1', 'frame:/9.1/frames/1']);
  });

  it('has a slice for each frame, each in its own place', () => {
    const plane = (z: number) => ({
      '00209113': { vr: 'SQ', Value: [{ '00200032': { vr: 'DS', Value: [0, 0, z] } }] },
    });
    const enhanced = instance('9', {
      '00280008': ['3'],
      '52009229': [
        { '00209116': { vr: 'SQ', Value: [{ '00200037': { vr: 'DS', Value: [1, 0, 0, 0, 1, 0] } }] } },
      ],
      '52009230': [plane(0), plane(5), plane(10)],
    });
    const { slices } = seriesFrom(SUMMARY, [enhanced], frameUrl);
    expect(slices.map(({ frame, positionMm }) => [frame, positionMm])).toEqual([
      [1, 0],
      [2, 5],
      [3, 10],
    ]);
    expect(slices[0]?.edges?.left).toBe('R');
  });

  it('does not believe an absurd number of frames', () => {
    const { slices } = seriesFrom(SUMMARY, [instance('9', { '00280008': [2_000_000_000] })], frameUrl);
    expect(slices.length).toBe(10_000);
  });

  it('says what a series without images is', () => {
    const reason = (sopClass: string) =>
      seriesFrom(SUMMARY, [instance('9', { '00080016': [sopClass], '00280010': [] })], frameUrl).noImages;
    expect(reason('1.2.840.10008.5.1.4.1.1.88.33')).toBe('report');
    expect(reason('1.2.840.10008.5.1.4.1.1.104.1')).toBe('document');
    expect(reason('1.2.840.10008.5.1.4.1.1.9.1.1')).toBe('waveform');
    expect(reason('1.2.840.10008.5.1.4.1.1.11.1')).toBe('other');
    expect(seriesFrom(SUMMARY, [], frameUrl).noImages).toBe('other');
  });

  it('names the reports and documents that the server writes as pages, in their order', () => {
    const sr = (uid: string, n: number) =>
      instance(uid, { '00080016': ['1.2.840.10008.5.1.4.1.1.88.11'], '00280010': [], '00200013': [n] });
    expect(seriesFrom(SUMMARY, [sr('b', 2), sr('a', 1)], frameUrl).pages).toEqual(['a', 'b']);
    const ecg = instance('9', { '00080016': ['1.2.840.10008.5.1.4.1.1.9.1.1'], '00280010': [] });
    expect(seriesFrom(SUMMARY, [ecg], frameUrl).pages).toEqual([]);
  });

  it('leaves video to others, though it has rows and columns', () => {
    const video = instance('9', { '00080016': ['1.2.840.10008.5.1.4.1.1.77.1.1.1'] });
    expect(seriesFrom(SUMMARY, [video], frameUrl).noImages).toBe('video');
  });
});

describe('the list of series', () => {
  it('goes by series number, those without one last', () => {
    const row = (uid: string, number: number[]): Dataset => ({
      '0020000E': { vr: 'UI', Value: [uid] },
      '00200011': { vr: 'IS', Value: number },
    });
    expect(summaries([row('3', []), row('2', [10]), row('1', [2])]).map(({ uid }) => uid)).toEqual([
      '1',
      '2',
      '3',
    ]);
  });
});
