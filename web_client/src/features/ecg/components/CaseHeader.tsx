import { IconLock } from '@tabler/icons-react';
import type { ReactNode } from 'react';
import { dateTime, placeName, sexAndAge } from '@/shared/format/format';
import { useNow } from '@/shared/format/useNow';
import { useShared } from '@/shared/i18n';
import type { Request } from '@/shared/requests/requests';
import { useCan } from '@/shared/session/permissions';
import { usePerson } from '@/shared/session/session';
import { Button, Countdown, PatientName, Tier } from '@/shared/ui';
import { useWords } from '../i18n';
import styles from './ecg.module.css';

export interface Claiming {
  readonly busy: boolean;
  readonly claim: () => void;
}

interface Props {
  readonly request: Request;
  /** Missing where nobody claims from here. */
  readonly claiming?: Claiming | undefined;
  /** Further steps, such as a consult. */
  readonly children?: ReactNode;
}

const ENDED = new Set(['completed', 'cancelled', 'rejected', 'failed', 'entered-in-error']);

/** Whose ECG it is, where it was taken, and how much time is left. */
export function CaseHeader({ request, claiming, children }: Props) {
  const t = useWords();
  const app = useShared();
  const now = useNow();
  const { patient, examining, complaint, acquired_at: acquired, received_at: received } = request;
  return (
    <header className={styles.header}>
      <Tier tier={request.risk} />
      <h1 className="t16 ell" title={patient.name ?? undefined}>
        <PatientName patient={patient} />
      </h1>
      <span className="nw">{sexAndAge(patient, app)}</span>
      <span className="sub nw" title={t('head.examining')}>
        {placeName(examining, t.lang)}
      </span>
      {request.emergency && <span className="tag r">{t('head.emergency')}</span>}
      {complaint !== null && complaint !== '' && (
        <span className={`tag r ell ${styles.complaint}`} title={complaint}>
          {complaint}
        </span>
      )}
      <span className="end" />
      {acquired === null ? (
        <span className="tag miss">{t('head.noAcquired')}</span>
      ) : (
        <span className="sub nw" title={t('head.received', { at: dateTime(received) })}>
          {t('head.acquired', { at: dateTime(acquired) })}
        </span>
      )}
      {!ENDED.has(request.status) && (
        <Countdown dueAt={request.due_at} since={acquired ?? received} now={now} />
      )}
      <Holder request={request} claiming={claiming} />
      {children}
    </header>
  );
}

/** Who holds the case; where nobody does, the step that changes it. */
function Holder({ request, claiming }: Pick<Props, 'request' | 'claiming'>) {
  const t = useWords();
  const can = useCan();
  const me = usePerson().id;
  const { claimed_by: holder, status } = request;
  if (holder !== null) {
    return (
      <span className="sub t12 ell">
        <IconLock size={14} />{' '}
        {holder.id === me ? t('head.mine') : t('head.heldBy', { name: holder.display_name })}
      </span>
    );
  }
  if (claiming === undefined || status !== 'requested' || !can('request.claim')) return null;
  return (
    <Button kind="primary" size="small" data-testid="claim" busy={claiming.busy} onClick={claiming.claim}>
      {t('head.claim')}
    </Button>
  );
}
