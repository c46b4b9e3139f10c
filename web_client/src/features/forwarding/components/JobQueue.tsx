import { IconSend } from '@tabler/icons-react';
import { useState } from 'react';
import { Button, Dialog, EmptyState, ErrorLine, Loading } from '@/shared/ui';
import { type Destination, type Job, type JobState, useDrop, useJobs } from '../api/useForwarding';
import { useWords } from '../i18n';
import styles from './forwarding.module.css';
import { JobRow } from './JobRow';
import { SendForm } from './SendForm';

const COLUMNS = ['study', 'destination', 'state', 'progress', 'changed'] as const;
const STATES: readonly (JobState | null)[] = [null, 'waiting', 'failed', 'done'];

interface Props {
  readonly destinations: readonly Destination[];
  readonly now: Date;
}

/** The studies on their way, what changed last first. */
export function JobQueue({ destinations, now }: Props) {
  const t = useWords();
  const [state, setState] = useState<JobState | null>(null);
  const [sends, setSends] = useState(false);
  const [dropped, setDropped] = useState<Job | null>(null);
  const list = useJobs(state);
  const jobs = list.data?.pages.flatMap((page) => page.items) ?? [];
  return (
    <section className={styles.part} aria-label={t('part.jobs')}>
      <div className={styles.head}>
        <h2 className="t14">{t('part.jobs')}</h2>
        <span className="seg">
          {STATES.map((each) => (
            <button
              key={each ?? 'all'}
              type="button"
              aria-pressed={each === state}
              onClick={() => setState(each)}
            >
              {t(each === null ? 'filter.all' : `state.${each}`)}
            </button>
          ))}
        </span>
        <span className="end" />
        <Button size="small" disabled={destinations.length === 0} onClick={() => setSends(true)}>
          <IconSend size={14} /> {t('act.send')}
        </Button>
      </div>
      {list.error !== null && <ErrorLine error={list.error} onRetry={() => void list.refetch()} />}
      {list.data === undefined ? (
        list.error === null && <Loading />
      ) : jobs.length === 0 ? (
        state === null ? (
          <EmptyState title={t('jobs.empty')} lines={[t('jobs.emptyWhat')]} />
        ) : (
          <EmptyState title={t('jobs.none')} />
        )
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
            {jobs.map((job) => (
              <JobRow key={job.id} job={job} now={now} onDrop={() => setDropped(job)} />
            ))}
          </tbody>
        </table>
      )}
      {list.hasNextPage && (
        <Button size="small" busy={list.isFetchingNextPage} onClick={() => void list.fetchNextPage()}>
          {t('more')}
        </Button>
      )}
      {sends && <SendForm destinations={destinations} onClose={() => setSends(false)} />}
      {dropped !== null && <DropDialog job={dropped} onClose={() => setDropped(null)} />}
    </section>
  );
}

function DropDialog({ job, onClose }: { readonly job: Job; readonly onClose: () => void }) {
  const t = useWords();
  const drop = useDrop();
  return (
    <Dialog title={t('drop.title')} open onClose={onClose}>
      <p>{t('drop.what', { ae: job.destination_ae, n: job.waiting + job.failed })}</p>
      {drop.error !== null && <ErrorLine error={drop.error} />}
      <div className={styles.foot}>
        <Button onClick={onClose}>{t('act.cancel')}</Button>
        <Button
          kind="danger"
          busy={drop.isPending}
          onClick={() => drop.mutate(job.id, { onSuccess: onClose })}
        >
          {t('act.drop')}
        </Button>
      </div>
    </Dialog>
  );
}
