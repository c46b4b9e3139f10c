import { type AnyRouter, createRootRoute, createRoute, createRouter, Navigate } from '@tanstack/react-router';
import { type FunctionComponent, lazy, Suspense } from 'react';
import type { PageRoute } from '@/shared/routing/route';
import { useCan } from '@/shared/session/permissions';
import { Loading } from '@/shared/ui';
import { Forbidden, NotFound, PageFailed } from './Fallbacks';
import { pages } from './pages';
import { Shell } from './Shell';

/** The routes of all pages; each page is a chunk of its own. */
export function createPages(): AnyRouter {
  const root = createRootRoute({
    component: Shell,
    notFoundComponent: NotFound,
    errorComponent: PageFailed,
  });
  const home = createRoute({ getParentRoute: () => root, path: '/', component: Home });
  const routes = pages.map((page) =>
    createRoute({ getParentRoute: () => root, path: page.path, component: guarded(page) }),
  );
  return createRouter({
    routeTree: root.addChildren([home, ...routes]),
    defaultErrorComponent: PageFailed,
    defaultPendingComponent: () => <Loading />,
    defaultPendingMs: 200,
  });
}

function guarded(page: PageRoute): FunctionComponent {
  const Page = lazy(page.load);
  return function GuardedPage() {
    const can = useCan();
    if (!can(page.needs)) return <Forbidden />;
    return (
      <Suspense fallback={<Loading />}>
        <Page />
      </Suspense>
    );
  };
}

/** The first page is the first that one may open. */
function Home() {
  const can = useCan();
  const first = pages.find((page) => page.nav !== undefined && can(page.needs));
  return first === undefined ? <Forbidden /> : <Navigate to={first.path} replace />;
}
