import { keepPreviousData, useInfiniteQuery, useQuery } from '@tanstack/react-query';
import { useMemo } from 'react';
import { api, bodyOf } from '@/shared/api';
import { REQUESTS } from '@/shared/requests/requests';
import type { Filters } from '../model/filters';
import { distinct } from '../model/rows';

const PAGE_SIZE = 50;
const ALARM_CHECK_MS = 15_000;

/** The list under its filters, as deep as it was scrolled. */
export function useWorklist(filters: Filters) {
  const list = useInfiniteQuery({
    queryKey: [...REQUESTS, 'list', filters],
    queryFn: ({ pageParam, signal }) =>
      bodyOf(
        api.GET('/api/worklist', {
          params: {
            query: { ...filters, limit: PAGE_SIZE, ...(pageParam === null ? {} : { after: pageParam }) },
          },
          signal,
        }),
      ),
    initialPageParam: null as string | null,
    getNextPageParam: (page) => page.next,
    // While other filters load, what was there stays: a list that blinks is read twice.
    placeholderData: keepPreviousData,
  });
  const requests = useMemo(() => distinct(list.data?.pages ?? []), [list.data]);
  return { ...list, requests, counts: list.data?.pages[0]?.counts ?? null };
}

/** The red cases that ring just now. Asked for by the clock too: a claimed and unopened one rings again without an event. */
export function useRinging(enabled: boolean) {
  const red = useQuery({
    queryKey: [...REQUESTS, 'list', 'ringing'],
    queryFn: ({ signal }) =>
      bodyOf(
        api.GET('/api/worklist', { params: { query: { view: 'open', ringing: true, limit: 50 } }, signal }),
      ),
    enabled,
    refetchInterval: ALARM_CHECK_MS,
    refetchIntervalInBackground: true,
  });
  const items = red.data?.items;
  // Whoever is not signed in cannot answer, and what was last heard may be answered long since.
  return useMemo(() => (enabled ? (items ?? []) : []), [enabled, items]);
}
