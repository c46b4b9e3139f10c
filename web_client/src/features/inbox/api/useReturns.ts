import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query';
import { api, bodyOf } from '@/shared/api';
import type { ReportSummary } from '@/shared/api/types';
import { keepRequest, REQUESTS } from '@/shared/requests/requests';

const SHOWN = 20;

/** This institution's own cases of one view. */
export function useOwnCases(view: 'open' | 'returned', enabled: boolean) {
  return useQuery({
    queryKey: [...REQUESTS, 'list', 'own', view],
    queryFn: ({ signal }) =>
      bodyOf(
        api.GET('/api/worklist', {
          params: { query: { view, limit: view === 'open' ? 100 : SHOWN } },
          signal,
        }),
      ),
    enabled,
  });
}

export function useOwnReports(enabled: boolean) {
  return useQuery({
    queryKey: [...REQUESTS, 'reports', 'institution', SHOWN],
    queryFn: ({ signal }) =>
      bodyOf(api.GET('/api/reports', { params: { query: { view: 'institution', limit: SHOWN } }, signal })),
    enabled,
  });
}

/** Says that what was asked for is done. */
export function useResume() {
  const queries = useQueryClient();
  return useMutation({
    mutationFn: (id: string) =>
      bodyOf(api.POST('/api/requests/{request_id}/resume', { params: { path: { request_id: id } } })),
    onSuccess: (request) => keepRequest(queries, request),
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
