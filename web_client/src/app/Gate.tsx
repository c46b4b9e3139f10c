import { useQueryClient } from '@tanstack/react-query';
import { type ReactNode, useCallback, useEffect, useRef, useState } from 'react';
import { LoginForm } from '@/features/auth';
import { useHeldKeys } from '@/shared/actions';
import { api, asProblem, bodyOf } from '@/shared/api';
import { useShared } from '@/shared/i18n';
import { LiveConnection } from '@/shared/live/LiveConnection';
import { enterSession, leaveSession, type Session, useSession } from '@/shared/session/session';
import { ErrorNotice, Loading } from '@/shared/ui';
import { LanguageSwitch } from './TopBar';

interface Props {
  readonly onOtherPerson: () => void;
  readonly children: ReactNode;
}

/**
 * Lets in who is signed in. A session that ends leaves the page as it stands, under the form: who comes
 * back goes on where they were. Another person starts anew, and finds nothing of the one before.
 */
export function Gate({ onOtherPerson, children }: Props) {
  const { phase, reason, session } = useSession((state) => state);
  const t = useShared();
  const queries = useQueryClient();
  const [owner, setOwner] = useState(0);
  const last = useRef<Session['person'] | null>(null);
  const [failure, setFailure] = useState<unknown>(null);
  useHeldKeys(phase !== 'in');

  const ask = useCallback(async () => {
    setFailure(null);
    try {
      enterSession(await bodyOf(api.GET('/api/session')));
    } catch (error) {
      if (asProblem(error).status === 401) leaveSession('expired');
      else setFailure(error);
    }
  }, []);
  useEffect(() => void ask(), [ask]);
  useEffect(() => {
    if (session !== null) last.current = session.person;
  }, [session]);

  function signedIn(next: Session): void {
    const before = last.current;
    enterSession(next);
    if (before !== null && before.id === next.person.id && phase === 'expired') {
      void queries.invalidateQueries();
      return;
    }
    queries.clear();
    if (before !== null && before.id !== next.person.id) onOtherPerson();
    setOwner((count) => count + 1);
  }

  if (phase === 'loading') {
    if (failure === null) return <Loading what={t('boot.loading')} />;
    return <ErrorNotice title={t('page.loadFailed')} error={failure} onRetry={() => void ask()} />;
  }
  const form = (
    <LoginForm
      reason={reason}
      lastLogin={phase === 'expired' ? (last.current?.login ?? '') : ''}
      onSignedIn={signedIn}
    />
  );
  return (
    <>
      <LiveConnection />
      {session !== null && (
        <div key={owner} className="whole" inert={phase === 'expired'}>
          {children}
        </div>
      )}
      {phase !== 'in' && (
        <div className={phase === 'expired' ? 'overlay over-page' : 'overlay'}>
          <div className="login-place">
            <LanguageSwitch />
            {form}
          </div>
        </div>
      )}
    </>
  );
}
