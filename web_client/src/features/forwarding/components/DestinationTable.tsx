import { IconCheck } from '@tabler/icons-react';
import { shortTime } from '@/shared/format/format';
import { EmptyState, Shape } from '@/shared/ui';
import type { Destination } from '../api/useForwarding';
import { useWords } from '../i18n';
import styles from './forwarding.module.css';

const COLUMNS = ['destination', 'address', 'state', 'waiting', 'failed'] as const;

interface Props {
  readonly destinations: readonly Destination[];
  readonly now: Date;
}

export function DestinationTable({ destinations, now }: Props) {
  const t = useWords();
  return (
    <section className={styles.part} aria-label={t('part.destinations')}>
      <h2 className={`t14 ${styles.head}`}>{t('part.destinations')}</h2>
      {destinations.length === 0 ? (
        <EmptyState title={t('destinations.empty')} lines={[t('destinations.emptyWhat')]} />
      ) : (
        <table className="dt">
          <thead>
            <tr>
              {COLUMNS.map((column) => (
                <th key={column} scope="col">
                  {t(`col.${column}`)}
                </th>
              ))}
            </tr>
          </thead>
          <tbody>
            {destinations.map((each) => (
              <tr key={each.id} data-testid="destination-row" data-ae={each.ae_title}>
                <td>
                  <b>{each.ae_title}</b>
                </td>
                <td className="sub">
                  {each.host}:{each.port} {each.tls && 'TLS'}
                </td>
                <td className={styles.why}>
                  <Health destination={each} now={now} />
                </td>
                <td className={styles.number}>{each.waiting}</td>
                <td className={styles.number}>{each.failed}</td>
              </tr>
            ))}
          </tbody>
        </table>
      )}
    </section>
  );
}

function Health({ destination, now }: { readonly destination: Destination; readonly now: Date }) {
  const t = useWords();
  const { out_since: since, retry_at: retry, failures, reason } = destination;
  if (since === null) {
    return (
      <span className="tag ok">
        <IconCheck size={14} /> {t('destination.well')}
      </span>
    );
  }
  const words = { time: shortTime(since, now), n: failures };
  return (
    <>
      <span className="tag r">
        <Shape name="octagon" />{' '}
        {retry !== null && Date.parse(retry) > now.getTime()
          ? t('destination.out', { ...words, retry: shortTime(retry, now) })
          : t('destination.outNow', words)}
      </span>
      <div className="sub t12">{reason}</div>
    </>
  );
}
