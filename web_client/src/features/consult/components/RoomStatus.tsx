import { IconLoader2, IconPlugConnectedX } from '@tabler/icons-react';
import { Button } from '@/shared/ui';
import { useWords } from '../i18n';
import type { ConsultSession } from '../model/session';
import styles from './consult.module.css';
import { useRoom } from './useSession';

/** What is wrong with the connection, above the picture that stays. */
export function ConnectionNotes({ session }: { session: ConsultSession }) {
  const t = useWords();
  const phase = useRoom(session, (state) => state.phase);
  const attempt = useRoom(session, (state) => state.attempt);
  const refusal = useRoom(session, (state) => state.refusal);
  const failed = useRoom(session, (state) => state.media === 'failed');
  if (phase === 'signed-out') {
    return (
      <div className="banner" role="alert">
        {t('end.signedOut')} · {t('end.signedOutWhat')}
      </div>
    );
  }
  if (phase === 'waiting' || (phase === 'connecting' && attempt > 0)) {
    return (
      <div className="banner" role="alert">
        <IconLoader2 size={16} className="spin" />
        <span className="grow">
          {refusal === 'room-full' ? t('state.full') : t('state.waiting', { n: attempt })}
        </span>
        <Button size="small" disabled={phase !== 'waiting'} onClick={() => session.retryNow()}>
          {t('state.retry')}
        </Button>
      </div>
    );
  }
  if (phase === 'connecting') {
    return (
      <div className={styles.note} role="status">
        <IconLoader2 size={16} className="spin" />
        {t('state.connecting')}
      </div>
    );
  }
  if (failed) {
    return (
      <div className="banner" role="alert">
        <IconPlugConnectedX size={16} />
        <span className="grow">{t('state.mediaFailed')}</span>
        <Button size="small" onClick={() => session.renewMedia()}>
          {t('state.mediaAgain')}
        </Button>
      </div>
    );
  }
  return null;
}

const MEDIA = {
  connecting: { dot: 'off', key: 'state.mediaConnecting' },
  connected: { dot: '', key: 'state.media' },
  interrupted: { dot: 'warn', key: 'state.interrupted' },
  failed: { dot: 'off', key: 'signal.none' },
} as const;

/** One line at the foot: media and people. */
export function RoomStatus({ session }: { session: ConsultSession }) {
  const t = useWords();
  const media = useRoom(session, (state) => state.media);
  const joined = useRoom(session, (state) => state.phase === 'joined');
  const people = useRoom(session, (state) => state.room.participants.length);
  if (!joined) return null;
  const { dot, key } = MEDIA[media];
  return (
    <div className={styles.foot}>
      <i className={`dot ${dot}`} />
      {t(key)} · {t('state.people', { n: people })}
    </div>
  );
}
