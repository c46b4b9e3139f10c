import { useEffect, useState } from 'react';
import { NO_READING, type Reception, reading, reception } from '../model/quality';
import { tracksOf } from '../model/room';
import type { ConsultSession } from '../model/session';
import { useRoom } from './useSession';

const EVERY_MS = 1_000;

/** What comes in from each participant, read once a second. */
export function useReception(session: ConsultSession): ReadonlyMap<string, Reception> {
  const joined = useRoom(session, (state) => state.phase === 'joined');
  const [got, setGot] = useState<ReadonlyMap<string, Reception>>(new Map());
  useEffect(() => {
    if (!joined) {
      setGot(new Map());
      return;
    }
    let before = NO_READING;
    const timer = setInterval(async () => {
      const report = await session.stats().catch(() => null);
      if (report === null) return;
      const now = reading(report, performance.now());
      const { room, received } = session.store.getState();
      const next = new Map<string, Reception>();
      for (const { id } of room.participants) {
        const ids = tracksOf(room, received, id).map((track) => track.id);
        const one = reception(before, now, ids);
        if (one !== null) next.set(id, one);
      }
      before = now;
      setGot(next);
    }, EVERY_MS);
    return () => clearInterval(timer);
  }, [session, joined]);
  return got;
}
