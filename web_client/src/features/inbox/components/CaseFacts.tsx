import { useEffect, useState } from 'react';
import { useProblemText } from '@/shared/api';
import type { Request } from '@/shared/requests/requests';
import { useCaseStep } from '../api/useReturns';
import { useWords } from '../i18n';
import styles from './inbox.module.css';

interface Props {
  readonly studyUid: string;
  readonly request: Request | null;
}

/**
 * What only the bedside knows. It may be written while the images still travel; it goes to the county as
 * soon as there is a request to write it on.
 */
export function CaseFacts({ studyUid, request }: Props) {
  const t = useWords();
  const text = useProblemText();
  const tell = useCaseStep();
  const [emergency, setEmergency] = useState<boolean | null>(null);
  const [complaint, setComplaint] = useState<string | null>(null);
  const [written, setWritten] = useState<string | null>(null);
  const shownEmergency = emergency ?? request?.emergency ?? false;
  const shownComplaint = complaint ?? request?.complaint ?? '';
  const id = request?.id ?? null;
  const differs = {
    ...(emergency !== null && emergency !== request?.emergency ? { emergency } : {}),
    ...(written !== null && written.trim() !== (request?.complaint ?? '')
      ? { complaint: written.trim() }
      : {}),
  };
  const wanted = Object.keys(differs).length > 0;
  const body = JSON.stringify(differs);
  const { mutate } = tell;
  useEffect(() => {
    if (id !== null && wanted)
      mutate({ id, body: JSON.parse(body) as { emergency?: boolean; complaint?: string } });
  }, [id, wanted, body, mutate]);
  const touched = emergency !== null || written !== null;
  return (
    <div className={styles.facts}>
      <label className={shownEmergency ? `${styles.tick} ${styles.urgent}` : styles.tick}>
        <input
          type="checkbox"
          checked={shownEmergency}
          onChange={(event) => setEmergency(event.target.checked)}
        />
        {t('case.emergency')}
      </label>
      <input
        type="text"
        aria-label={t('case.complaint')}
        placeholder={t('case.complaintPlaceholder')}
        name={`complaint-${studyUid}`}
        maxLength={200}
        value={shownComplaint}
        onChange={(event) => setComplaint(event.target.value)}
        onBlur={(event) => setWritten(complaint === null ? null : event.target.value)}
        onKeyDown={(event) => {
          if (event.key === 'Enter' && !event.nativeEvent.isComposing) event.currentTarget.blur();
        }}
      />
      {touched && (
        <span className="sub t12" role="status">
          {tell.error !== null
            ? t('case.tellFailed', { why: text(tell.error, { 'request-closed': t('case.closed') }) })
            : wanted
              ? t('case.toTell')
              : t('case.told')}
        </span>
      )}
    </div>
  );
}
