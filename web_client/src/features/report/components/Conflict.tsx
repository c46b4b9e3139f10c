import { dateTime } from '@/shared/format/format';
import { Button } from '@/shared/ui';
import { useWords } from '../i18n';
import { draftOf, merged } from '../model/draft';
import type { DraftKeeper, KeeperState } from '../model/keeper';
import styles from './report.module.css';

interface Props {
  readonly state: KeeperState;
  readonly keeper: DraftKeeper;
}

/** Two texts: the person decides, and neither is lost. */
export function Conflict({ state, keeper }: Props) {
  const t = useWords();
  const { theirs, draft } = state;
  const other = draftOf(theirs);
  return (
    <section className={styles.conflict} role="alert">
      <b>{t('conflict.title')}</b>
      <p>{t('conflict.what')}</p>
      <div className="row wrap">
        <Button size="small" onClick={() => keeper.settle(draft)}>
          {t('conflict.keepMine')}
        </Button>
        <Button size="small" onClick={() => keeper.settle(other)}>
          {t('conflict.takeTheirs')}
        </Button>
        <Button size="small" onClick={() => keeper.settle(merged(draft, other, t('conflict.heading')))}>
          {t('conflict.both')}
        </Button>
      </div>
      <details open>
        <summary>
          {t('conflict.theirs', { time: theirs === null ? '' : dateTime(theirs.updated_at) })}
        </summary>
        <p className={styles.text}>{other.findings || t('conflict.empty')}</p>
        <p className={styles.text}>{other.impression || t('conflict.empty')}</p>
      </details>
    </section>
  );
}
