import { IconPrinter } from '@tabler/icons-react';
import { Link } from '@tanstack/react-router';
import { useState } from 'react';
import type { ReportSummary } from '@/shared/api/types';
import { dateTime, placeName, shortTime } from '@/shared/format/format';
import { useNow } from '@/shared/format/useNow';
import { documentUrl } from '@/shared/requests/preview';
import { readingPath } from '@/shared/requests/requests';
import { useCan } from '@/shared/session/permissions';
import { Button, EmptyState, ErrorLine, ErrorNotice, Loading, PatientLine, Shape } from '@/shared/ui';
import { useAcknowledge, useReports, type View } from '../api/useReports';
import { useWords } from '../i18n';
import styles from './reports.module.css';

const COLUMNS = ['patient', 'exam', 'places', 'impression', 'status', 'people', 'signed'] as const;

/** Reports, newest first: a reader's own, or those about an institution's examinations. */
export default function ReportsPage() {
  const t = useWords();
  const can = useCan();
  const [view, setView] = useState<View>(can('report.write') ? 'mine' : 'institution');
  const list = useReports(view);
  const acknowledge = useAcknowledge();
  const now = useNow(30_000);
  const reports = list.data?.pages.flatMap((page) => page.items) ?? [];
  const views: readonly View[] = can('report.write') ? ['mine', 'institution'] : ['institution'];
  return (
    <div className={styles.page}>
      <div className={styles.bar}>
        <h1 className="t16">{t('title')}</h1>
        {views.length > 1 && (
          <span className="seg">
            {views.map((each) => (
              <button key={each} type="button" aria-pressed={each === view} onClick={() => setView(each)}>
                {t(`view.${each}`)}
              </button>
            ))}
          </span>
        )}
      </div>
      {acknowledge.error !== null && (
        <ErrorLine error={acknowledge.error} texts={{ 'newer-version': t('error.newer-version') }} />
      )}
      {list.data === undefined ? (
        list.error === null ? (
          <Loading what={t('loading')} />
        ) : (
          <ErrorNotice title={t('failed')} error={list.error} onRetry={() => void list.refetch()} />
        )
      ) : reports.length === 0 ? (
        <EmptyState title={t('empty')} lines={[t('emptyWhat')]} />
      ) : (
        <div className={styles.scroll}>
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
              {reports.map((report) => (
                <ReportRow
                  key={report.id}
                  report={report}
                  now={now}
                  busy={acknowledge.isPending && acknowledge.variables.id === report.id}
                  onAcknowledge={() => acknowledge.mutate(report)}
                />
              ))}
            </tbody>
          </table>
          {list.hasNextPage && (
            <Button busy={list.isFetchingNextPage} onClick={() => void list.fetchNextPage()}>
              {t('more')}
            </Button>
          )}
        </div>
      )}
    </div>
  );
}

interface RowProps {
  readonly report: ReportSummary;
  readonly now: Date;
  readonly busy: boolean;
  readonly onAcknowledge: () => void;
}

function ReportRow({ report, now, busy, onAcknowledge }: RowProps) {
  const t = useWords();
  const can = useCan();
  const exam = report.kind === 'ecg' ? t('exam.ecg') : [...report.modalities, report.description].join(' ');
  return (
    <tr data-testid="report-row" data-report-id={report.id}>
      <td>
        <PatientLine patient={report.patient} />
      </td>
      <td>{exam}</td>
      <td className="sub">
        {placeName(report.examining, t.lang)}
        <br />
        {placeName(report.diagnosing, t.lang)}
      </td>
      <td className={styles.impression}>
        {report.critical === true && (
          <span className="tag r">
            <Shape name="octagon" /> {t('critical')}
          </span>
        )}{' '}
        {report.impression}
      </td>
      <td className="nw">
        {t.maybe(`status.${report.status}`) ?? report.status}
        <br />
        <span className="sub t12">{report.version > 0 && t('version', { n: report.version })}</span>
      </td>
      <td className="sub nw">
        {report.author?.display_name}
        <br />
        {report.reviewer?.display_name}
      </td>
      <td className="sub nw">
        {report.signed_at === null ? t('notSigned') : dateTime(report.signed_at)}
        <br />
        {report.document && (
          <span className="t12">
            {report.acknowledged_at === null
              ? t('notAcknowledged')
              : t('acknowledged', { time: shortTime(report.acknowledged_at, now) })}
          </span>
        )}
      </td>
      <td>
        <div className={styles.acts}>
          {report.document && (
            <a
              className="btn s"
              href={documentUrl(report.id)}
              target="_blank"
              rel="noreferrer"
              data-testid="print-report"
            >
              <IconPrinter size={14} /> {t('print')}
            </a>
          )}
          {report.document && report.acknowledged_at === null && can('report.acknowledge') && (
            <Button size="small" busy={busy} onClick={onAcknowledge}>
              {t('acknowledge')}
            </Button>
          )}
          {can('exam.read') && (
            <Link className="btn s g" to={readingPath({ id: report.request_id, kind: report.kind })}>
              {t('open')}
            </Link>
          )}
        </div>
      </td>
    </tr>
  );
}
