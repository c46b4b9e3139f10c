import { QueryClient } from '@tanstack/react-query';
import { asProblem } from '@/shared/api';

const RETRIES = 2;

/** Server state: fresh until an event says otherwise, and read again when the connection comes back. */
export function createQueries(): QueryClient {
  return new QueryClient({
    defaultOptions: {
      queries: {
        staleTime: 30_000,
        // A refusal stays one; a lost network or a busy server may not.
        retry: (failures, error) => {
          const { status } = asProblem(error);
          return failures < RETRIES && (status === 0 || status >= 500);
        },
        // A clinic's network is not the browser's idea of one: we try, and say what came of it.
        networkMode: 'always',
      },
      mutations: { networkMode: 'always' },
    },
  });
}
