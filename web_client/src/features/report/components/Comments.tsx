import type { ReportOut } from '@/shared/api/types';
import { dateTime } from '@/shared/format/format';
import { useWords } from '../i18n';
import styles from './report.module.css';

/** What reviewers said, and why an issued report is being changed. */
export function Comments({ report }: { report: ReportOut }) {
  const t = useWords();
  const amending =
    report.amendment_reason !== null && ['registered', 'returned', 'preliminary'].includes(report.status);
  return (
    <>
      {amending && (
        <p className={styles.note}>{t('amend.running', { reason: report.amendment_reason ?? '' })}</p>
      )}
      {report.comments.map((comment) => (
        <blockquote key={comment.at} className={styles.comment}>
          <small>{t('comment.by', { name: comment.by.display_name, time: dateTime(comment.at) })}</small>
          <p className={styles.text}>{comment.text}</p>
        </blockquote>
      ))}
    </>
  );
}
