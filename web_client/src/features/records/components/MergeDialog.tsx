import { useState } from 'react';
import { placeName } from '@/shared/format/format';
import { useShared } from '@/shared/i18n';
import type { PatientRecord } from '../api/useRecords';
import { useWords } from '../i18n';
import { issuerOf, sexOf } from '../model';
import { ReasonDialog } from './ReasonDialog';
import styles from './records.module.css';

interface Props {
  readonly pair: readonly [PatientRecord, PatientRecord];
  readonly onClose: () => void;
}

/** Which of two records stays; the one with more studies is proposed. */
export function MergeDialog({ pair, onClose }: Props) {
  const t = useWords();
  const shared = useShared();
  const [first, second] = pair;
  const [kept, setKept] = useState(second.study_count > first.study_count ? second.id : first.id);
  const given = kept === first.id ? second.id : first.id;
  return (
    <ReasonDialog
      decision={{ kind: 'merge', patient: given, into: kept }}
      title={t('merge.title')}
      what={t('merge.what')}
      onClose={onClose}
    >
      <fieldset className={styles.keep}>
        <legend>{t('merge.keep')}</legend>
        {pair.map((each) => (
          <label key={each.id}>
            <input type="radio" name="kept" checked={kept === each.id} onChange={() => setKept(each.id)} />
            <span>
              <b>{each.name ?? t('unknown')}</b> {each.identifier}{' '}
              <span className="sub">
                {[sexOf(each, shared), each.birth_date, placeName(each.institution, t.lang), issuerOf(each)]
                  .filter(Boolean)
                  .join(' · ')}
              </span>
            </span>
          </label>
        ))}
      </fieldset>
    </ReasonDialog>
  );
}
