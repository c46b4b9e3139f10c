import { routes as consult } from '@/features/consult';
import { routes as devices } from '@/features/devices';
import { routes as forwarding } from '@/features/forwarding';
import { routes as inbox } from '@/features/inbox';
import { routes as records } from '@/features/records';
import { routes as reports } from '@/features/reports';
import { routes as worklist } from '@/features/worklist';
import type { PageRoute } from '@/shared/routing/route';

/**
 * Every page, in the order of the top bar; the first one may open is where one begins. A page that needs two
 * features is put together in app/pages.
 */
export const pages: readonly PageRoute[] = [
  ...inbox,
  ...worklist,
  ...consult,
  ...reports,
  ...records,
  ...devices,
  ...forwarding,
  { path: '/reading/$requestId', load: () => import('./pages/ReadingPage'), needs: 'exam.read' },
  { path: '/ecg/$requestId', load: () => import('./pages/EcgPage'), needs: 'exam.read' },
  { path: '/consult/$consultId', load: () => import('./pages/ConsultPage'), needs: 'consult.join' },
];
