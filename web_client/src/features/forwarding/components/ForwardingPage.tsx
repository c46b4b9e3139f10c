import { useNow } from '@/shared/format/useNow';
import { ErrorLine, ErrorNotice, Loading } from '@/shared/ui';
import { useDestinations } from '../api/useForwarding';
import { useWords } from '../i18n';
import { DestinationTable } from './DestinationTable';
import styles from './forwarding.module.css';
import { JobQueue } from './JobQueue';
import { RouteTable } from './RouteTable';

/** What goes on to other archives: who takes it, what waits, and by which rules. */
export default function ForwardingPage() {
  const t = useWords();
  const destinations = useDestinations();
  const now = useNow(10_000);
  if (destinations.data === undefined) {
    return destinations.error === null ? (
      <Loading what={t('loading')} />
    ) : (
      <ErrorNotice
        title={t('failed')}
        error={destinations.error}
        onRetry={() => void destinations.refetch()}
      />
    );
  }
  const { items } = destinations.data;
  return (
    <div className={styles.page}>
      <div className={styles.bar}>
        <h1 className="t16">{t('title')}</h1>
      </div>
      {destinations.error !== null && (
        <ErrorLine error={destinations.error} onRetry={() => void destinations.refetch()} />
      )}
      <div className={styles.scroll}>
        <DestinationTable destinations={items} now={now} />
        <JobQueue destinations={items} now={now} />
        <RouteTable destinations={items} />
      </div>
    </div>
  );
}
