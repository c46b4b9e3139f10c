import { useEffect, useRef } from 'react';
import type { ConsultSession, Cursor } from '../model/session';
import type { SharedStage } from '../model/stage';
import styles from './consult.module.css';
import { useRoom } from './useSession';

const REST_MS = 6_000;
/** Pictures move under a resting cursor: it is put back on its spot this often. */
const PLACE_MS = 100;

/** The others' pointers with their names, each in its owner's colour; gone when they rest or leave the picture. */
export function Cursors({ session, stage }: { session: ConsultSession; stage: SharedStage | null }) {
  const people = useRoom(session, (state) => state.room.participants);
  const self = useRoom(session, (state) => state.room.self);
  const marks = useRef(new Map<string, HTMLSpanElement>());
  // Twenty moves a second and person go straight to the element, past React.
  useEffect(() => {
    if (stage === null) return;
    const last = new Map<string, Cursor & { readonly seenMs: number }>();
    const place = ({ participantId, x, y, seenMs }: Cursor & { readonly seenMs: number }): void => {
      const mark = marks.current.get(participantId);
      if (mark === undefined) return;
      const at = performance.now() - seenMs > REST_MS ? null : stage.toStage({ x, y });
      mark.hidden = at === null;
      if (at !== null) mark.style.transform = `translate(${at.x}px, ${at.y}px)`;
    };
    const silence = session.onCursor((cursor) => {
      const seen = { ...cursor, seenMs: performance.now() };
      last.set(cursor.participantId, seen);
      place(seen);
    });
    const timer = setInterval(() => last.forEach(place), PLACE_MS);
    return () => {
      silence();
      clearInterval(timer);
    };
  }, [session, stage]);
  return (
    <div className={styles.cursors} aria-hidden="true">
      {people
        .filter(({ id }) => id !== self)
        .map(({ id, display_name, color }) => (
          <span
            key={id}
            hidden
            className={styles.cursor}
            data-testid="cursor"
            ref={(mark) => {
              if (mark === null) marks.current.delete(id);
              else marks.current.set(id, mark);
            }}
          >
            <svg viewBox="0 0 16 16" width="18" height="18" aria-hidden="true">
              <path d="M2 1l11 6.500-5 1.200L5.500 14z" fill={color} stroke="#000" />
            </svg>
            <b style={{ background: color }}>{display_name}</b>
          </span>
        ))}
    </div>
  );
}
