import { Button, ErrorLine } from '@/shared/ui';
import { type Decision, type KeptStudy, useRecall } from '../api/useRecords';
import { useWords } from '../i18n';
import type { Asked } from './ReasonDialog';
import styles from './records.module.css';

interface Props {
  readonly kept: KeptStudy;
  readonly onAsk: (asked: Asked) => void;
}

type Words = Parameters<ReturnType<typeof useWords>>[0];

export function StudyActs({ kept, onAsk }: Props) {
  const t = useWords();
  const recall = useRecall();
  const { holds, deletions, retention_class: held, cold_since: cold } = kept.lifecycle;
  const study = kept.study.id;
  const underWay = deletions.some((each) => ['requested', 'approved', 'purging'].includes(each.state));
  const other = held === 'inpatient' ? 'outpatient' : 'inpatient';
  const act = (decision: Decision, title: Words, what: Words, danger = false) => (
    <Button size="small" onClick={() => onAsk({ decision, title: t(title), what: t(what), danger })}>
      {t(title)}
    </Button>
  );
  return (
    <div className={styles.acts}>
      {recall.error !== null && <ErrorLine error={recall.error} />}
      {holds.map((hold) => (
        <span key={hold.id}>{act({ kind: 'lift', study, hold: hold.id }, 'act.lift', 'lift.what')}</span>
      ))}
      {holds.length === 0 && act({ kind: 'hold', study, wholePatient: false }, 'act.hold', 'hold.what')}
      {!holds.some((each) => each.whole_patient) &&
        act({ kind: 'hold', study, wholePatient: true }, 'act.holdPatient', 'holdPatient.what')}
      {act({ kind: 'retention', study, chosen: other }, `act.${other}`, 'retention.what')}
      {cold !== null && (
        <Button size="small" busy={recall.isPending} onClick={() => recall.mutate(study)}>
          {t('act.recall')}
        </Button>
      )}
      {!underWay && act({ kind: 'delete', study }, 'act.delete', 'delete.what', true)}
    </div>
  );
}
