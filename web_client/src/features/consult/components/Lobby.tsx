import { IconMicrophone, IconVideo } from '@tabler/icons-react';
import { type ReactNode, useState } from 'react';
import { dateTime } from '@/shared/format/format';
import { Button, PatientLine } from '@/shared/ui';
import { type Consult, openerOf } from '../api/consults';
import { useWords } from '../i18n';
import { browserSource } from '../model/devices';
import type { Kind } from '../model/protocol';
import type { ConsultSession } from '../model/session';
import styles from './consult.module.css';
import { Insecure } from './DeviceNotes';
import { useRoom } from './useSession';

/** The door: which case, who is inside, and with which devices one goes in. */
export function Lobby({ consult, session }: { consult: Consult; session: ConsultSession }) {
  const t = useWords();
  const busy = useRoom(session, (state) => state.phase === 'preparing');
  const [devices, setDevices] = useState<Readonly<Record<Kind, boolean>>>({ audio: true, video: true });
  const secure = browserSource() !== null;
  const names = consult.participants.map((one) => one.display_name).join(t.lang === 'zh' ? '、' : ', ');
  const any = secure && (devices.audio || devices.video);
  return (
    <div className="page center">
      <section className={`panel ${styles.lobby}`} aria-labelledby="lobby-title">
        <h1 id="lobby-title">{t('lobby.title')}</h1>
        <dl className="kv">
          <dt>{t('room.case')}</dt>
          <dd>
            <PatientLine patient={consult.patient} />
          </dd>
          <dt />
          <dd>
            {t('list.openedBy', {
              name: openerOf(consult, t.lang),
              time: dateTime(consult.opened_at),
            })}
          </dd>
          <dt />
          <dd>{names === '' ? t('list.nobody') : t('list.inside', { names })}</dd>
        </dl>
        {secure ? (
          <fieldset className={styles.devices} disabled={busy}>
            <legend>{t('lobby.devices')}</legend>
            <DeviceSwitch
              icon={<IconMicrophone size={18} />}
              name={t('lobby.microphone')}
              on={devices.audio}
              onTurn={(audio) => setDevices({ ...devices, audio })}
            />
            <DeviceSwitch
              icon={<IconVideo size={18} />}
              name={t('lobby.camera')}
              on={devices.video}
              onTurn={(video) => setDevices({ ...devices, video })}
            />
          </fieldset>
        ) : (
          <Insecure />
        )}
        <Button
          kind="primary"
          size="tall"
          data-testid="consult-join"
          busy={busy}
          onClick={() => void session.join(secure ? devices : { audio: false, video: false })}
        >
          {t(any ? 'lobby.join' : 'lobby.listen')}
        </Button>
        {any && (
          <p className="muted t13" role="status">
            {t(busy ? 'lobby.preparing' : 'lobby.asks')}
          </p>
        )}
      </section>
    </div>
  );
}

interface SwitchProps {
  readonly icon: ReactNode;
  readonly name: string;
  readonly on: boolean;
  readonly onTurn: (on: boolean) => void;
}

function DeviceSwitch({ icon, name, on, onTurn }: SwitchProps) {
  const t = useWords();
  return (
    <button
      type="button"
      role="switch"
      aria-checked={on}
      className={styles.device}
      onClick={() => onTurn(!on)}
    >
      {icon}
      <span className="grow">{name}</span>
      <span className={on ? 'tag a' : 'tag miss'}>{t(on ? 'lobby.on' : 'lobby.off')}</span>
    </button>
  );
}
