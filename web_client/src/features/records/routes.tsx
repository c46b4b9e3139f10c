import type { PageRoute } from '@/shared/routing/route';

export const routes: readonly PageRoute[] = [
  {
    path: '/records',
    load: () => import('./components/RecordsPage'),
    needs: 'lifecycle.manage',
    nav: 'nav.records',
  },
];
