import { type QueryClient, queryOptions } from '@tanstack/react-query';
import { api, bodyOf } from '@/shared/api';
import type { RequestOut } from '@/shared/api/types';

export type Request = RequestOut;

/** Everything under it is read again when an event speaks of a request. */
export const REQUESTS = ['requests'] as const;

/** One case by its id; whoever reads it is on record. */
export function requestQuery(id: string) {
  return queryOptions({
    queryKey: [...REQUESTS, 'one', id],
    queryFn: ({ signal }) =>
      bodyOf(api.GET('/api/requests/{request_id}', { params: { path: { request_id: id } }, signal })),
  });
}

/** What the server answered about a case takes the place of what was known of it. */
export function keepRequest(queries: QueryClient, request: Request): void {
  queries.setQueryData(requestQuery(request.id).queryKey, request);
  void queries.invalidateQueries({ queryKey: [...REQUESTS, 'list'] });
}

/** Where a case is read. */
export function readingPath(request: Pick<Request, 'id' | 'kind'>): string {
  return `/${request.kind === 'ecg' ? 'ecg' : 'reading'}/${request.id}`;
}
