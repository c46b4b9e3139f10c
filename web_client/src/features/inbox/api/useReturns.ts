import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query';
import { api, bodyOf } from '@/shared/api';
import { keepRequest, REQUESTS, type Request } from '@/shared/requests/requests';

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

/** What the examining side knows of a case, and that it was examined again. */
export function useCaseStep() {
  const queries = useQueryClient();
  return useMutation({
    mutationFn: (
      step: { id: string; body: { complaint?: string; emergency?: boolean } } | { id: string; resume: true },
    ) => {
      const params = { path: { request_id: step.id } };
      return bodyOf<Request>(
        'resume' in step
          ? api.POST('/api/requests/{request_id}/resume', { params })
          : api.PATCH('/api/requests/{request_id}', { params, body: step.body }),
      );
    },
    onSuccess: (request) => keepRequest(queries, request),
  });
}

export function useAcknowledge() {
  const queries = useQueryClient();
  return useMutation({
    mutationFn: (reportId: string) =>
      bodyOf(api.POST('/api/reports/{report_id}/acknowledge', { params: { path: { report_id: reportId } } })),
    onSettled: () => queries.invalidateQueries({ queryKey: REQUESTS }),
  });
}
