import { IconFileText, IconPrinter } from '@tabler/icons-react';
import type { ReportOut } from '@/shared/api/types';
import { dateTime, placeName } from '@/shared/format/format';
import type { Request } from '@/shared/requests/requests';
import { useCan } from '@/shared/session/permissions';
import { Source } from '@/shared/ui';
import { useWords } from '../i18n';
import type { Stance } from '../model/steps';
import { Comments } from './Comments';
import { LocalCopy } from './LocalCopy';
import styles from './report.module.css';
import { Steps } from './Steps';
import type { Words } from './texts';

interface Props {
  readonly request: Request;
  readonly report: ReportOut | null;
  readonly stance: Exclude<Stance, 'writes'>;
}

/** The report for who reviews it, waits for it, or reads it. */
export function ReadOnly({ request, report, stance }: Props) {
  const t = useWords();
  const can = useCan();
  return (
    <>
      <h2 className="ph">
        <IconFileText size={16} /> {t('title')}
        <span className={styles.light}>{t(`status.${(report?.status ?? 'none') as 'none'}`)}</span>
      </h2>
      <div className={styles.body}>
        <p className={styles.note}>{whatNow(request, report, stance, can('report.write'), t)}</p>
        <LocalCopy requestId={request.id} report={report} />
        {report !== null && (
          <>
            <Comments report={report} />
            <Text
              label={t('findings')}
              text={report.findings}
              empty={t('findings.empty')}
              testId="report-findings"
            />
            <Text
              label={t('impression')}
              text={report.impression}
              empty={t('impression.empty')}
              testId="report-impression"
            />
            <Decided suspected={request.risk === 'red'} critical={report.critical} />
            {report.signed_at !== null && <Signature request={request} report={report} />}
          </>
        )}
      </div>
      <footer className={styles.foot}>
        {report?.document === true && (
          <a
            className="btn"
            href={`/api/reports/${encodeURIComponent(report.id)}/document.pdf`}
            target="_blank"
            rel="noreferrer"
          >
            <IconPrinter size={16} /> {t('act.pdf')}
          </a>
        )}
        {report !== null && <Steps request={request} report={report} stance={stance} />}
      </footer>
    </>
  );
}

function whatNow(
  request: Request,
  report: ReportOut | null,
  stance: Props['stance'],
  mayWrite: boolean,
  t: Words,
): string {
  switch (stance) {
    case 'reviews':
      return t('reviews.what', { name: report?.author?.display_name ?? '' });
    case 'awaits':
      return t('awaits.what');
    case 'issued':
      return t('watch.reading');
    case 'watches':
      if (request.status === 'on-hold') {
        const reason = t.maybe(`sendBack.${request.return_reason}`) ?? '';
        return t('watch.onHold', { reason, comment: request.return_comment ?? '' });
      }
      if (!mayWrite) return t('watch.none');
      return request.claimed_by === null
        ? t('watch.free')
        : t('watch.other', { name: request.claimed_by.display_name });
  }
}

/** What was decided about a critical value; what a machine suspects stays in sight until somebody decides. */
function Decided({
  suspected,
  critical,
}: {
  readonly suspected: boolean;
  readonly critical: boolean | null;
}) {
  const t = useWords();
  if (critical !== true && !suspected) return null;
  return (
    <div>
      {critical === true && <span className="tag r">{t('critical.confirmed')}</span>}
      {critical === false && (
        <span className="tag">{`${t('critical.label')} · ${t('critical.dismissed')}`}</span>
      )}
      {critical === null && <span className="tag r">{t('critical.undecided')}</span>}
    </div>
  );
}

interface TextProps {
  readonly label: string;
  readonly text: string;
  readonly empty: string;
  readonly testId: string;
}

function Text({ label, text, empty, testId }: TextProps) {
  return (
    <section className={styles.read}>
      <h3 className={styles.label}>
        <Source by="doctor" /> {label}
      </h3>
      <p className={styles.text} data-testid={testId}>
        {text || <span className="tag miss">{empty}</span>}
      </p>
    </section>
  );
}

function Signature({ request, report }: { readonly request: Request; readonly report: ReportOut }) {
  const t = useWords();
  const author = report.author?.display_name ?? '';
  const lines = [
    report.reviewer === null || report.reviewer.id === report.author?.id
      ? t('issued.single', { author })
      : t('issued.by', { author, reviewer: report.reviewer.display_name }),
    t('issued.at', { time: dateTime(report.signed_at ?? ''), version: report.version }),
    t('issued.places', {
      examining: placeName(request.examining, t.lang),
      diagnosing: placeName(request.diagnosing, t.lang),
    }),
    report.acknowledged_at === null
      ? t('issued.unacknowledged')
      : t('issued.acknowledged', { time: dateTime(report.acknowledged_at) }),
  ];
  return (
    <ul className={styles.signature}>
      {lines.map((line) => (
        <li key={line}>{line}</li>
      ))}
    </ul>
  );
}
