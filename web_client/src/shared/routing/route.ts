import type { ComponentType } from 'react';
import type { SharedKey } from '@/shared/i18n';
import type { Action } from '@/shared/session/permissions';

/** A page of a feature. `server/page.py` answers its address too: a new path is listed there as well. */
export interface PageRoute {
  /** As TanStack Router writes it: `/reading/$requestId`. */
  readonly path: string;
  /** Its own chunk, loaded when it is first opened. */
  readonly load: () => Promise<{ readonly default: ComponentType }>;
  /** Who has no use for it does not see it; the server refuses by itself. */
  readonly needs: Action;
  /** Its word in the top bar, for pages that stand there. */
  readonly nav?: SharedKey;
}
