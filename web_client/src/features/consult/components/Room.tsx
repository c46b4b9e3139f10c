import { type ComponentType, useEffect, useState } from 'react';
import type { Consult } from '../api/consults';
import { useWords } from '../i18n';
import type { ConsultSession } from '../model/session';
import { keepInStep, type SharedStage } from '../model/stage';
import type { StageProps } from './ConsultRoom';
import { Controls } from './Controls';
import styles from './consult.module.css';
import { DeviceNotes } from './DeviceNotes';
import { LeadBar } from './LeadBar';
import { ConnectionNotes } from './RoomStatus';
import { StageFrame } from './StageFrame';
import { Tiles } from './Tiles';
import { useFollowing } from './useFollowing';

interface Props {
  readonly consult: Consult;
  readonly session: ConsultSession;
  readonly stage: ComponentType<StageProps>;
}

/** Inside: people on the left, the case in step in the middle, the own controls beneath. */
export function Room({ consult, session, stage: Stage }: Props) {
  const t = useWords();
  const [stage, setStage] = useState<SharedStage | null>(null);
  const { readOnly } = useFollowing(session);
  useEffect(() => (stage === null ? undefined : keepInStep(session, stage)), [session, stage]);
  return (
    <div className={styles.room}>
      <h1 className="sr">{t('room.title')}</h1>
      <Tiles session={session} />
      <section className={styles.middle} aria-label={t('stage.label')}>
        <LeadBar session={session} />
        <ConnectionNotes session={session} />
        <DeviceNotes session={session} />
        <StageFrame session={session} stage={stage}>
          <Stage consult={consult} readOnly={readOnly} attach={setStage} />
        </StageFrame>
        <Controls consult={consult} session={session} />
      </section>
    </div>
  );
}
