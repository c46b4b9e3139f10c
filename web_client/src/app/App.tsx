import { QueryClientProvider } from '@tanstack/react-query';
import { RouterProvider } from '@tanstack/react-router';
import { useMemo } from 'react';
import { Gate } from './Gate';
import { Look } from './Look';
import { createQueries } from './queries';
import { createPages } from './router';

export function App() {
  const [queries, router] = useMemo(() => [createQueries(), createPages()] as const, []);
  return (
    <QueryClientProvider client={queries}>
      <Look>
        <Gate onOtherPerson={() => void router.navigate({ to: '/' })}>
          <RouterProvider router={router} />
        </Gate>
      </Look>
    </QueryClientProvider>
  );
}
