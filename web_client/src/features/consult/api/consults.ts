import { queryOptions, useMutation, useQuery, useQueryClient } from '@tanstack/react-query';
import { api, asProblem, bodyOf } from '@/shared/api';
import type { ConsultOut } from '@/shared/api/types';
import { placeName } from '@/shared/format/format';
import { useLiveEvents } from '@/shared/live/store';
import type { Standing } from '../model/session';

export type Consult = ConsultOut;

const CONSULTS = ['consults'] as const;

export const consultQuery = (consultId: string) =>
  queryOptions({
    queryKey: [...CONSULTS, consultId],
    queryFn: ({ signal }) =>
      bodyOf(api.GET('/api/consults/{consult_id}', { params: { path: { consult_id: consultId } }, signal })),
  });

/** The open consults within reach, newest first, kept up by what the server tells. */
export function useOpenConsults(enabled = true) {
  const queries = useQueryClient();
  useLiveEvents(({ topic }) => {
    if (topic === 'consult.opened' || topic === 'consult.closed') {
      void queries.invalidateQueries({ queryKey: CONSULTS });
    }
  });
  return useQuery({
    queryKey: [...CONSULTS, 'open'],
    queryFn: ({ signal }) => bodyOf(api.GET('/api/consults', { signal })),
    enabled,
  });
}

/** Opens the case's consult, or gives back the one that is open. */
export function useOpenConsult() {
  const queries = useQueryClient();
  return useMutation({
    mutationFn: (requestId: string) =>
      bodyOf(api.POST('/api/requests/{request_id}/consult', { params: { path: { request_id: requestId } } })),
    onSuccess: (consult) => queries.setQueryData(consultQuery(consult.id).queryKey, consult),
  });
}

export function useCloseConsult() {
  const queries = useQueryClient();
  return useMutation({
    mutationFn: (consultId: string) =>
      bodyOf(api.POST('/api/consults/{consult_id}/close', { params: { path: { consult_id: consultId } } })),
    onSuccess: () => queries.invalidateQueries({ queryKey: CONSULTS }),
  });
}

/** Asked before each connection: TURN credentials live for minutes, and a refused socket says no reason. */
export async function standingOf(consultId: string): Promise<Standing> {
  try {
    const consult = await bodyOf(
      api.GET('/api/consults/{consult_id}', { params: { path: { consult_id: consultId } } }),
    );
    if (consult.closed_at !== null) return { kind: 'closed' };
    return { kind: 'open', iceServers: consult.ice_servers.map(iceServer) };
  } catch (error) {
    const { status } = asProblem(error);
    if (status === 401) return { kind: 'signed-out' };
    if (status === 403 || status === 404) return { kind: 'refused' };
    throw error;
  }
}

function iceServer({ urls, username, credential }: Consult['ice_servers'][number]): RTCIceServer {
  return { urls, ...(username ? { username } : {}), ...(credential ? { credential } : {}) };
}

/** Who opened it, with the house where that is known: only those present name theirs. */
export function openerOf(consult: Consult, lang: 'zh' | 'en'): string {
  const { id, display_name } = consult.opened_by;
  const present = consult.participants.find((one) => one.id === id);
  return present === undefined ? display_name : `${placeName(present.institution, lang)} ${display_name}`;
}
