import { useInfiniteQuery, useMutation, useQueryClient } from '@tanstack/react-query';
import { api, bodyOf } from '@/shared/api';
import type { ReportSummary } from '@/shared/api/types';
import { REQUESTS } from '@/shared/requests/requests';

const PAGE_SIZE = 50;

export type View = 'mine' | 'institution';

export function useReports(view: View) {
  return useInfiniteQuery({
    queryKey: [...REQUESTS, 'reports', view],
    queryFn: ({ pageParam, signal }) =>
      bodyOf(
        api.GET('/api/reports', {
          params: { query: { view, limit: PAGE_SIZE, ...(pageParam === null ? {} : { before: pageParam }) } },
          signal,
        }),
      ),
    initialPageParam: null as string | null,
    getNextPageParam: (page) => page.next,
  });
}

export function useAcknowledge() {
  const queries = useQueryClient();
  return useMutation({
    mutationFn: ({ id, version }: ReportSummary) =>
      bodyOf(
        api.POST('/api/reports/{report_id}/acknowledge', {
          params: { path: { report_id: id } },
          body: { version },
        }),
      ),
    onSettled: () => queries.invalidateQueries({ queryKey: REQUESTS }),
  });
}
