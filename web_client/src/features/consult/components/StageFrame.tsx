import { type PointerEvent, type ReactNode, type SyntheticEvent, useEffect, useRef, useState } from 'react';
import { useWords } from '../i18n';
import type { ConsultSession } from '../model/session';
import type { SharedStage } from '../model/stage';
import { Cursors } from './Cursors';
import styles from './consult.module.css';
import { useFollowing } from './useFollowing';

interface Props {
  readonly session: ConsultSession;
  readonly stage: SharedStage | null;
  readonly children: ReactNode;
}

const HINT_MS = 4_000;

/** Around the picture: carries the own pointer out and the others' in, and says why a follower's hand moves nothing. */
export function StageFrame({ session, stage, children }: Props) {
  const t = useWords();
  const frame = useRef<HTMLDivElement>(null);
  const { readOnly, leaderName } = useFollowing(session);
  const [hint, setHint] = useState(false);
  useEffect(() => {
    if (!hint) return;
    const timer = setTimeout(() => setHint(false), HINT_MS);
    return () => clearTimeout(timer);
  }, [hint]);

  const point = (event: PointerEvent): void => {
    const box = frame.current?.getBoundingClientRect();
    if (box === undefined || stage === null) return;
    const at = stage.toPicture({ x: event.clientX - box.left, y: event.clientY - box.top });
    if (at !== null) session.point(at.x, at.y);
  };
  const refuse = (event: SyntheticEvent): void => {
    if (!readOnly) return;
    event.stopPropagation();
    setHint(true);
  };
  return (
    <div
      ref={frame}
      className={styles.frame}
      onPointerMove={point}
      onPointerDownCapture={refuse}
      onWheelCapture={refuse}
    >
      {children}
      <Cursors session={session} stage={stage} />
      {hint && readOnly && (
        <p className={styles.hint} role="status">
          {t('lead.hint', { name: leaderName ?? '' })}
        </p>
      )}
    </div>
  );
}
