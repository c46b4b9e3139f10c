import { dateTime, placeName, sexAndAge } from '@/shared/format/format';
import { useNow } from '@/shared/format/useNow';
import { useShared } from '@/shared/i18n';
import type { Request } from '@/shared/requests/requests';
import { Countdown, PatientName, Tier } from '@/shared/ui';
import { useWords } from '../i18n';
import styles from './ecg.module.css';

const ENDED = new Set(['completed', 'cancelled', 'rejected', 'failed', 'entered-in-error']);

/** Whose ECG it is, where it was taken, and how much time is left. */
export function CaseHeader({ request }: { request: Request }) {
  const t = useWords();
  const app = useShared();
  const now = useNow();
  const { patient, examining, complaint, acquired_at: acquired, received_at: received } = request;
  return (
    <header className={styles.header}>
      <Tier tier={request.risk} />
      <span className="t16 ell" title={patient.name ?? undefined}>
        <PatientName patient={patient} />
      </span>
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
    </header>
  );
}
