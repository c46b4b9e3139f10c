import type { PageRoute } from '@/shared/routing/route';

/** The list; the room itself is put together in app/pages, where the viewer is within reach. */
export const routes: readonly PageRoute[] = [
  {
    path: '/consult',
    load: () => import('./components/OpenConsults'),
    needs: 'consult.join',
    nav: 'nav.consult',
  },
];
