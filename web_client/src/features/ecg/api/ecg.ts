import { queryOptions } from '@tanstack/react-query';
import { type Recording, unpack } from '@/ecgcore';
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
