import { useEffect, useState } from 'react';
import type { ReportOut } from '@/shared/api/types';
import { usePerson } from '@/shared/session/session';
import { localDraft } from '../api/localDrafts';
import { useWords } from '../i18n';
import { type Draft, draftOf, same } from '../model/draft';
import styles from './report.module.css';

interface Props {
  readonly requestId: string;
  readonly report: ReportOut | null;
}

/** Text that never reached the server, for who may not write any more: shown, so that it is not lost. */
export function LocalCopy({ requestId, report }: Props) {
  const t = useWords();
  const me = usePerson().id;
  const [draft, setDraft] = useState<Draft | null>(null);
  useEffect(() => {
    let left = false;
    void localDraft(me, requestId)
      .read()
      .then((local) => {
        if (!left) setDraft(local?.draft ?? null);
      });
    return () => {
      left = true;
    };
  }, [me, requestId]);
  if (draft === null || same(draft, draftOf(report))) return null;
  return (
    <section className={styles.conflict}>
      <b>{t('local.title')}</b>
      <p>{t('local.what')}</p>
      <p className={styles.text}>{draft.findings}</p>
      <p className={styles.text}>{draft.impression}</p>
    </section>
  );
}
