import { queryOptions } from '@tanstack/react-query';
import { type MedianBeat, type Recording, unpack } from '@/ecgcore';
import { api, bodyOf, type Schemas } from '@/shared/api';
import { REQUESTS } from '@/shared/requests/requests';

export type EcgDetail = Schemas['EcgDetailOut'];
export type Waveform = Omit<Schemas['WaveformOut'], 'samples'> & { readonly recording: Recording };

/** One ECG with its screening; read again when an event speaks of it. */
export function ecgQuery(id: string) {
  return queryOptions({
    queryKey: [...REQUESTS, 'ecg', id],
    queryFn: ({ signal }) =>
      bodyOf(api.GET('/api/ecgs/{ecg_id}', { params: { path: { ecg_id: id } }, signal })),
  });
}

export interface Previous {
  readonly ecg: Schemas['EcgOut'] | null;
  readonly comparison: Comparison | null;
  readonly median: MedianBeat | null;
}

/** `ecg compare --json`, as far as this page shows it. */
export interface Comparison {
  readonly comparable: boolean;
  readonly reservations: readonly Said[];
  readonly changes: readonly (Said & { readonly severity: string })[];
  readonly differences: readonly {
    readonly quantity: string;
    readonly lead: string | null;
    readonly by: number;
    readonly notable: boolean;
  }[];
}

interface Said {
  readonly text_zh: string;
  readonly text_en: string;
}

/** The patient's ECG before this one, and what changed since. */
export function previousQuery(id: string) {
  return queryOptions({
    queryKey: [...REQUESTS, 'ecg', id, 'previous'],
    queryFn: async ({ signal }): Promise<Previous> => {
      const found = await bodyOf(
        api.GET('/api/ecgs/{ecg_id}/previous', { params: { path: { ecg_id: id } }, signal }),
      );
      const { previous, comparison, median } = found;
      return {
        ecg: previous,
        comparison: comparison as unknown as Comparison | null,
        median: median && { fsHz: median.fs_hz, r: median.r, tracesMv: median.traces_mv },
      };
    },
  });
}

/** The file as the device wrote it; the server names it for saving. */
export function originalUrl(id: string): string {
  return `/api/ecgs/${encodeURIComponent(id)}/original`;
}

/** Up to a minute of its samples. A recording never changes: what was read once is kept. */
export function waveformQuery(id: string, startS: number) {
  return queryOptions({
    queryKey: ['waveform', id, startS],
    staleTime: Number.POSITIVE_INFINITY,
    queryFn: async ({ signal }): Promise<Waveform> => {
      const packed = await bodyOf(
        api.GET('/api/ecgs/{ecg_id}/waveform', {
          params: { path: { ecg_id: id }, query: { start_s: startS } },
          signal,
        }),
      );
      const { samples: _, ...facts } = packed;
      return { ...facts, recording: unpack(packed) };
    },
  });
}
