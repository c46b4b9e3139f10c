import { useQueryClient } from '@tanstack/react-query';
import { useEffect } from 'react';
import { api } from '@/shared/api';
import { useCan } from '@/shared/session/permissions';
import { leaveSession, useSession } from '@/shared/session/session';
import { Live, type LiveState, openSocket } from './live';
import { tellListeners, useLive } from './store';

/** Keeps the live connection for as long as somebody is signed in to whom events are told. */
export function LiveConnection(): null {
  const queries = useQueryClient();
  const signedIn = useSession((state) => state.phase === 'in');
  const listens = useCan()('events.listen');
  useEffect(() => {
    if (!signedIn || !listens) return;
    const live = new Live({
      open: openSocket,
      onEvent: (event) => {
        // The server no longer has what came between: everything on screen is read anew.
        if (event.topic === 'resync') void queries.invalidateQueries();
        else tellListeners(event);
      },
      onOpen: () => void queries.invalidateQueries(),
      onState: (state) => moved(state),
      onSessionEnded: () => leaveSession('expired'),
    });
    const retryNow = (): void => live.retryNow();
    useLive.setState({ retryNow });
    addEventListener('online', retryNow);
    live.start();
    return () => {
      removeEventListener('online', retryNow);
      live.stop();
    };
  }, [signedIn, listens, queries]);
  return null;
}

function moved(state: LiveState): void {
  useLive.setState({ state });
  // A refused handshake looks like a lost network: asking once tells an ended session from an absent server.
  if (state.kind === 'waiting') void api.GET('/api/session').catch(() => {});
}
