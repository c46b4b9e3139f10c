import { routes as worklist } from '@/features/worklist';
import type { PageRoute } from '@/shared/routing/route';

/** Every page, in the order of the top bar. A page that needs two features is put together in app/pages. */
export const pages: readonly PageRoute[] = [...worklist];
