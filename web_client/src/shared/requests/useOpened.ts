import { useMutation, useQueryClient } from '@tanstack/react-query';
import { useEffect } from 'react';
import { api, bodyOf } from '@/shared/api';
import { usePerson } from '@/shared/session/session';
import { keepRequest, type Request } from './requests';

/** Tells the server that who claimed the case now looks at it: a red one stops ringing for all. */
export function useOpened(request: Request): void {
  const queries = useQueryClient();
  const me = usePerson().id;
  const { mutate } = useMutation({
    mutationFn: (id: string) =>
      bodyOf(api.POST('/api/requests/{request_id}/open', { params: { path: { request_id: id } } })),
    onSuccess: (fresh) => keepRequest(queries, fresh),
  });
  const due = request.claimed_by?.id === me && request.opened_at === null;
  useEffect(() => {
    if (due) mutate(request.id);
  }, [due, mutate, request.id]);
}
