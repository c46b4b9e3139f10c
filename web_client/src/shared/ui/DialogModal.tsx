import { Modal } from '@mantine/core';
import '@mantine/core/styles/CloseButton.css';
import '@mantine/core/styles/ModalBase.css';
import '@mantine/core/styles/Modal.css';
import '@mantine/core/styles/Overlay.css';
import '@mantine/core/styles/Paper.css';
import { useShared } from '@/shared/i18n';
import type { DialogProps } from './Dialog';

/** The dialog itself, in Mantine's frame. */
export default function DialogModal({ title, onClose, size = 520, children }: Omit<DialogProps, 'open'>) {
  const t = useShared();
  return (
    <Modal
      opened
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
