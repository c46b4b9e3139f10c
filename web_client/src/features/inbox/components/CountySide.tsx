import { IconCheck, IconClock, IconPrinter } from '@tabler/icons-react';
import { Link } from '@tanstack/react-router';
import { useProblemText } from '@/shared/api';
import type { ReportSummary } from '@/shared/api/types';
import { countdown, sexAndAge, shortTime } from '@/shared/format/format';
import { useNow } from '@/shared/format/useNow';
import { useShared } from '@/shared/i18n';
import { documentUrl } from '@/shared/requests/preview';
import type { Request } from '@/shared/requests/requests';
import { useCan } from '@/shared/session/permissions';
import { Button, EmptyState, ErrorLine, PatientLine, Shape } from '@/shared/ui';
import { useAcknowledge, useOwnCases, useOwnReports, useResume } from '../api/useReturns';
import { useWords } from '../i18n';
import styles from './inbox.module.css';

const SHOWN_WAITING = 6;

/** What came back: to be done again first, then reports, then what is still being read. */
export function CountySide() {
  const t = useWords();
  const can = useCan();
  const now = useNow();
  const returned = useOwnCases('returned', can('worklist.read'));
  const open = useOwnCases('open', can('worklist.read'));
  const reports = useOwnReports(can('report.read'));
  const failed = [returned, open, reports].find((query) => query.error !== null);
  const nothing =
    returned.data?.items.length === 0 && open.data?.items.length === 0 && reports.data?.items.length === 0;
  return (
    <section className={styles.side} aria-label={t('side.title')}>
      <div className={styles.sectionHead}>
        <h2>{t('side.title')}</h2>
        {(returned.data?.items.length ?? 0) > 0 && (
          <span className="end sub t13">{t('side.returnedCount')}</span>
        )}
      </div>
      {failed !== undefined && <ErrorLine error={failed.error} onRetry={() => void failed.refetch()} />}
      {nothing && <EmptyState title={t('side.empty')} lines={[t('side.emptyWhat')]} />}
      {returned.data?.items.map((request) => (
        <Returned key={request.id} request={request} now={now} />
      ))}
      {reports.data?.items
        .filter((report) => report.document)
        .map((report) => (
          <Issued key={report.id} report={report} now={now} />
        ))}
      {open.data?.items.slice(0, SHOWN_WAITING).map((request) => (
        <Waiting key={request.id} request={request} now={now} />
      ))}
      {can('report.read') && (
        <Link className={styles.link} to="/reports">
          {t('side.allReports')}
        </Link>
      )}
    </section>
  );
}

/** What is wrong and what to do now, in words to act on while the patient is still there. */
function Returned({ request, now }: { request: Request; now: Date }) {
  const t = useWords();
  const app = useShared();
  const text = useProblemText();
  const step = useResume();
  const can = useCan();
  const reason = request.return_reason ?? 'other';
  const steps = (t.maybe(`steps.${request.kind}.${reason}`) ?? t.maybe(`steps.${reason}`) ?? '')
    .split(/[；;]\s*/)
    .filter((line) => line !== '');
  return (
    <article className={`${styles.card} ${styles.returned}`} data-testid="returned-case">
      <div className="row">
        <span className="tier r">
          <Shape name="octagon" />
          {t('side.returned')}
        </span>
        <b className="ell">{request.patient.name}</b>
        <span className="sub nw">{sexAndAge(request.patient, app)}</span>
        <span className="end sub t12">{shortTime(request.claimed_at ?? request.received_at, now)}</span>
      </div>
      <p className={styles.what}>
        {t.maybe(`reason.${request.kind}.${reason}`) ?? t.maybe(`reason.${reason}`) ?? t('reason.other')}
      </p>
      {request.return_comment && <p className="t13">{t('side.comment', { text: request.return_comment })}</p>}
      {steps.length > 0 && (
        <ol className={styles.steps}>
          {steps.map((line) => (
            <li key={line}>{line}</li>
          ))}
        </ol>
      )}
      {can('request.update') && (
        <>
          <Button kind="primary" size="tall" busy={step.isPending} onClick={() => step.mutate(request.id)}>
            {t('side.retaken')}
          </Button>
          <p className="muted t12">{step.error === null ? t('side.retakenWhat') : text(step.error)}</p>
        </>
      )}
    </article>
  );
}

function Issued({ report, now }: { report: ReportSummary; now: Date }) {
  const t = useWords();
  const text = useProblemText();
  const can = useCan();
  const acknowledge = useAcknowledge();
  return (
    <article className={styles.card} data-testid="issued-report">
      <div className="row">
        <span className="tag ok">
          <IconCheck size={14} /> {t('side.issued')}
        </span>
        <PatientLine patient={report.patient} />
        <span className="end sub t12">{report.signed_at && shortTime(report.signed_at, now)}</span>
      </div>
      <p className={styles.impression}>{report.impression}</p>
      <div className="row">
        <a
          className="btn s"
          href={documentUrl(report.id)}
          target="_blank"
          rel="noreferrer"
          data-testid="print-report"
        >
          <IconPrinter size={14} /> {t('side.print')}
        </a>
        {report.acknowledged_at !== null ? (
          <span className="sub t12">
            {t('side.acknowledged', { time: shortTime(report.acknowledged_at, now) })}
          </span>
        ) : (
          can('report.acknowledge') && (
            <Button size="small" busy={acknowledge.isPending} onClick={() => acknowledge.mutate(report)}>
              {t('side.acknowledge')}
            </Button>
          )
        )}
        {acknowledge.error !== null && (
          <span className="c-red t12">
            {text(acknowledge.error, { 'newer-version': t('error.newer-version') })}
          </span>
        )}
      </div>
    </article>
  );
}

function Waiting({ request, now }: { request: Request; now: Date }) {
  const t = useWords();
  const left = Date.parse(request.due_at) - now.getTime();
  return (
    <article className={styles.card}>
      <div className="row">
        <span className="tag">
          <IconClock size={14} /> {t(request.claimed_by === null ? 'side.waiting' : 'side.reading')}
        </span>
        <PatientLine patient={request.patient} />
        <span className={left < 0 ? 'end c-red t12 nw' : 'end sub t12 nw'}>
          {t(left < 0 ? 'side.overdue' : 'side.left', { time: countdown(left) })}
        </span>
      </div>
    </article>
  );
}
