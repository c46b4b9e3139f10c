import type { ReportOut } from '@/shared/api/types';
import { dateTime } from '@/shared/format/format';
import { useWords } from '../i18n';
import styles from './report.module.css';

const UNDER_WAY: readonly string[] = ['registered', 'returned', 'preliminary'];

/** What reviewers said, and why an issued report is being changed. */
export function Comments({ report }: { report: ReportOut }) {
  const t = useWords();
  // What was issued stands for itself: how it came about is in its versions.
  if (!UNDER_WAY.includes(report.status)) return null;
  return (
    <>
      {report.amendment_reason !== null && (
        <p className={styles.note}>{t('amend.running', { reason: report.amendment_reason })}</p>
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
