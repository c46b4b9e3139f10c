import { useQuery } from '@tanstack/react-query';
import type { ComponentType } from 'react';
import { ErrorNotice, Loading } from '@/shared/ui';
import { type Consult, consultQuery } from '../api/consults';
import { useWords } from '../i18n';
import type { SharedStage } from '../model/stage';
import { Ending } from './Ending';
import { Lobby } from './Lobby';
import { Room } from './Room';
import { useConsultSession, useRoom } from './useSession';

export interface StageProps {
  readonly consult: Consult;
  /** Following: the picture is the leader's, and moves by nobody's hand here. */
  readonly readOnly: boolean;
  /** Called with what is on the stage once it is there, and with null when it goes. */
  readonly attach: (stage: SharedStage | null) => void;
}

interface Props {
  readonly consultId: string;
  /** Draws the case; put together in app/pages, where the viewer and the ECG are within reach. */
  readonly stage: ComponentType<StageProps>;
}

/** The consult room, from the door to the end. */
export function ConsultRoom({ consultId, stage }: Props) {
  const t = useWords();
  const { data: consult, error, refetch } = useQuery(consultQuery(consultId));
  // Once inside, only the room itself says when it is over: reading this again may fail in a cut.
  if (consult !== undefined) return <Stay key={consultId} consult={consult} stage={stage} />;
  if (error === null) return <Loading what={t('room.loading')} />;
  return (
    <ErrorNotice
      title={t('room.failed')}
      error={error}
      texts={{ 'not-found': t('end.refusedWhat') }}
      onRetry={() => void refetch()}
    />
  );
}

function Stay({ consult, stage }: { consult: Consult; stage: Props['stage'] }) {
  const session = useConsultSession(consult.id);
  const phase = useRoom(session, (state) => state.phase);
  const over = consult.closed_at !== null ? 'closed' : null;
  switch (phase) {
    case 'lobby':
      if (over !== null) return <Ending phase={over} session={session} />;
      return <Lobby consult={consult} session={session} />;
    case 'preparing':
      return <Lobby consult={consult} session={session} />;
    case 'left':
    case 'replaced':
    case 'closed':
    case 'refused':
      return <Ending phase={phase} session={session} />;
    default:
      return <Room consult={consult} session={session} stage={stage} />;
  }
}
