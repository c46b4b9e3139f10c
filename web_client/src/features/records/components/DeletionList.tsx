import { useState } from 'react';
import { shortTime } from '@/shared/format/format';
import { usePerson } from '@/shared/session/session';
import { Button, EmptyState, ErrorNotice, Loading, PatientLine } from '@/shared/ui';
import { type Deletion, type DeletionState, useDeletions } from '../api/useRecords';
import { useWords } from '../i18n';
import { stepsOf } from '../model';
import { type Asked, ReasonDialog } from './ReasonDialog';
import styles from './records.module.css';
import { Exam } from './StudyTable';

const VIEWS = {
  requested: ['requested'],
  approved: ['approved', 'purging'],
  ended: ['rejected', 'withdrawn', 'restored', 'purged'],
} as const satisfies Record<string, readonly DeletionState[]>;
type View = keyof typeof VIEWS;
const COLUMNS = ['name', 'exam', 'reason', 'people', 'state'] as const;

/** What is to be deleted, and who said so: one person asks, another decides. */
export function DeletionList({ now }: { readonly now: Date }) {
  const t = useWords();
  const [view, setView] = useState<View>('requested');
  const [asked, setAsked] = useState<Asked | null>(null);
  const list = useDeletions(VIEWS[view]);
  const deletions = list.data?.pages.flatMap((page) => page.items) ?? [];
  return (
    <>
      <div className={styles.search}>
        <span className="seg">
          {(Object.keys(VIEWS) as View[]).map((each) => (
            <button key={each} type="button" aria-pressed={each === view} onClick={() => setView(each)}>
              {t(`view.${each}`)}
            </button>
          ))}
        </span>
      </div>
      {list.data === undefined ? (
        list.error === null ? (
          <Loading what={t('loading')} />
        ) : (
          <ErrorNotice title={t('deletions.failed')} error={list.error} onRetry={() => void list.refetch()} />
        )
      ) : deletions.length === 0 ? (
        <EmptyState title={t('deletions.empty')} lines={[t('deletions.emptyWhat')]} />
      ) : (
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
            {deletions.map((each) => (
              <DeletionRow key={each.id} deletion={each} now={now} onAsk={setAsked} />
            ))}
          </tbody>
        </table>
      )}
      {list.hasNextPage && (
        <Button size="small" busy={list.isFetchingNextPage} onClick={() => void list.fetchNextPage()}>
          {t('more')}
        </Button>
      )}
      {asked !== null && <ReasonDialog {...asked} onClose={() => setAsked(null)} />}
    </>
  );
}

interface RowProps {
  readonly deletion: Deletion;
  readonly now: Date;
  readonly onAsk: (asked: Asked) => void;
}

function DeletionRow({ deletion, now, onAsk }: RowProps) {
  const t = useWords();
  const person = usePerson();
  const { study, state, decided_at: decided, purge_after: purge, purged_at: purged } = deletion;
  const own = state === 'requested' && deletion.requested_by === person.id;
  return (
    <tr data-testid="deletion-row" data-state={state}>
      <td>{state === 'purged' ? <span className="sub">—</span> : <PatientLine patient={study.patient} />}</td>
      <td>
        {state === 'purged' ? (
          <span className="sub t12">{study.study_instance_uid}</span>
        ) : (
          <Exam study={study} />
        )}
      </td>
      <td className={styles.why}>
        {deletion.reason}
        {deletion.decision_reason !== null && <div className="sub">{deletion.decision_reason}</div>}
      </td>
      <td className="sub t12">
        {t('by.requested', {
          who: deletion.requested_by_name ?? t('unknown'),
          time: shortTime(deletion.requested_at, now),
        })}
        {decided !== null && (
          <div>
            {t('by.decided', {
              who: deletion.decided_by_name ?? t('unknown'),
              time: shortTime(decided, now),
            })}
          </div>
        )}
      </td>
      <td>
        <span className={`tag ${state === 'approved' || state === 'purging' ? 'r' : ''}`}>
          {t(`state.${state}`)}
        </span>
        <div className="sub t12">
          {state === 'approved' &&
            purge !== null &&
            t('deletions.purgeAfter', { time: shortTime(purge, now) })}
          {purged !== null && t('deletions.purged', { time: shortTime(purged, now) })}
          {own && t('deletions.own')}
        </div>
      </td>
      <td>
        <div className={styles.acts}>
          {stepsOf(deletion, person.id).map((step) => (
            <Button
              key={step}
              size="small"
              onClick={() =>
                onAsk({
                  decision: { kind: step, deletion: deletion.id },
                  title: t(`act.${step}`),
                  what: t(`${step}.what`, { name: study.patient.name ?? t('unknown') }),
                  danger: step === 'approve',
                })
              }
            >
              {t(`act.${step}`)}
            </Button>
          ))}
        </div>
      </td>
    </tr>
  );
}
