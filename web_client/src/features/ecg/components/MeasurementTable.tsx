import { textOf } from '@/shared/format/format';
import { Missing, Source } from '@/shared/ui';
import { useWords } from '../i18n';
import { measurementRows } from '../model/rows';
import type { Finding, Screening } from '../model/screening';
import styles from './ecg.module.css';

interface Props {
  /** null while there is none: pending, failed or switched off. */
  readonly screening: Screening | null;
  /** What the device itself concluded, as it wrote it. */
  readonly deviceStatements: readonly string[];
  /** The physician's own conclusion, as far as it is written. */
  readonly impression: string | null;
}

/** Three who measured and concluded, side by side: where they differ, both stand. */
export function MeasurementTable({ screening, deviceStatements, impression }: Props) {
  const t = useWords();
  const none = <span className="muted">{t('table.none')}</span>;
  return (
    <div className={styles.table}>
      <table className="dt">
        <thead>
          <tr>
            <th scope="col">{t('table.measurement')}</th>
            <th scope="col">
              <Source by="device" /> {t('table.device')}
            </th>
            <th scope="col">
              <Source by="machine" /> {t('table.machine')}
            </th>
            <th scope="col">
              <Source by="doctor" /> {t('table.doctor')}
            </th>
          </tr>
        </thead>
        <tbody>
          <tr>
            <th scope="row">{t('row.conclusion')}</th>
            <td className={styles.device}>
              {deviceStatements.length === 0 ? none : <Cut text={deviceStatements.join('; ')} />}
            </td>
            <td className={styles.machine}>
              <Conclusion screening={screening} />
            </td>
            <td>
              {impression === null || impression.trim() === '' ? (
                <span className="muted">{t('table.notWritten')}</span>
              ) : (
                <b>
                  <Cut text={impression} />
                </b>
              )}
            </td>
          </tr>
          {screening !== null &&
            measurementRows(screening, t).map(({ name, machine }) => (
              <tr key={name}>
                <th scope="row">{name}</th>
                <td className={styles.device}>{none}</td>
                <td className={styles.machine}>{machine ?? <Missing word={t('table.notMeasured')} />}</td>
                <td>{none}</td>
              </tr>
            ))}
        </tbody>
      </table>
    </div>
  );
}

/** The gravest finding; the box at the right has them all. */
function Conclusion({ screening }: { screening: Screening | null }) {
  const t = useWords();
  const first: Finding | undefined = screening?.findings[0];
  if (first === undefined) return <Missing word={t('table.none')} />;
  return <Cut text={textOf(first, t.lang)} />;
}

function Cut({ text }: { text: string }) {
  return (
    <span className={styles.cut} title={text}>
      {text}
    </span>
  );
}
