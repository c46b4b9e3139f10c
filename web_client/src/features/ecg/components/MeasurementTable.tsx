import { IconDownload } from '@tabler/icons-react';
import { textOf } from '@/shared/format/format';
import { Missing, Source } from '@/shared/ui';
import type { Comparison, Previous } from '../api/ecg';
import { useWords } from '../i18n';
import { measurementRows } from '../model/rows';
import type { Finding, Screening } from '../model/screening';
import styles from './ecg.module.css';

interface Props {
  /** Where the file is that the device wrote. */
  readonly original: string;
  /** null while there is none: pending, failed or switched off. */
  readonly screening: Screening | null;
  /** What the device itself concluded, as it wrote it. */
  readonly deviceStatements: readonly string[];
  /** What the device itself measured, by the names of the screening's measurements. */
  readonly deviceMeasurements?: Readonly<Record<string, number>>;
  /** The patient's ECG before this one; undefined while that is not known. */
  readonly previous?: Previous | undefined;
  /** The physician's own conclusion, as far as it is written. */
  readonly impression: string | null;
}

/** Three who measured and concluded, side by side: where they differ, both stand. */
export function MeasurementTable({ screening, deviceStatements, impression, ...rest }: Props) {
  const { original, deviceMeasurements = {}, previous } = rest;
  const t = useWords();
  const comparison = previous?.comparison ?? null;
  const at = previous?.ecg?.acquired_at ?? previous?.ecg?.received_at ?? null;
  const none = <span className="muted">{t('table.none')}</span>;
  return (
    <div className={styles.table}>
      <table className="dt">
        <thead>
          <tr>
            <th scope="col">{t('table.measurement')}</th>
            <th scope="col">
              <Source by="device" /> {t('table.device')}{' '}
              <a
                className="t12 nw"
                href={original}
                download
                data-testid="original"
                title={t('table.original')}
                aria-label={t('table.original')}
              >
                {/* A fifth column leaves no room for words. */}
                {at === null ? t('table.original') : <IconDownload size={14} />}
              </a>
            </th>
            <th scope="col">
              <Source by="machine" /> {t('table.machine')}
            </th>
            <th scope="col">
              <Source by="doctor" /> {t('table.doctor')}
            </th>
            {at !== null && (
              <th scope="col">
                <Source by="machine" /> {t('table.since', { at: at.slice(0, 10) })}
              </th>
            )}
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
            {at !== null && (
              <td className={styles.machine}>
                <Changes comparison={comparison} />
              </td>
            )}
          </tr>
          {screening !== null &&
            measurementRows(screening, t, deviceMeasurements, comparison).map(
              ({ name, machine, device, change }) => (
                <tr key={name}>
                  <th scope="row">{name}</th>
                  <td className={styles.device}>{device ?? none}</td>
                  <td className={styles.machine}>{machine ?? <Missing word={t('table.notMeasured')} />}</td>
                  <td>{none}</td>
                  {at !== null && (
                    <td className={styles.machine}>
                      {change === null ? none : change.notable ? <b>{change.text}</b> : change.text}
                    </td>
                  )}
                </tr>
              ),
            )}
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

/** The gravest change since the previous ECG; all of them, and what stands against them, on hovering. */
function Changes({ comparison }: { comparison: Comparison | null }) {
  const t = useWords();
  if (comparison === null) return <Missing word={t('table.none')} />;
  const said = [...comparison.reservations, ...comparison.changes].map((each) => textOf(each, t.lang));
  if (said.length === 0) return <>{t('table.noChange')}</>;
  return <Cut text={said.join('; ')} />;
}

function Cut({ text }: { text: string }) {
  return (
    <span className={styles.cut} title={text}>
      {text}
    </span>
  );
}
