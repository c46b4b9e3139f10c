import { useState } from 'react';
import type { Series, StudySource } from '@/imaging';
import { useWords } from '../i18n';
import styles from './reading.module.css';

interface Props {
  readonly source: StudySource;
  readonly series: Series;
}

/** The reports or documents of a series, each as the page that the server makes of it. */
export function Pages({ source, series }: Props) {
  const t = useWords();
  const [at, setAt] = useState(0);
  const shown = series.pages[at];
  return (
    <div className={styles.pages}>
      {series.pages.length > 1 && (
        <nav aria-label={t('pages.label')}>
          {series.pages.map((uid, index) => (
            <button key={uid} type="button" aria-pressed={index === at} onClick={() => setAt(index)}>
              {index + 1}
            </button>
          ))}
        </nav>
      )}
      {shown !== undefined && (
        <iframe
          key={shown}
          title={series.description || t('pages.label')}
          src={source.pageUrl(series.uid, shown, t.lang)}
        />
      )}
    </div>
  );
}
