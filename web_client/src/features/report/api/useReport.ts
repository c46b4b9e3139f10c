import { queryOptions, useMutation, useQuery, useQueryClient } from '@tanstack/react-query';
import { api, asProblem, bodyOf, Problem } from '@/shared/api';
import type { ReportOut } from '@/shared/api/types';
import { keepRequest, REQUESTS, type Request } from '@/shared/requests/requests';
import { sessionStore } from '@/shared/session/session';
import type { Draft } from '../model/draft';
import type { Saved } from '../model/keeper';
import type { ReturnReason } from '../model/steps';

/** The report of a request; null until there is one to be seen. */
function reportQuery(requestId: string) {
  return queryOptions({
    queryKey: [...REQUESTS, 'report', requestId],
    queryFn: async ({ signal }): Promise<ReportOut | null> => {
      try {
        const params = { path: { request_id: requestId } };
        return await bodyOf(api.GET('/api/requests/{request_id}/report', { params, signal }));
      } catch (error) {
        if (asProblem(error).status === 404) return null;
        throw error;
      }
    },
  });
}

export function useReport({ id, report }: Request) {
  const query = useQuery({ ...reportQuery(id), enabled: report !== null });
  // The case says itself that there is none: nothing is asked that is known to be missing.
  return { ...query, data: query.data ?? (report === null ? null : query.data) };
}

export function useTemplates({ kind, modalities }: Request) {
  const modality = modalities[0];
  return useQuery({
    queryKey: ['report-templates', kind, modality],
    queryFn: ({ signal }) => {
      const query = { kind, ...(modality !== undefined && { modality }) };
      return bodyOf(api.GET('/api/report-templates', { params: { query }, signal }));
    },
    staleTime: Number.POSITIVE_INFINITY,
  });
}

/** Saves a draft, and says what became of it. */
export function useSaveDraft(requestId: string): (draft: Draft, base: number) => Promise<Saved> {
  const queries = useQueryClient();
  return async (draft, base) => {
    // Under the sign-in form nothing is asked: the draft waits on this computer.
    if (sessionStore.getState().phase !== 'in') {
      return { kind: 'later', error: new Problem('not-signed-in', 401) };
    }
    try {
      const report = await bodyOf(
        api.PUT('/api/requests/{request_id}/report', {
          params: { path: { request_id: requestId } },
          body: { ...draft, base_revision: base },
        }),
      );
      queries.setQueryData(reportQuery(requestId).queryKey, report);
      return { kind: 'saved', report };
    } catch (error) {
      return savedOf(error);
    }
  };
}

function savedOf(error: unknown): Saved {
  const problem = asProblem(error);
  if (problem.code === 'stale-draft') {
    return { kind: 'stale', current: (problem.body.current as ReportOut | null | undefined) ?? null };
  }
  const passing = problem.status === 401 || problem.status === 429 || problem.status >= 500;
  const away = problem.status === 0 && problem.code !== 'page-fault';
  return { kind: passing || away ? 'later' : 'refused', error };
}

export type Step =
  | { readonly step: 'submit' | 'sign' | 'acknowledge' }
  | { readonly step: 'return'; readonly comment: string }
  | { readonly step: 'amend'; readonly reason: string; readonly kind: 'amended' | 'corrected' | 'appended' };

/** Takes a report as it is shown a step further. Whatever the answer, report and case are read again. */
export function useStep(requestId: string) {
  const queries = useQueryClient();
  return useMutation({
    mutationFn: ({ report, ...step }: Step & { readonly report: ReportOut }) => {
      const params = { path: { report_id: report.id } };
      const { revision, version } = report;
      switch (step.step) {
        case 'submit':
          return bodyOf(api.POST('/api/reports/{report_id}/submit', { params, body: { revision } }));
        case 'sign':
          return bodyOf(api.POST('/api/reports/{report_id}/sign', { params, body: { revision } }));
        case 'acknowledge':
          return bodyOf(api.POST('/api/reports/{report_id}/acknowledge', { params, body: { version } }));
        case 'return':
          return bodyOf(
            api.POST('/api/reports/{report_id}/return', {
              params,
              body: { revision, comment: step.comment },
            }),
          );
        case 'amend':
          return bodyOf(
            api.POST('/api/reports/{report_id}/amend', {
              params,
              body: { revision, reason: step.reason, kind: step.kind },
            }),
          );
      }
    },
    onSettled: () => queries.invalidateQueries({ queryKey: REQUESTS }),
    onSuccess: (report) => {
      queries.setQueryData(reportQuery(requestId).queryKey, report as ReportOut);
    },
  });
}

/** Gives the exam back to the examining side. */
export function useSendBack(requestId: string) {
  const queries = useQueryClient();
  return useMutation({
    mutationFn: (body: { readonly reason: ReturnReason; readonly comment: string | null }) =>
      bodyOf(
        api.POST('/api/requests/{request_id}/return', {
          params: { path: { request_id: requestId } },
          body,
        }),
      ),
    onSuccess: (request) => keepRequest(queries, request),
    onError: () => queries.invalidateQueries({ queryKey: REQUESTS }),
  });
}
