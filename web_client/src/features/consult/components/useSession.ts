import { useEffect, useState } from 'react';
import { useStore } from 'zustand';
import { useLiveEvents } from '@/shared/live/store';
import { useSession as useSignedIn } from '@/shared/session/session';
import { standingOf } from '../api/consults';
import type { Socket } from '../model/link';
import { ConsultSession, type SessionState } from '../model/session';

function openSocket(path: string): Socket {
  const scheme = location.protocol === 'https:' ? 'wss:' : 'ws:';
  return new WebSocket(`${scheme}//${location.host}${path}`);
}

/** The stay in one consult, for as long as its page is open; leaving the page leaves the room. */
export function useConsultSession(consultId: string): ConsultSession {
  const [session] = useState(
    () => new ConsultSession({ consultId, standing: () => standingOf(consultId), openSocket }),
  );
  useEffect(() => {
    const back = (): void => session.retryNow();
    const lost = (): void => session.networkLost();
    const gone = (): void => session.leave();
    addEventListener('online', back);
    addEventListener('offline', lost);
    addEventListener('pagehide', gone);
    return () => {
      removeEventListener('online', back);
      removeEventListener('offline', lost);
      removeEventListener('pagehide', gone);
      session.leave();
    };
  }, [session]);
  useLiveEvents(({ topic, payload }) => {
    if (topic === 'consult.closed' && payload.consult_id === consultId) session.closed();
  });
  const signedIn = useSignedIn((state) => state.phase === 'in');
  useEffect(() => {
    if (signedIn && session.store.getState().phase === 'signed-out') session.retryNow();
  }, [signedIn, session]);
  return session;
}

export function useRoom<T>(session: ConsultSession, pick: (state: SessionState) => T): T {
  return useStore(session.store, pick);
}
