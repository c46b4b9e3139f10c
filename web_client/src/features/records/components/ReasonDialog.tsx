import { type FormEvent, type ReactNode, useState } from 'react';
import { Button, Dialog, ErrorLine } from '@/shared/ui';
import { type Decision, useDecide } from '../api/useRecords';
import { useWords } from '../i18n';
import { isReason } from '../model';
import styles from './records.module.css';

const ERRORS = [
  'legal-hold',
  'retained',
  'same-person',
  'not-the-requester',
  'deletion-under-way',
  'deletion-state',
  'purged',
  'merged-before',
  'not-merged',
] as const;

export interface Asked {
  readonly decision: Decision;
  readonly title: string;
  /** What it means, before it is done. */
  readonly what: string;
  readonly danger?: boolean;
}

interface Props extends Asked {
  readonly onClose: () => void;
  readonly children?: ReactNode;
}

/** Nothing is decided without a reason: it is asked for here, once for every kind of decision. */
export function ReasonDialog({ decision, title, what, danger = false, onClose, children }: Props) {
  const t = useWords();
  const decide = useDecide();
  const [reason, setReason] = useState('');
  const [tried, setTried] = useState(false);

  function submit(event: FormEvent): void {
    event.preventDefault();
    setTried(true);
    if (isReason(reason)) decide.mutate({ decision, reason: reason.trim() }, { onSuccess: onClose });
  }

  return (
    <Dialog title={title} open onClose={onClose} size={520}>
      <form className={styles.reason} noValidate onSubmit={submit}>
        <p>{what}</p>
        {children}
        <label>
          {t('reason.label')}
          <textarea
            name="reason"
            autoFocus
            rows={3}
            maxLength={500}
            value={reason}
            onChange={(event) => setReason(event.target.value)}
          />
        </label>
        {tried && !isReason(reason) && (
          <p className="c-red t13" role="alert">
            {t('reason.short')}
          </p>
        )}
        {decide.error !== null && (
          <ErrorLine
            error={decide.error}
            texts={Object.fromEntries(ERRORS.map((code) => [code, t(`error.${code}`)]))}
          />
        )}
        <div className={styles.foot}>
          <Button onClick={onClose}>{t('act.cancel')}</Button>
          <Button kind={danger ? 'danger' : 'primary'} type="submit" busy={decide.isPending}>
            {title}
          </Button>
        </div>
      </form>
    </Dialog>
  );
}
