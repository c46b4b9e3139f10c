import type { PageRoute } from '@/shared/routing/route';

export const routes: readonly PageRoute[] = [
  {
    path: '/reports',
    load: () => import('./components/ReportsPage'),
    needs: 'report.read',
    nav: 'nav.reports',
  },
];
