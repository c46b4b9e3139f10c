import { type FormEvent, useState } from 'react';
import { Button, Dialog, ErrorLine } from '@/shared/ui';
import { type Destination, type Priority, useSend } from '../api/useForwarding';
import { useWords } from '../i18n';
import { isUid } from '../model';
import { DestinationField, PriorityField } from './fields';
import styles from './forwarding.module.css';

interface Props {
  readonly destinations: readonly Destination[];
  readonly onClose: () => void;
}

/** One study to one destination, whatever the routes say. */
export function SendForm({ destinations, onClose }: Props) {
  const t = useWords();
  const send = useSend();
  const only = destinations.length === 1 ? (destinations[0]?.id ?? '') : '';
  const [uid, setUid] = useState('');
  const [destination, setDestination] = useState(only);
  const [priority, setPriority] = useState<Priority>('medium');
  const [tried, setTried] = useState(false);
  const fault = isUid(uid.trim()) ? (destination === '' ? 'form.noDestination' : null) : 'form.noUid';

  function submit(event: FormEvent): void {
    event.preventDefault();
    setTried(true);
    if (fault !== null) return;
    const body = { study_instance_uid: uid.trim(), destination_id: destination, priority };
    send.mutate(body, { onSuccess: onClose });
  }

  return (
    <Dialog title={t('act.send')} open onClose={onClose} size={560}>
      <form className={styles.form} noValidate onSubmit={submit}>
        <label className={styles.wide}>
          {t('form.uid')}
          <input
            name="study_instance_uid"
            autoFocus
            spellCheck={false}
            maxLength={80}
            value={uid}
            onChange={(event) => setUid(event.target.value)}
          />
          <small className="muted t12">{t('form.uidWhat')}</small>
        </label>
        <DestinationField destinations={destinations} value={destination} onChange={setDestination} />
        <PriorityField value={priority} onChange={setPriority} />
        <div className={styles.wide}>
          {tried && fault !== null && (
            <p className="c-red t13" role="alert">
              {t(fault)}
            </p>
          )}
          {send.error !== null && (
            <ErrorLine error={send.error} texts={{ 'no-destination': t('error.no-destination') }} />
          )}
        </div>
        <div className={`${styles.wide} ${styles.foot}`}>
          <Button onClick={onClose}>{t('act.cancel')}</Button>
          <Button kind="primary" type="submit" busy={send.isPending}>
            {t('act.send')}
          </Button>
        </div>
      </form>
    </Dialog>
  );
}
