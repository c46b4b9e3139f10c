import { IconAlertTriangle } from '@tabler/icons-react';
import { useRegistry } from '@/shared/actions/registry';
import { useShared } from '@/shared/i18n';
import { useLive } from '@/shared/live/store';
import { useCan } from '@/shared/session/permissions';
import { Button, Keys } from '@/shared/ui';
import { openKeySheet, openPalette } from './ActionSheets';

const SHOWN_KEYS = 5;
const DOT = { open: 'dot', connecting: 'dot off', waiting: 'dot warn', ended: 'dot off' } as const;

/** Whether news arrives, and the keys of this page. */
export function StatusBar() {
  const t = useShared();
  const kind = useLive((live) => live.state.kind);
  const listens = useCan()('events.listen');
  const actions = useRegistry((registry) => registry.actions);
  const shown = actions
    .filter((action) => action.keys !== undefined && action.hint === true)
    .slice(0, SHOWN_KEYS);
  return (
    <footer className="status">
      <span role="status">
        {listens && (
          <>
            <i className={DOT[kind]} />
            {t(`live.${kind}`)}
          </>
        )}
      </span>
      <span className="end hint">
        {shown.map((action) => (
          <span key={action.id}>
            {action.keys?.slice(0, 1).map((combo) => (
              <Keys key={combo} combo={combo} />
            ))}
            {action.name}
          </span>
        ))}
        <button type="button" onClick={openPalette}>
          <Keys combo="Ctrl+k" /> {t('palette.title')}
        </button>
        <button type="button" onClick={openKeySheet}>
          <Keys combo="?" /> {t('keys.title')}
        </button>
      </span>
    </footer>
  );
}

/** Says that news may come late, for as long as the live connection is gone. */
export function StaleBanner() {
  const t = useShared();
  const { state, retryNow } = useLive();
  if (state.kind !== 'waiting') return null;
  return (
    <div className="banner" role="status">
      <IconAlertTriangle size={16} />
      <span className="grow">{t('live.stale', { attempt: state.attempt })}</span>
      <Button size="small" onClick={retryNow}>
        {t('live.retryNow')}
      </Button>
    </div>
  );
}
