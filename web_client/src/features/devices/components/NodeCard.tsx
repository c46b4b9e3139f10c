import { IconCheck, IconCopy } from '@tabler/icons-react';
import { useState } from 'react';
import { Button } from '@/shared/ui';
import type { DeviceList } from '../api/useDevices';
import { useWords } from '../i18n';
import styles from './devices.module.css';

/** What a technician types into the modality, large enough to read from across the room. */
export function NodeCard({ node }: { node: DeviceList['node'] }) {
  const t = useWords();
  const rows: readonly (readonly [string, string])[] = [
    [t('node.ae'), node.ae_title],
    [t('node.host'), location.hostname],
    [t('node.port'), String(node.port)],
    [t('node.tls'), node.tls_port === null ? t('node.none') : String(node.tls_port)],
  ];
  return (
    <section className={`panel ${styles.node}`} aria-label={t('node.title')}>
      <b>{t('node.title')}</b>
      <dl>
        {rows.map(([name, value]) => (
          <div key={name}>
            <dt className="muted t12">{name}</dt>
            <dd>
              {value}
              {value !== t('node.none') && <Copy what={value} name={name} />}
            </dd>
          </div>
        ))}
      </dl>
    </section>
  );
}

function Copy({ what, name }: { what: string; name: string }) {
  const t = useWords();
  const [copied, setCopied] = useState(false);
  async function copy(): Promise<void> {
    // Over plain HTTP a browser has no clipboard for pages; the value stands there to be read.
    await navigator.clipboard?.writeText(what).then(
      () => setCopied(true),
      () => setCopied(false),
    );
  }
  if (!window.isSecureContext) return null;
  return (
    <Button kind="ghost" size="small" aria-label={`${t('copy')} ${name}`} onClick={() => void copy()}>
      {copied ? <IconCheck size={14} /> : <IconCopy size={14} />}
      {copied && <span role="status">{t('copied')}</span>}
    </Button>
  );
}
