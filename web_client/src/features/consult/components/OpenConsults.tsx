import { useNavigate } from '@tanstack/react-router';
import { dateTime } from '@/shared/format/format';
import { Button, EmptyState, ErrorNotice, Loading, PatientLine } from '@/shared/ui';
import { type Consult, openerOf, useOpenConsults } from '../api/consults';
import { useWords } from '../i18n';
import styles from './consult.module.css';

/** The page behind 会诊 in the top bar: what is going on, and the way in. */
export default function OpenConsults() {
  const t = useWords();
  const open = useOpenConsults();
  return (
    <div className={`page ${styles.list}`}>
      <h1>{t('list.title')}</h1>
      {open.isPending ? (
        <Loading />
      ) : open.isError ? (
        <ErrorNotice title={t('list.failed')} error={open.error} onRetry={() => void open.refetch()} />
      ) : open.data.items.length === 0 ? (
        <EmptyState title={t('list.empty')} lines={[t('list.emptyWhat')]} />
      ) : (
        <ul>
          {open.data.items.map((consult) => (
            <OpenConsult key={consult.id} consult={consult} />
          ))}
        </ul>
      )}
    </div>
  );
}

function OpenConsult({ consult }: { consult: Consult }) {
  const t = useWords();
  const navigate = useNavigate();
  const names = consult.participants.map((one) => one.display_name).join(t.lang === 'zh' ? '、' : ', ');
  return (
    <li className="panel">
      <div className="col grow">
        <PatientLine patient={consult.patient} />
        <span className="sub t13">
          {t('list.openedBy', {
            name: openerOf(consult, t.lang),
            time: dateTime(consult.opened_at),
          })}
        </span>
        <span className="muted t13">{names === '' ? t('list.nobody') : t('list.inside', { names })}</span>
      </div>
      <Button
        kind="primary"
        onClick={() => void navigate({ to: '/consult/$consultId', params: { consultId: consult.id } })}
      >
        {t('ring.join')}
      </Button>
    </li>
  );
}
