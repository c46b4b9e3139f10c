import { Modal } from '@mantine/core';
import '@mantine/core/styles/CloseButton.css';
import '@mantine/core/styles/ModalBase.css';
import '@mantine/core/styles/Modal.css';
import '@mantine/core/styles/Overlay.css';
import '@mantine/core/styles/Paper.css';
import type { ReactNode } from 'react';
import { useHeldKeys } from '@/shared/actions';
import { useShared } from '@/shared/i18n';

interface Props {
  readonly title: string;
  readonly open: boolean;
  readonly onClose: () => void;
  readonly size?: number;
  readonly children: ReactNode;
}

/** A dialog that keeps focus and rests the page's keys. Never for a critical value, and never over a red row. */
export function Dialog({ title, open, onClose, size = 520, children }: Props) {
  const t = useShared();
  useHeldKeys(open);
  return (
    <Modal
      opened={open}
      onClose={onClose}
      title={title}
      size={size}
      centered
      transitionProps={{ duration: 0 }}
      closeButtonProps={{ 'aria-label': t('action.close') }}
      // The page never scrolls as a whole; the lock would add a style element, which the policy refuses.
      lockScroll={false}
    >
      {children}
    </Modal>
  );
}
