import { IconCircleCheck, IconLock } from '@tabler/icons-react';
import { useWords } from '../i18n';
import styles from './report.module.css';

/** What is missing before the next step, in words, in its place: never a dialog after the click. */
export function Missing({ codes, ready }: { readonly codes: readonly string[]; readonly ready: string }) {
  const t = useWords();
  const items = codes.map((code) => t.maybe(`missing.${code}`) ?? t('missing.other', { code }));
  return (
    <p className={styles.missing} id="report-missing" data-testid="report-missing">
      {codes.length === 0 ? (
        <>
          <IconCircleCheck size={14} /> {ready}
        </>
      ) : (
        <>
          <IconLock size={14} />{' '}
          {t('missing.title', { n: items.length, items: items.join(t('missing.separator')) })}
        </>
      )}
    </p>
  );
}
