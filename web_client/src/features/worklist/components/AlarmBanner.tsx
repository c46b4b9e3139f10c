import { IconBellRinging, IconVolumeOff } from '@tabler/icons-react';
import { useEffect, useRef, useState } from 'react';
import { useActions } from '@/shared/actions';
import { useProblemText } from '@/shared/api';
import { countdown, placeName, sexAndAge, textOf } from '@/shared/format/format';
import { useNow } from '@/shared/format/useNow';
import { useShared } from '@/shared/i18n';
import type { Request } from '@/shared/requests/requests';
import { useSession } from '@/shared/session/session';
import { Button } from '@/shared/ui';
import { useOpen } from '../api/useClaim';
import { useRinging } from '../api/useWorklist';
import { useWords } from '../i18n';
import { Siren } from '../model/siren';
import styles from './worklist.module.css';

const KEY = 'F8';

/** The red case that nobody has answered: above every page, in every tab, with its sound, until somebody does. */
export default function AlarmBanner() {
  const signedIn = useSession((state) => state.phase === 'in');
  const ringing = useRinging(signedIn);
  const first = ringing[0];
  if (first === undefined) return null;
  return <Ringing request={first} more={ringing.length - 1} />;
}

function Ringing({ request, more }: { request: Request; more: number }) {
  const t = useWords();
  const app = useShared();
  const text = useProblemText();
  const now = useNow();
  const opening = useOpen();
  const silent = useSiren();
  useTitle(t('alarm.title'));
  const open = (): void => void opening.open(request).catch(() => {});
  useActions([{ name: t('act.openAndClaim'), group: t('alarm.title'), keys: [KEY], perform: open }]);
  const hint = request.hints[0];
  // What went wrong with the case before says nothing of this one.
  const error = opening.variables?.request.id === request.id ? opening.error : null;
  const waited = countdown(now.getTime() - Date.parse(request.claimed_at ?? request.received_at));
  return (
    <section className={styles.alarm} role="alert" data-testid="alarm" data-request-id={request.id}>
      <IconBellRinging className="pulse" />
      <b>{t('alarm.title')}</b>
      <span className="grow ell">
        {request.patient.name} {sexAndAge(request.patient, app)} · {placeName(request.examining, t.lang)} ·{' '}
        {hint === undefined ? t('alarm.noHint') : textOf(hint, t.lang)}
        {error !== null && ` · ${text(error, { 'already-claimed': t('alarm.gone') })}`}
      </span>
      {more > 0 && <span className="nw">{t('alarm.more', { n: more })}</span>}
      {silent && (
        <Button size="small" className={styles.sound ?? ''}>
          <IconVolumeOff size={16} /> {t('alarm.silent')}
        </Button>
      )}
      <span className="nw">
        {request.claimed_by === null
          ? t('alarm.waiting', { time: waited })
          : t('alarm.claimedBy', { name: request.claimed_by.display_name })}
      </span>
      <Button keys={KEY} busy={opening.isPending} onClick={open}>
        {t('act.openAndClaim')}
      </Button>
    </section>
  );
}

/** Rings for as long as it is there; true while the browser keeps it silent. */
function useSiren(): boolean {
  const [blocked, setBlocked] = useState(false);
  const siren = useRef<Siren | null>(null);
  useEffect(() => {
    const made = new Siren(setBlocked);
    siren.current = made;
    made.start();
    // Any touch of the page lets it sound.
    const allow = (): void => void made.allow();
    document.addEventListener('pointerdown', allow, true);
    document.addEventListener('keydown', allow, true);
    return () => {
      document.removeEventListener('pointerdown', allow, true);
      document.removeEventListener('keydown', allow, true);
      made.stop();
    };
  }, []);
  return blocked;
}

/** Says it in the tab's title too, for whoever looks at another. */
function useTitle(word: string): void {
  useEffect(() => {
    const before = document.title;
    document.title = `● ${word} ${before}`;
    return () => {
      document.title = before;
    };
  }, [word]);
}
