import { useInfiniteQuery, useMutation, useQuery, useQueryClient } from '@tanstack/react-query';
import { api, bodyOf, type Schemas } from '@/shared/api';

export type Destination = Schemas['DestinationOut'];
export type Job = Schemas['ForwardJobOut'];
export type JobState = Schemas['JobState'];
export type NewRoute = Schemas['RouteIn'];
export type Priority = Schemas['Priority'];
export type Route = Schemas['RouteOut'];
export type Institution = Schemas['DeviceList']['institutions'][number];

const FORWARDING = ['forwarding'];
const ROUTES = [...FORWARDING, 'routes'];
const EVERY_MS = 5_000;
const PAGE_SIZE = 50;

export function useDestinations() {
  return useQuery({
    queryKey: [...FORWARDING, 'destinations'],
    queryFn: ({ signal }) => bodyOf(api.GET('/api/forwarding/destinations', { signal })),
    refetchInterval: EVERY_MS,
  });
}

export function useJobs(state: JobState | null) {
  return useInfiniteQuery({
    queryKey: [...FORWARDING, 'jobs', state],
    queryFn: ({ pageParam, signal }) =>
      bodyOf(
        api.GET('/api/forwarding/jobs', {
          params: {
            query: {
              limit: PAGE_SIZE,
              ...(state === null ? {} : { state }),
              ...(pageParam === null ? {} : { before: pageParam }),
            },
          },
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

/** What was not taken of a study, asked for while it is looked at. */
export function useTroubles(jobId: string) {
  return useQuery({
    queryKey: [...FORWARDING, 'job', jobId],
    queryFn: ({ signal }) =>
      bodyOf(api.GET('/api/forwarding/jobs/{job_id}', { params: { path: { job_id: jobId } }, signal })),
    refetchInterval: EVERY_MS,
  });
}

export function useRoutes() {
  return useQuery({
    queryKey: ROUTES,
    queryFn: ({ signal }) => bodyOf(api.GET('/api/forwarding/routes', { signal })),
  });
}

/** Places by name: who manages routes manages devices, too. */
export function useInstitutions() {
  return useQuery({
    queryKey: [...FORWARDING, 'institutions'],
    queryFn: async ({ signal }) => (await bodyOf(api.GET('/api/devices', { signal }))).institutions,
  });
}

function useChange<T>(mutationFn: (asked: T) => Promise<unknown>) {
  const queries = useQueryClient();
  return useMutation({
    mutationFn,
    onSettled: () => queries.invalidateQueries({ queryKey: FORWARDING }),
  });
}

export function useSend() {
  return useChange((body: Schemas['StudySendingIn']) => bodyOf(api.POST('/api/forwarding/jobs', { body })));
}

export function useRetry() {
  return useChange((id: string) =>
    bodyOf(api.POST('/api/forwarding/jobs/{job_id}/retry', { params: { path: { job_id: id } } })),
  );
}

export function useDrop() {
  return useChange((id: string) =>
    bodyOf(api.DELETE('/api/forwarding/jobs/{job_id}', { params: { path: { job_id: id } } })),
  );
}

/** Make a route, or make the one of this id another. */
export function useSaveRoute() {
  return useChange(({ id, body }: { id: string | null; body: NewRoute }) =>
    id === null
      ? bodyOf(api.POST('/api/forwarding/routes', { body }))
      : bodyOf(api.PUT('/api/forwarding/routes/{route_id}', { params: { path: { route_id: id } }, body })),
  );
}

export function useRemoveRoute() {
  return useChange((id: string) =>
    bodyOf(api.DELETE('/api/forwarding/routes/{route_id}', { params: { path: { route_id: id } } })),
  );
}
