import { useMutation, useQueryClient } from '@tanstack/react-query';
import { useEffect, useRef } from 'react';
import { api, asProblem, bodyOf } from '@/shared/api';
import { usePerson } from '@/shared/session/session';
import { keepRequest, type Request } from './requests';

const LONGEST_WAIT_MS = 30_000;

/** Tells the server that who claimed the case now looks at it: a red one stops ringing for all. */
export function useOpened(request: Request): void {
  const queries = useQueryClient();
  const me = usePerson().id;
  const mounted = useRef(true);
  useEffect(() => {
    mounted.current = true;
    return () => {
      mounted.current = false;
    };
  }, []);
  const { mutate } = useMutation({
    mutationFn: (id: string) =>
      bodyOf(api.POST('/api/requests/{request_id}/open', { params: { path: { request_id: id } } })),
    // Until it is known, the alarm rings on for all.
    retry: (_count, error) => {
      const { status } = asProblem(error);
      return mounted.current && (status === 0 || status === 401 || status === 429 || status >= 500);
    },
    retryDelay: (count) => Math.min(LONGEST_WAIT_MS, 1_000 * 2 ** count),
    onSuccess: (fresh) => keepRequest(queries, fresh),
  });
  const due = request.claimed_by?.id === me && request.opened_at === null;
  useEffect(() => {
    if (due) mutate(request.id);
  }, [due, mutate, request.id]);
}
