import type { PageRoute } from '@/shared/routing/route';

export const routes: readonly PageRoute[] = [
  {
    path: '/forwarding',
    load: () => import('./components/ForwardingPage'),
    needs: 'forwarding.manage',
    nav: 'nav.forwarding',
  },
];
