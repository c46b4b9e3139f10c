import { placeName } from '@/shared/format/format';
import { Button, ErrorNotice, Loading } from '@/shared/ui';
import { type KeptStudy, useKeptStudies } from '../api/useRecords';
import { useWords } from '../i18n';
import { KeptState } from './KeptState';
import type { Asked } from './ReasonDialog';
import { StudyActs } from './StudyActs';

const COLUMNS = ['exam', 'kept', 'state'] as const;

interface Props {
  readonly patientId: string;
  readonly onAsk: (asked: Asked) => void;
  readonly now: Date;
}

/** A patient's studies, and what may be decided on each. */
export function StudyTable({ patientId, onAsk, now }: Props) {
  const t = useWords();
  const list = useKeptStudies(patientId);
  if (list.data === undefined) {
    return list.error === null ? (
      <Loading what={t('loading')} />
    ) : (
      <ErrorNotice title={t('studies.failed')} error={list.error} onRetry={() => void list.refetch()} />
    );
  }
  return (
    <>
      <table className="dt">
        <thead>
          <tr>
            {COLUMNS.map((column) => (
              <th key={column} scope="col">
                {t(`col.${column}`)}
              </th>
            ))}
            <td />
          </tr>
        </thead>
        <tbody>
          {list.data.pages
            .flatMap((page) => page.items)
            .map((kept) => (
              <tr key={kept.study.id} data-testid="kept-row">
                <td>
                  <Exam study={kept.study} />
                </td>
                <td>
                  {t('kept.until', { date: kept.lifecycle.retained_until })}
                  <div className="sub t12">
                    {t(`class.${kept.lifecycle.retention_class}`)} ·{' '}
                    {t('kept.visit', { date: kept.lifecycle.last_visit })}
                  </div>
                </td>
                <td>
                  <KeptState kept={kept} now={now} />
                </td>
                <td>
                  <StudyActs kept={kept} onAsk={onAsk} />
                </td>
              </tr>
            ))}
        </tbody>
      </table>
      {list.hasNextPage && (
        <Button size="small" busy={list.isFetchingNextPage} onClick={() => void list.fetchNextPage()}>
          {t('more')}
        </Button>
      )}
    </>
  );
}

/** What a study is, in two lines. */
export function Exam({ study }: { readonly study: KeptStudy['study'] }) {
  const t = useWords();
  return (
    <>
      {[study.study_date, ...study.modalities, study.description].filter(Boolean).join(' ')}
      <div className="sub t12">
        {placeName(study.institution, t.lang)} · {t('count.images', { n: study.instance_count })}
      </div>
    </>
  );
}
