import { IconX } from '@tabler/icons-react';
import { useState } from 'react';
import { dateTime, placeName, textOf } from '@/shared/format/format';
import { paperUrl, previewUrl } from '@/shared/requests/preview';
import type { Request } from '@/shared/requests/requests';
import { Button, MachineBox, PatientLine, Tier, type TierName } from '@/shared/ui';
import { useWords } from '../i18n';
import { HintCell } from './HintCell';
import styles from './worklist.module.css';

interface Props {
  readonly request: Request;
  readonly onClose: () => void;
}

const TIERS: readonly string[] = ['red', 'orange', 'routine', 'normal', 'uninterpretable'];
const tierOf = (severity: string): TierName => (TIERS.includes(severity) ? (severity as TierName) : 'none');

/** A look at a case without taking it: picture, what the machine says, who asked and until when. */
export function PreviewPanel({ request, onClose }: Props) {
  const t = useWords();
  const facts: readonly (readonly [string, string | null])[] = [
    [t('preview.complaint'), request.complaint ?? t('preview.noComplaint')],
    [
      t('preview.places'),
      `${placeName(request.examining, t.lang)} / ${placeName(request.diagnosing, t.lang)}`,
    ],
    [t('preview.acquired'), request.acquired_at && dateTime(request.acquired_at)],
    [t('preview.received'), dateTime(request.received_at)],
    [t('preview.due'), dateTime(request.due_at)],
    [
      t('preview.claimed'),
      request.claimed_at && `${request.claimed_by?.display_name ?? ''} ${dateTime(request.claimed_at)}`,
    ],
  ];
  return (
    <aside className={styles.preview} aria-label={t('preview.title')}>
      <div className="ph">
        <Tier tier={request.risk} />
        <PatientLine patient={request.patient} />
        <span className="end" />
        <Button kind="ghost" size="small" aria-label={t('preview.close')} onClick={onClose}>
          <IconX size={16} />
        </Button>
      </div>
      {/* A new picture for another case: no image may stand under another's name. */}
      <Picture key={request.id} request={request} />
      {request.kind === 'ecg' && (
        <MachineBox>
          {request.hints.length === 0 ? (
            <div className="row">
              <HintCell request={request} />
            </div>
          ) : (
            <ul>
              {request.hints.map((hint) => (
                <li key={hint.code} className="row">
                  <Tier tier={tierOf(hint.severity)} />
                  <span className="grow">{textOf(hint, t.lang)}</span>
                </li>
              ))}
            </ul>
          )}
          {request.changes.length > 0 && (
            <>
              <div className="b t12">{t('preview.changes')}</div>
              <ul>
                {request.changes.map((change) => (
                  <li key={textOf(change, 'en')} className="row">
                    <Tier tier={tierOf(change.severity)} />
                    <span className="grow">{textOf(change, t.lang)}</span>
                  </li>
                ))}
              </ul>
            </>
          )}
        </MachineBox>
      )}
      <dl className="kv">
        {facts.map(
          ([name, value]) =>
            value !== null && (
              <div key={name} className={styles.fact}>
                <dt>{name}</dt>
                <dd>{value}</dd>
              </div>
            ),
        )}
      </dl>
    </aside>
  );
}

function Picture({ request }: { request: Request }) {
  const t = useWords();
  const [state, setState] = useState<'loading' | 'shown' | 'failed'>('loading');
  const url = request.ecg_id === null ? previewUrl(request, 512) : paperUrl(request.ecg_id);
  if (url === null) return <p className="muted t13">{t('preview.noImage')}</p>;
  if (state === 'failed') return <p className="muted t13">{t('preview.imageFailed')}</p>;
  return (
    <figure className={styles.picture}>
      {state === 'loading' && (
        <p className="muted t13" role="status">
          {t('preview.loading')}
        </p>
      )}
      <img
        src={url}
        alt={t('preview.alt', { name: request.patient.name ?? '' })}
        draggable={false}
        onLoad={() => setState('shown')}
        onError={() => setState('failed')}
      />
      <figcaption className="muted t12">{t('preview.onlyOne')}</figcaption>
    </figure>
  );
}
