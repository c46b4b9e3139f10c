import { useState } from 'react';
import { placeName } from '@/shared/format/format';
import { useShared } from '@/shared/i18n';
import { Button } from '@/shared/ui';
import type { PatientRecord } from '../api/useRecords';
import { useWords } from '../i18n';
import { issuerOf, sexOf } from '../model';
import type { Asked } from './ReasonDialog';
import styles from './records.module.css';
import { StudyTable } from './StudyTable';

interface Props {
  readonly record: PatientRecord;
  /** Under whom its studies are shown, where that record is on the page as well. */
  readonly survivor: PatientRecord | null;
  readonly chosen: boolean;
  readonly onChoose: () => void;
  readonly onAsk: (asked: Asked) => void;
  readonly now: Date;
}

export function PatientRow({ record, survivor, chosen, onChoose, onAsk, now }: Props) {
  const t = useWords();
  const shared = useShared();
  const [open, setOpen] = useState(false);
  const merged = record.survivor_id !== record.id;
  return (
    <>
      <tr data-testid="patient-row">
        <td>
          <input
            type="checkbox"
            aria-label={`${t('col.pick')} ${record.identifier}`}
            checked={chosen}
            disabled={merged}
            onChange={onChoose}
          />
        </td>
        <td>
          <b>{record.name ?? t('unknown')}</b>
        </td>
        <td>{record.identifier}</td>
        <td className="sub">
          {placeName(record.institution, t.lang)}
          <div className="t12">{issuerOf(record)}</div>
        </td>
        <td className="sub">{[sexOf(record, shared), record.birth_date].filter(Boolean).join(' · ')}</td>
        <td>
          {merged ? (
            <span className="tag miss">
              {survivor === null ? t('merged.elsewhere') : t('merged', { id: survivor.identifier })}
            </span>
          ) : (
            record.study_count
          )}
        </td>
        <td>
          <div className={styles.acts}>
            {merged ? (
              <Button
                size="small"
                onClick={() =>
                  onAsk({
                    decision: { kind: 'unmerge', patient: record.id },
                    title: t('act.unmerge'),
                    what: t('unmerge.what', { id: record.identifier }),
                  })
                }
              >
                {t('act.unmerge')}
              </Button>
            ) : (
              record.study_count > 0 && (
                <Button size="small" aria-expanded={open} onClick={() => setOpen(!open)}>
                  {t(open ? 'act.hide' : 'act.studies')}
                </Button>
              )
            )}
          </div>
        </td>
      </tr>
      {open && !merged && (
        <tr>
          <td colSpan={7} className={styles.nested}>
            <StudyTable patientId={record.id} onAsk={onAsk} now={now} />
          </td>
        </tr>
      )}
    </>
  );
}
