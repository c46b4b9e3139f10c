import type { PageRoute } from '@/shared/routing/route';

export const routes: readonly PageRoute[] = [
  { path: '/inbox', load: () => import('./components/InboxPage'), needs: 'exam.create', nav: 'nav.inbox' },
];
