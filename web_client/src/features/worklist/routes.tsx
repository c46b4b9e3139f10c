import type { PageRoute } from '@/shared/routing/route';

export const routes: readonly PageRoute[] = [
  {
    path: '/worklist',
    load: () => import('./components/WorklistPage'),
    needs: 'worklist.read',
    nav: 'nav.worklist',
  },
];
