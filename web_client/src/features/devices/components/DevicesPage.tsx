import { IconPlus } from '@tabler/icons-react';
import { useState } from 'react';
import { shortTime } from '@/shared/format/format';
import { useNow } from '@/shared/format/useNow';
import { Button, EmptyState, ErrorLine, ErrorNotice, Loading } from '@/shared/ui';
import { type DeviceList, useDevices } from '../api/useDevices';
import { useWords } from '../i18n';
import { DeviceForm } from './DeviceForm';
import { DeviceRow } from './DeviceRow';
import styles from './devices.module.css';
import { NodeCard } from './NodeCard';

const COLUMNS = ['device', 'institution', 'in', 'out', 'rights'] as const;
type Caller = { readonly ae_title: string; readonly address: string };

/** Setting a device up: enter our values there, register it here, and see both ways turn green. */
export default function DevicesPage() {
  const t = useWords();
  const list = useDevices();
  const now = useNow(10_000);
  const [form, setForm] = useState<{ readonly caller: Caller | null } | null>(null);
  if (list.data === undefined) {
    return list.error === null ? (
      <Loading what={t('loading')} />
    ) : (
      <ErrorNotice title={t('failed')} error={list.error} onRetry={() => void list.refetch()} />
    );
  }
  const { items, node, institutions, strangers } = list.data;
  return (
    <div className={styles.page}>
      <div className={styles.bar}>
        <h1 className="t16">{t('title')}</h1>
        <span className="end" />
        <Button kind="primary" size="small" onClick={() => setForm({ caller: null })}>
          <IconPlus size={14} /> {t('add')}
        </Button>
      </div>
      {list.error !== null && <ErrorLine error={list.error} onRetry={() => void list.refetch()} />}
      <div className={styles.scroll}>
        <NodeCard node={node} />
        {items.length === 0 ? (
          <EmptyState title={t('empty')} lines={[t('emptyWhat')]} />
        ) : (
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
              {items.map((device) => (
                <DeviceRow key={device.id} device={device} list={list.data} now={now} />
              ))}
            </tbody>
          </table>
        )}
        <Strangers strangers={strangers} now={now} onRegister={(caller) => setForm({ caller })} />
      </div>
      {form !== null && (
        <DeviceForm institutions={institutions} caller={form.caller} onClose={() => setForm(null)} />
      )}
    </div>
  );
}

interface StrangersProps {
  readonly strangers: DeviceList['strangers'];
  readonly now: Date;
  readonly onRegister: (caller: Caller) => void;
}

function Strangers({ strangers, now, onRegister }: StrangersProps) {
  const t = useWords();
  if (strangers.length === 0) return null;
  return (
    <section className={styles.strangers} aria-label={t('strangers.title')}>
      <h2 className="t14">{t('strangers.title')}</h2>
      <p className="sub t13">{t('strangers.what')}</p>
      <table className="dt">
        <tbody>
          {strangers.map((stranger) => (
            <tr key={`${stranger.ae_title}@${stranger.address}`}>
              <td>
                <b>{stranger.ae_title}</b>
              </td>
              <td>{stranger.address}</td>
              <td className="sub">{shortTime(stranger.last_at, now)}</td>
              <td className="sub">{stranger.registered && t('strangers.known')}</td>
              <td>
                <div className={styles.acts}>
                  <Button size="small" onClick={() => onRegister(stranger)}>
                    {t('act.register')}
                  </Button>
                </div>
              </td>
            </tr>
          ))}
        </tbody>
      </table>
    </section>
  );
}
