import { useInfiniteQuery, useMutation, useQuery, useQueryClient } from '@tanstack/react-query';
import { api, bodyOf, type Schemas } from '@/shared/api';

export type PatientRecord = Schemas['PatientRecordOut'];
export type KeptStudy = Schemas['KeptStudyOut'];
export type Deletion = Schemas['ListedDeletionOut'];
export type DeletionState = Deletion['state'];
export type DeletionStep = 'approve' | 'reject' | 'withdraw' | 'restore';
export type RetentionClass = KeptStudy['lifecycle']['retention_class'];

const RECORDS = ['records'];
export const FOUND_AT_MOST = 50;
const PAGE_SIZE = 50;
const EVERY_MS = 30_000;

export function usePatients(text: string) {
  return useQuery({
    queryKey: [...RECORDS, 'patients', text],
    queryFn: ({ signal }) =>
      bodyOf(api.GET('/api/patients', { params: { query: { text, limit: FOUND_AT_MOST } }, signal })),
    enabled: text !== '',
  });
}

export function useKeptStudies(patientId: string) {
  return useInfiniteQuery({
    queryKey: [...RECORDS, 'studies', patientId],
    queryFn: ({ pageParam, signal }) =>
      bodyOf(
        api.GET('/api/patients/{patient_id}/studies', {
          params: { path: { patient_id: patientId }, query: pageOf(pageParam) },
          signal,
        }),
      ),
    initialPageParam: null as string | null,
    getNextPageParam: (page) => page.next,
  });
}

export function useDeletions(states: readonly DeletionState[]) {
  return useInfiniteQuery({
    queryKey: [...RECORDS, 'deletions', states],
    queryFn: ({ pageParam, signal }) =>
      bodyOf(
        api.GET('/api/deletions', {
          params: { query: { state: [...states], ...pageOf(pageParam) } },
          signal,
        }),
      ),
    initialPageParam: null as string | null,
    getNextPageParam: (page) => page.next,
    // Each round asks for every page again, so who looks further back is left in peace.
    refetchInterval: ({ state: { data } }) =>
      data !== undefined && data.pages.length > 1 ? false : EVERY_MS,
  });
}

function pageOf(before: string | null): { limit: number; before?: string } {
  return { limit: PAGE_SIZE, ...(before === null ? {} : { before }) };
}

/** A decision that is kept with its reason. */
export type Decision =
  | { readonly kind: 'merge'; readonly patient: string; readonly into: string }
  | { readonly kind: 'unmerge'; readonly patient: string }
  | { readonly kind: 'hold'; readonly study: string; readonly wholePatient: boolean }
  | { readonly kind: 'lift'; readonly study: string; readonly hold: string }
  | { readonly kind: 'retention'; readonly study: string; readonly chosen: RetentionClass }
  | { readonly kind: 'delete'; readonly study: string }
  | { readonly kind: DeletionStep; readonly deletion: string };

export function useDecide() {
  const queries = useQueryClient();
  return useMutation({
    mutationFn: ({ decision, reason }: { decision: Decision; reason: string }) => decide(decision, reason),
    onSettled: () => queries.invalidateQueries({ queryKey: RECORDS }),
  });
}

export function useRecall() {
  const queries = useQueryClient();
  return useMutation({
    mutationFn: (study: string) =>
      bodyOf(api.POST('/api/studies/{study_id}/recall', { params: { path: { study_id: study } } })),
    onSettled: () => queries.invalidateQueries({ queryKey: RECORDS }),
  });
}

function decide(decision: Decision, reason: string): Promise<unknown> {
  switch (decision.kind) {
    case 'merge':
      return bodyOf(
        api.POST('/api/patients/{patient_id}/merge', {
          params: { path: { patient_id: decision.patient } },
          body: { into: decision.into, reason },
        }),
      );
    case 'unmerge':
      return bodyOf(
        api.POST('/api/patients/{patient_id}/unmerge', {
          params: { path: { patient_id: decision.patient } },
          body: { reason },
        }),
      );
    case 'hold':
      return bodyOf(
        api.POST('/api/studies/{study_id}/holds', {
          params: { path: { study_id: decision.study } },
          body: { reason, whole_patient: decision.wholePatient },
        }),
      );
    case 'lift':
      return bodyOf(
        api.POST('/api/studies/{study_id}/holds/{hold_id}/lift', {
          params: { path: { study_id: decision.study, hold_id: decision.hold } },
          body: { reason },
        }),
      );
    case 'retention':
      return bodyOf(
        api.PUT('/api/studies/{study_id}/retention', {
          params: { path: { study_id: decision.study } },
          body: { retention_class: decision.chosen, reason },
        }),
      );
    case 'delete':
      return bodyOf(
        api.POST('/api/studies/{study_id}/deletion', {
          params: { path: { study_id: decision.study } },
          body: { reason },
        }),
      );
    default:
      return bodyOf(
        api.POST(`/api/deletions/{deletion_id}/${decision.kind}`, {
          params: { path: { deletion_id: decision.deletion } },
          body: { reason },
        }),
      );
  }
}
