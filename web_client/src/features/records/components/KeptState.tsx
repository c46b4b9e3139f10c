import { shortTime } from '@/shared/format/format';
import { Shape } from '@/shared/ui';
import type { KeptStudy } from '../api/useRecords';
import { useWords } from '../i18n';
import styles from './records.module.css';

/** Holds on a study, its deletion, and whether it lies in the cold store. */
export function KeptState({ kept, now }: { readonly kept: KeptStudy; readonly now: Date }) {
  const t = useWords();
  const { holds, deletions, cold_since: cold } = kept.lifecycle;
  const [latest] = deletions;
  return (
    <>
      {holds.map((hold) => (
        <div key={hold.id} className={styles.why}>
          <span className="tag a">{t(hold.whole_patient ? 'kept.heldPatient' : 'kept.held')}</span>{' '}
          {hold.reason}
          <div className="sub t12">
            {t('kept.by', {
              who: kept.holders[hold.placed_by] ?? t('unknown'),
              time: shortTime(hold.placed_at, now),
            })}
          </div>
        </div>
      ))}
      {latest?.state === 'requested' && <span className="tag o">{t('kept.requested')}</span>}
      {latest?.state === 'approved' && (
        <span className="tag r">
          <Shape name="octagon" /> {t('kept.hidden')}
        </span>
      )}
      {latest?.state === 'purging' && <span className="tag r">{t('kept.purging')}</span>}
      {cold !== null && <div className="sub t12">{t('kept.cold', { time: shortTime(cold, now) })}</div>}
    </>
  );
}
