import { useEffect } from 'react';
import { useActions } from '@/shared/actions';
import { comboOf } from '@/shared/actions/keys';
import { useRegistry } from '@/shared/actions/registry';
import type { ConsultSession } from '../model/session';

/** Talks as long as Space is held. A key that is lost (another window takes over) is a key let go. */
export function usePushToTalk(session: ConsultSession, name: string, group: string): void {
  // The registry knows presses alone; holding is listened for here, and listed there.
  useActions([{ name, group, keys: ['Space'], hint: true, keyOnly: true, perform: () => {} }]);
  useEffect(() => {
    const press = (event: KeyboardEvent): void => {
      if (event.repeat || useRegistry.getState().held > 0) return;
      if (comboOf(event) === 'Space') session.talk(true);
    };
    const release = (event: KeyboardEvent): void => {
      if (event.key === ' ') session.talk(false);
    };
    const lost = (): void => session.talk(false);
    document.addEventListener('keydown', press, true);
    document.addEventListener('keyup', release, true);
    addEventListener('blur', lost);
    return () => {
      document.removeEventListener('keydown', press, true);
      document.removeEventListener('keyup', release, true);
      removeEventListener('blur', lost);
      session.talk(false);
    };
  }, [session]);
}
