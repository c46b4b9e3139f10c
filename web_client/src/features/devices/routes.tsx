import type { PageRoute } from '@/shared/routing/route';

export const routes: readonly PageRoute[] = [
  {
    path: '/devices',
    load: () => import('./components/DevicesPage'),
    needs: 'device.manage',
    nav: 'nav.devices',
  },
];
