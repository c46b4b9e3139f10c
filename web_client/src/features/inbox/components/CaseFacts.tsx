import { useState } from 'react';
import { useStore } from 'zustand';
import { Problem, useProblemText } from '@/shared/api';
import type { Request } from '@/shared/requests/requests';
import { useWords } from '../i18n';
import { useDesk } from '../model/useQueue';
import styles from './inbox.module.css';

interface Props {
  readonly studyUid: string;
  readonly request: Request | null;
}

/** What only the bedside knows; it may be written while the images still travel. */
export function CaseFacts({ studyUid, request }: Props) {
  const t = useWords();
  const text = useProblemText();
  const { facts } = useDesk();
  const fact = useStore(facts.store, (all) => all[studyUid]);
  const [typed, setTyped] = useState<string | null>(null);
  const [touched, setTouched] = useState(false);
  const emergency = fact?.emergency ?? request?.emergency ?? false;
  const complaint = typed ?? fact?.complaint ?? request?.complaint ?? '';
  const write = (said: { emergency?: boolean; complaint?: string }): void => {
    setTouched(true);
    facts.write(studyUid, said);
  };
  return (
    <div className={styles.facts}>
      <label className={emergency ? `${styles.tick} ${styles.urgent}` : styles.tick}>
        <input
          type="checkbox"
          checked={emergency}
          onChange={(event) => write({ emergency: event.target.checked })}
        />
        {t('case.emergency')}
      </label>
      <input
        type="text"
        aria-label={t('case.complaint')}
        placeholder={t('case.complaintPlaceholder')}
        name={`complaint-${studyUid}`}
        maxLength={200}
        value={complaint}
        onChange={(event) => setTyped(event.target.value)}
        onBlur={() => {
          if (typed !== null) write({ complaint: typed.trim() });
          setTyped(null);
        }}
        onKeyDown={(event) => {
          if (event.key === 'Enter' && !event.nativeEvent.isComposing) event.currentTarget.blur();
        }}
      />
      {(touched || fact !== undefined) && (
        <span className="sub t12" role="status">
          {fact === undefined
            ? t('case.told')
            : fact.refused === null
              ? t('case.toTell')
              : t('case.tellFailed', {
                  why: text(new Problem(fact.refused, 409), { 'request-closed': t('case.closed') }),
                })}
        </span>
      )}
    </div>
  );
}
