import { useEffect, useRef, useState, useSyncExternalStore } from 'react';
import type { ReportOut } from '@/shared/api/types';
import { sessionStore, usePerson } from '@/shared/session/session';
import { localDraft } from '../api/localDrafts';
import { useSaveDraft } from '../api/useReport';
import { DraftKeeper, type KeeperState } from '../model/keeper';

/** The keeper of a draft, for as long as the page shows it; null until this computer was asked for its copy. */
export function useKeeper(requestId: string, report: ReportOut | null): DraftKeeper | null {
  const me = usePerson().id;
  const [keeper, setKeeper] = useState<DraftKeeper | null>(null);
  const save = useSaveDraft(requestId);
  const current = useRef({ save, report });
  useEffect(() => {
    current.current = { save, report };
  });
  useEffect(() => {
    const local = localDraft(me, requestId);
    let made: DraftKeeper | null = null;
    let left = false;
    void local.read().then((kept) => {
      if (left) return;
      made = new DraftKeeper(current.current.report, kept, {
        // A page that gives way to another person saves nothing in their name.
        save: async (draft, base) =>
          sessionStore.getState().session?.person.id === me
            ? await current.current.save(draft, base)
            : { kind: 'later', error: null },
        keep: local.keep,
        forget: local.forget,
        now: () => new Date(),
      });
      setKeeper(made);
    });
    return () => {
      left = true;
      made?.stop();
      setKeeper(null);
    };
  }, [me, requestId]);
  useEffect(() => {
    if (report !== null) keeper?.follow(report);
  }, [keeper, report]);
  return keeper;
}

export function useKeeperState(keeper: DraftKeeper): KeeperState {
  return useSyncExternalStore(keeper.subscribe, () => keeper.state);
}
