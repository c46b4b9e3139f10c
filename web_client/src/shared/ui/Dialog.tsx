import { lazy, type ReactNode, Suspense } from 'react';
import { useHeldKeys } from '@/shared/actions';

const DialogModal = lazy(() => import('./DialogModal'));

export interface DialogProps {
  readonly title: string;
  readonly open: boolean;
  readonly onClose: () => void;
  readonly size?: number;
  readonly children: ReactNode;
}

/**
 * A dialog that keeps focus and rests the page's keys, fetched when one first opens. Never for a critical value,
 * and never over a red row.
 */
export function Dialog({ open, ...rest }: DialogProps) {
  useHeldKeys(open);
  return <Suspense>{open && <DialogModal {...rest} />}</Suspense>;
}
