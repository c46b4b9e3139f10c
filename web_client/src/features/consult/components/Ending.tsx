import { IconDevices, IconDoorExit, IconLock, IconPhoneOff } from '@tabler/icons-react';
import { useNavigate } from '@tanstack/react-router';
import { Button, Notice } from '@/shared/ui';
import { useWords } from '../i18n';
import type { ConsultSession } from '../model/session';
import { useRoom } from './useSession';

const ICONS = {
  left: <IconDoorExit />,
  replaced: <IconDevices />,
  closed: <IconPhoneOff />,
  refused: <IconLock />,
} as const;

/** The room is over for this browser: why, and what can be done. */
export function Ending({ phase, session }: { phase: keyof typeof ICONS; session: ConsultSession }) {
  const t = useWords();
  const navigate = useNavigate();
  const wanted = useRoom(session, (state) => state.entered);
  return (
    <div className="page center">
      <Notice icon={ICONS[phase]} title={t(`end.${phase}`)} lines={[t(`end.${phase}What`)]}>
        {(phase === 'left' || phase === 'replaced') && (
          <Button kind="primary" onClick={() => void session.join(wanted)}>
            {t(phase === 'left' ? 'end.again' : 'end.here')}
          </Button>
        )}
        <Button onClick={() => void navigate({ to: '/consult' })}>{t('end.back')}</Button>
      </Notice>
    </div>
  );
}
