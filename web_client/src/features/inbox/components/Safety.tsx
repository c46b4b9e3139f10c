import { IconAlertTriangle, IconCheck, IconInfoCircle } from '@tabler/icons-react';
import { useWords } from '../i18n';
import { type Case, pending } from '../model/item';
import { fileSize } from '../model/size';
import styles from './inbox.module.css';

const WHY: Partial<Record<string, 'safe.full' | 'why.forbidden'>> = {
  'storage-full': 'safe.full',
  forbidden: 'why.forbidden',
};

/** Whether the computer may be switched off: a sentence, not a spinner. */
export function Safety({ cases, busy }: { cases: readonly Case[]; busy: boolean }) {
  const t = useWords();
  const items = cases.flatMap((each) => each.items).filter((item) => item.state !== 'skipped');
  const left = items.filter(pending);
  const refused = items.filter((item) => item.state === 'refused').length;
  if (items.length === 0 && !busy) {
    return (
      <section className={styles.safe} role="status">
        <h2>
          <IconInfoCircle /> {t('safe.noneTitle')}
        </h2>
        <p>{t('safe.none')}</p>
      </section>
    );
  }
  if (left.length > 0 || busy) {
    const size = fileSize(left.reduce((sum, item) => sum + item.size - item.sent, 0));
    const why = left.find((item) => item.state === 'paused')?.code ?? null;
    return (
      <section className={`${styles.safe} ${styles.wait}`} role="status" data-testid="safety" data-safe="no">
        <h2>
          <IconAlertTriangle /> {t('safe.waitTitle')}
        </h2>
        {busy && <p>{t('drop.reading')}</p>}
        {left.length > 0 && (
          <>
            <p>{t('safe.wait', { files: left.length, size })}</p>
            <p>{t(left.every((item) => item.kept) ? 'safe.waitKept' : 'safe.waitUnkept')}</p>
          </>
        )}
        {why !== null && <p>{t(WHY[why] ?? 'safe.paused')}</p>}
      </section>
    );
  }
  return (
    <section className={`${styles.safe} ${styles.done}`} role="status" data-testid="safety" data-safe="yes">
      <h2>
        <IconCheck /> {t('safe.doneTitle')}
      </h2>
      <p>
        {refused === 0
          ? t('safe.done', { files: items.length })
          : t('safe.doneSome', { files: items.length - refused, refused })}
      </p>
    </section>
  );
}
