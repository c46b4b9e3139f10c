import {
  IconMicrophone,
  IconMicrophoneOff,
  IconPhoneOff,
  IconVideo,
  IconVideoOff,
} from '@tabler/icons-react';
import { type ReactNode, useState } from 'react';
import { useActions } from '@/shared/actions';
import { Button, Dialog, ErrorLine, Keys } from '@/shared/ui';
import { type Consult, useCloseConsult } from '../api/consults';
import { useWords } from '../i18n';
import type { Kind } from '../model/protocol';
import type { ConsultSession } from '../model/session';
import styles from './consult.module.css';
import { RoomStatus } from './RoomStatus';
import { usePushToTalk } from './usePushToTalk';
import { useRoom } from './useSession';

/** The own microphone, camera and way out. */
export function Controls({ consult, session }: { consult: Consult; session: ConsultSession }) {
  const t = useWords();
  const { audio, video, talking, canTalk } = useRoom(session, (state) => state.local);
  const [closing, setClosing] = useState(false);
  usePushToTalk(session, t('control.talk'), t('control.group'));
  const names = {
    audio: t(audio.on ? 'control.mute' : 'control.unmute'),
    video: t(video.on ? 'control.cameraOff' : 'control.cameraOn'),
  };
  useActions(
    (['audio', 'video'] as const).map((kind) => ({
      name: names[kind],
      group: t('control.group'),
      keys: [kind === 'audio' ? 'm' : 'v'],
      hint: true,
      first: true,
      perform: () => session.toggle(kind),
    })),
  );
  const device = (kind: Kind, on: boolean, icon: ReactNode) => (
    <Button keys={kind === 'audio' ? 'm' : 'v'} aria-pressed={!on} onClick={() => session.toggle(kind)}>
      {icon}
      {names[kind]}
    </Button>
  );
  return (
    // A mouse that presses a button here leaves the focus where it was: Space stays the key to talk.
    <div
      className={styles.controls}
      role="toolbar"
      aria-label={t('control.label')}
      onMouseDown={(event) => event.preventDefault()}
    >
      <RoomStatus session={session} />
      {device('audio', audio.on, audio.on ? <IconMicrophone size={18} /> : <IconMicrophoneOff size={18} />)}
      {canTalk && !audio.on && (
        <span className={`${styles.talk} ${talking ? styles.talking : ''}`} role="status">
          <Keys combo="Space" />
          {t(talking ? 'tiles.talking' : 'control.talk')}
        </span>
      )}
      {device('video', video.on, video.on ? <IconVideo size={18} /> : <IconVideoOff size={18} />)}
      <Button kind="danger" onClick={() => session.leave()}>
        <IconPhoneOff size={18} />
        {t('control.leave')}
      </Button>
      <Button kind="ghost" size="small" className={styles.end ?? ''} onClick={() => setClosing(true)}>
        {t('control.close')}
      </Button>
      <CloseDialog consult={consult} session={session} open={closing} onClose={() => setClosing(false)} />
    </div>
  );
}

interface CloseProps {
  readonly consult: Consult;
  readonly session: ConsultSession;
  readonly open: boolean;
  readonly onClose: () => void;
}

function CloseDialog({ consult, session, open, onClose }: CloseProps) {
  const t = useWords();
  const close = useCloseConsult();
  return (
    <Dialog title={t('close.title')} open={open} onClose={onClose}>
      <p>{t('close.what')}</p>
      {close.isError && <ErrorLine error={close.error} />}
      <div className={`row ${styles.answers}`}>
        <Button onClick={onClose}>{t('close.cancel')}</Button>
        <Button
          kind="danger"
          busy={close.isPending}
          onClick={() => close.mutate(consult.id, { onSuccess: () => session.closed() })}
        >
          {t('close.do')}
        </Button>
      </div>
    </Dialog>
  );
}
