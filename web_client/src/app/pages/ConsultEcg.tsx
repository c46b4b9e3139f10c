import { useEffect, useRef, useState } from 'react';
import {
  type Box,
  type PaperView,
  paperOf,
  pointing,
  type SharedView,
  type StageProps,
  viewOf,
  within,
} from '@/features/consult/room';
import { EcgPaper, USUAL_VIEW } from '@/features/ecg';
import { useShared } from '@/shared/i18n';
import type { Request } from '@/shared/requests/requests';
import styles from './pages.module.css';

/** An ECG on its paper, in step with the leader's: layout, speed, gain and page. */
export default function ConsultEcg({
  request,
  ecgId,
  readOnly,
  attach,
}: StageProps & {
  readonly request: Request;
  readonly ecgId: string;
}) {
  const t = useShared();
  const root = useRef<HTMLDivElement>(null);
  const [paper, setPaper] = useState<PaperView>(USUAL_VIEW);
  const current = useRef(paper);
  const listeners = useRef(new Set<(view: SharedView) => void>());
  const studyUid = request.study_instance_uid;
  const show = (next: PaperView): void => {
    current.current = next;
    setPaper(next);
  };
  // biome-ignore lint/correctness/useExhaustiveDependencies: once a study; what changes is read through refs
  useEffect(() => {
    const box = (): Box | null => {
      const sheet = root.current?.querySelector('canvas');
      if (!root.current || !sheet) return null;
      return within(root.current.getBoundingClientRect(), sheet.getBoundingClientRect());
    };
    attach({
      getView: () => viewOf(studyUid, current.current),
      applyView: (view) => {
        if (view.study_instance_uid === studyUid) show(paperOf(view));
      },
      onViewChange: (listener) => {
        listeners.current.add(listener);
        return () => void listeners.current.delete(listener);
      },
      ...pointing(box),
    });
    return () => attach(null);
  }, [studyUid, attach]);
  const choose = (next: PaperView): void => {
    if (readOnly) return;
    show(next);
    for (const listener of listeners.current) listener(viewOf(studyUid, next));
  };
  return (
    <div ref={root} className={styles.images}>
      <EcgPaper
        ecgId={ecgId}
        patientName={request.patient.name ?? t('patient.noName')}
        view={paper}
        onView={choose}
      />
    </div>
  );
}
