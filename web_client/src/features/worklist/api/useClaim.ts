import { useMutation, useQueryClient } from '@tanstack/react-query';
import { useNavigate } from '@tanstack/react-router';
import { api, bodyOf } from '@/shared/api';
import { keepRequest, REQUESTS, type Request, readingPath } from '@/shared/requests/requests';
import { useCan } from '@/shared/session/permissions';
import { claimable } from '../model/rows';

type Step = 'claim' | 'release';

/** Claims or releases a case. Whatever the answer, the list is read again: a refusal means it has changed. */
export function useClaim() {
  const queries = useQueryClient();
  return useMutation({
    mutationFn: ({ request, step }: { request: Request; step: Step }) => {
      const params = { path: { request_id: request.id } };
      return bodyOf(
        step === 'claim'
          ? api.POST('/api/requests/{request_id}/claim', { params })
          : api.POST('/api/requests/{request_id}/release', { params }),
      );
    },
    onSuccess: (request) => keepRequest(queries, request),
    onError: () => queries.invalidateQueries({ queryKey: REQUESTS }),
  });
}

/** Opens a case where it is read; one that nobody holds is claimed first, and only one person's claim succeeds. */
export function useOpen() {
  const navigate = useNavigate();
  const claim = useClaim();
  const can = useCan();
  return {
    ...claim,
    open: async (request: Request): Promise<void> => {
      if (claimable(request) && can('request.claim')) await claim.mutateAsync({ request, step: 'claim' });
      await navigate({ to: readingPath(request) });
    },
  };
}
