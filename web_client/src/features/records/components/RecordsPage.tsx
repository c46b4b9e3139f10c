import { useState } from 'react';
import { useNow } from '@/shared/format/useNow';
import { useWords } from '../i18n';
import { DeletionList } from './DeletionList';
import { PatientSearch } from './PatientSearch';
import styles from './records.module.css';

const TABS = ['patients', 'deletions'] as const;

/** The medical office's page: records of one person, how long studies are kept, and what is deleted. */
export default function RecordsPage() {
  const t = useWords();
  const now = useNow(30_000);
  const [tab, setTab] = useState<(typeof TABS)[number]>('patients');
  return (
    <div className={styles.page}>
      <div className={styles.bar}>
        <h1 className="t16">{t('title')}</h1>
        <span className="seg">
          {TABS.map((each) => (
            <button key={each} type="button" aria-pressed={each === tab} onClick={() => setTab(each)}>
              {t(`tab.${each}`)}
            </button>
          ))}
        </span>
      </div>
      <div className={styles.scroll}>
        {tab === 'patients' ? <PatientSearch now={now} /> : <DeletionList now={now} />}
      </div>
    </div>
  );
}
