import { IconAlertTriangle } from '@tabler/icons-react';
import { useState } from 'react';
import { Button } from '@/shared/ui';
import { useWords } from '../i18n';
import type { DeviceProblem } from '../model/devices';
import type { Kind } from '../model/protocol';
import type { ConsultSession } from '../model/session';
import styles from './consult.module.css';
import { useRoom } from './useSession';

/** Plain HTTP from another machine: the browser has no devices to give, whatever one presses. */
export function Insecure() {
  const t = useWords();
  return (
    <p className={styles.insecure} role="alert">
      <IconAlertTriangle size={16} />
      <span>{t('device.insecure', { command: `make demo HOST=${location.hostname}` })}</span>
    </p>
  );
}

/** What is wrong with the own devices, in words, above a page that works all the same. */
export function DeviceNotes({ session }: { session: ConsultSession }) {
  const audio = useRoom(session, (state) => state.local.audio.problem);
  const video = useRoom(session, (state) => state.local.video.problem);
  if (audio === 'insecure' || video === 'insecure') return <Insecure />;
  if (audio !== null && audio === video) {
    return <DeviceNote key={`both-${audio}`} kinds={['audio', 'video']} problem={audio} session={session} />;
  }
  return (
    <>
      {audio !== null && (
        <DeviceNote key={`audio-${audio}`} kinds={['audio']} problem={audio} session={session} />
      )}
      {video !== null && (
        <DeviceNote key={`video-${video}`} kinds={['video']} problem={video} session={session} />
      )}
    </>
  );
}

interface NoteProps {
  readonly kinds: readonly [Kind] | readonly ['audio', 'video'];
  readonly problem: Exclude<DeviceProblem, 'insecure'>;
  readonly session: ConsultSession;
}

function DeviceNote({ kinds, problem, session }: NoteProps) {
  const t = useWords();
  const [read, setRead] = useState(false);
  const retry = (): void => {
    for (const kind of kinds) session.toggle(kind);
  };
  if (read) return null;
  return (
    <div className="banner" role="alert">
      <IconAlertTriangle size={16} />
      <span className="grow">{t(`device.${kinds.length === 2 ? 'both' : kinds[0]}.${problem}`)}</span>
      <Button size="small" onClick={retry}>
        {t('device.again')}
      </Button>
      <Button size="small" kind="ghost" onClick={() => setRead(true)}>
        {t('device.dismiss')}
      </Button>
    </div>
  );
}
