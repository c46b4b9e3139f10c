import { IconMicrophone, IconMicrophoneOff } from '@tabler/icons-react';
import { useEffect, useMemo, useRef, useState } from 'react';
import { placeName } from '@/shared/format/format';
import { useWords } from '../i18n';
import type { Participant } from '../model/protocol';
import { isSpeaking, type Reception, signal } from '../model/quality';
import { tracksOf } from '../model/room';
import type { ConsultSession } from '../model/session';
import styles from './consult.module.css';
import { useReception } from './useReception';
import { useRoom } from './useSession';

/** Everybody in the room; the own tile comes second, after whoever leads. */
export function Tiles({ session }: { session: ConsultSession }) {
  const t = useWords();
  const room = useRoom(session, (state) => state.room);
  const received = useReception(session);
  const rank = (one: Participant): number => (one.id === room.leader ? 0 : one.id === room.self ? 1 : 2);
  const people = [...room.participants].sort((a, b) => rank(a) - rank(b));
  return (
    <aside className={styles.tiles} aria-label={t('tiles.label')}>
      {people.map((one) =>
        one.id === room.self ? (
          <OwnTile key={one.id} session={session} person={one} />
        ) : (
          <TheirTile key={one.id} session={session} person={one} got={received.get(one.id) ?? null} />
        ),
      )}
    </aside>
  );
}

function OwnTile({ session, person }: { session: ConsultSession; person: Participant }) {
  const t = useWords();
  const { audio, video, talking, camera } = useRoom(session, (state) => state.local);
  const tracks = useMemo(() => (camera === null ? [] : [camera]), [camera]);
  const silent = !audio.on && !talking;
  return (
    <Tile
      person={person}
      me
      tracks={tracks}
      muted={silent}
      speaking={talking}
      note={video.on ? null : t('tiles.cameraOff')}
      waiting={t('tiles.waiting')}
      line={t(talking ? 'tiles.talking' : 'signal.own')}
    />
  );
}

interface TheirProps {
  readonly session: ConsultSession;
  readonly person: Participant;
  readonly got: Reception | null;
}

function TheirTile({ session, person, got }: TheirProps) {
  const t = useWords();
  const room = useRoom(session, (state) => state.room);
  const received = useRoom(session, (state) => state.received);
  const tracks = useMemo(() => tracksOf(room, received, person.id), [room, received, person.id]);
  const lost = useRoom(session, (state) => state.media === 'failed');
  const { audio_muted: audio, video_muted: video } = person;
  // The first second knows no rate yet, and that is no bad signal.
  const bars = got === null ? null : signal(got);
  const rate = got === null ? '' : ` ${(got.kbps / 1000).toFixed(1)} Mbit/s`;
  const listening = audio && video;
  return (
    <Tile
      person={person}
      tracks={tracks}
      muted={audio}
      speaking={!audio && isSpeaking(got)}
      waiting={t(lost ? 'tiles.lost' : 'tiles.waiting')}
      note={video ? t(listening ? 'tiles.listener' : 'tiles.audioOnly') : null}
      line={listening ? t('tiles.muted') : bars === null ? '' : `${t(`signal.${bars}`)}${rate}`}
      {...(listening || bars === null ? {} : { bars })}
    />
  );
}

interface TileProps {
  readonly person: Participant;
  readonly me?: boolean;
  readonly tracks: readonly MediaStreamTrack[];
  readonly muted: boolean;
  readonly speaking: boolean;
  /** Instead of the picture, in words. */
  readonly note: string | null;
  /** Until the first frame is there. */
  readonly waiting: string;
  readonly line: string;
  readonly bars?: ReturnType<typeof signal>;
}

function Tile({ person, me = false, tracks, muted, speaking, note, waiting, line, bars }: TileProps) {
  const t = useWords();
  const place = placeName(person.institution, t.lang);
  return (
    <article
      className={`${styles.tile} ${speaking ? styles.speaking : ''}`}
      aria-label={person.display_name}
      data-testid="video-tile"
      data-person-id={person.person_id}
    >
      <Picture tracks={tracks} me={me} note={note} waiting={waiting} />
      <div className={styles.name}>
        <i style={{ background: person.color }} />
        <b className="ell">{person.display_name}</b>
        {me && <span className="muted t12 nw">{t('tiles.me')}</span>}
        <span className="end" title={t(muted ? 'tiles.muted' : 'tiles.speaking')}>
          {muted ? (
            <IconMicrophoneOff size={16} className={styles.off} aria-label={t('tiles.muted')} />
          ) : (
            <IconMicrophone size={16} className={speaking ? styles.live : ''} aria-hidden="true" />
          )}
        </span>
      </div>
      <div className={styles.under}>
        <span className="ell" title={place}>
          {place}
        </span>
        <span className="end nw">
          {bars !== undefined && <Bars bars={bars} />}
          {line}
        </span>
      </div>
    </article>
  );
}

/** The words stand until the first frame is really there: a black tile says nothing. */
function Picture({
  tracks,
  me = false,
  note,
  waiting,
}: Pick<TileProps, 'tracks' | 'me' | 'note' | 'waiting'>) {
  const video = useRef<HTMLVideoElement>(null);
  const [shown, setShown] = useState(false);
  const key = tracks.map((track) => track.id).join(' ');
  // biome-ignore lint/correctness/useExhaustiveDependencies: the same tracks in another array are no other stream
  useEffect(() => {
    const element = video.current;
    if (element === null) return;
    setShown(false);
    element.srcObject = tracks.length === 0 ? null : new MediaStream([...tracks]);
    return () => {
      element.srcObject = null;
    };
  }, [key]);
  const words = note ?? (shown ? null : waiting);
  return (
    <div className={`${styles.picture} ${note === null ? '' : styles.closed}`}>
      <video
        ref={video}
        autoPlay
        playsInline
        // The own voice out of the own speaker is an echo.
        muted={me}
        className={me ? styles.mirrored : ''}
        onResize={({ currentTarget }) => setShown(currentTarget.videoWidth > 0)}
      />
      {words !== null && <span className={styles.words}>{words}</span>}
    </div>
  );
}

const LIT = { none: 0, poor: 1, fair: 2, good: 3 } as const;

function Bars({ bars }: { bars: ReturnType<typeof signal> }) {
  return (
    <span className={`${styles.bars} ${styles[bars] ?? ''}`} aria-hidden="true">
      {[1, 2, 3].map((n) => (
        <i key={n} className={n <= LIT[bars] ? '' : styles.dim} />
      ))}
    </span>
  );
}
