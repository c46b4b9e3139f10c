import { IconCheck } from '@tabler/icons-react';
import { useState } from 'react';
import { shortTime } from '@/shared/format/format';
import { Button, ErrorLine, Loading, Shape } from '@/shared/ui';
import { type Job, useRetry, useTroubles } from '../api/useForwarding';
import { useWords } from '../i18n';
import styles from './forwarding.module.css';

interface Props {
  readonly job: Job;
  readonly now: Date;
  readonly onDrop: () => void;
}

/** A study on its way to a destination, and, when asked, why objects of it were not taken. */
export function JobRow({ job, now, onDrop }: Props) {
  const t = useWords();
  const [open, setOpen] = useState(false);
  const retry = useRetry();
  const unfinished = job.state !== 'done';
  return (
    <>
      <tr data-testid="job-row" data-state={job.state}>
        <td className={styles.uid}>{job.study_instance_uid}</td>
        <td>
          <b>{job.destination_ae}</b>
          {job.priority !== 'medium' && <div className="sub t12">{t(`priority.${job.priority}`)}</div>}
        </td>
        <td className={styles.why}>
          <State job={job} />
          {unfinished && <div className="sub t12">{job.reason}</div>}
          {retry.error !== null && <ErrorLine error={retry.error} />}
        </td>
        <td className={styles.number}>
          {job.sent} / {job.waiting} / {job.failed}
        </td>
        <td className="sub">{shortTime(job.changed_at, now)}</td>
        <td>
          <div className={styles.acts}>
            {unfinished && job.reason !== null && (
              <Button kind="ghost" size="small" aria-expanded={open} onClick={() => setOpen(!open)}>
                {t(open ? 'act.hide' : 'act.why')}
              </Button>
            )}
            {unfinished && (
              <>
                <Button size="small" busy={retry.isPending} onClick={() => retry.mutate(job.id)}>
                  {t('act.retry')}
                </Button>
                <Button kind="ghost" size="small" onClick={onDrop}>
                  {t('act.drop')}
                </Button>
              </>
            )}
          </div>
        </td>
      </tr>
      {open && unfinished && (
        <tr>
          <td colSpan={6}>
            <Troubles jobId={job.id} now={now} />
          </td>
        </tr>
      )}
    </>
  );
}

function State({ job }: { readonly job: Job }) {
  const t = useWords();
  switch (job.state) {
    case 'failed':
      return (
        <span className="tag r">
          <Shape name="octagon" /> {t('state.failed')}
        </span>
      );
    case 'done':
      return (
        <span className="tag ok">
          <IconCheck size={14} /> {t('state.done')}
        </span>
      );
    case 'waiting':
      return <span className="tag a">{t(job.sending ? 'state.sending' : 'state.waiting')}</span>;
  }
}

function Troubles({ jobId, now }: { readonly jobId: string; readonly now: Date }) {
  const t = useWords();
  const found = useTroubles(jobId);
  if (found.data === undefined) {
    return found.error === null ? (
      <Loading />
    ) : (
      <ErrorLine error={found.error} onRetry={() => void found.refetch()} />
    );
  }
  const { troubles } = found.data;
  if (troubles.length === 0) return <p className="sub t13">{t('trouble.none')}</p>;
  return (
    <ul className={styles.troubles}>
      {troubles.map((each) => (
        <li key={each.sop_instance_uid} className="t13">
          <span className={styles.uid}>{each.sop_instance_uid}</span>
          <div>
            {each.reason}{' '}
            <span className="sub">
              {[
                each.status !== null &&
                  t('trouble.status', { status: each.status.toString(16).toUpperCase() }),
                t('trouble.tries', { n: each.attempts }),
                each.final ? t('trouble.final') : t('trouble.next', { time: shortTime(each.due_at, now) }),
              ]
                .filter(Boolean)
                .join(' · ')}
            </span>
          </div>
        </li>
      ))}
    </ul>
  );
}
