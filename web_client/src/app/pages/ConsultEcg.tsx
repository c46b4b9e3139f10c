import { type UIEvent, useEffect, useRef, useState } from 'react';
import {
  type Box,
  type PaperView,
  paperOf,
  pointing,
  type SharedView,
  type StageProps,
  USUAL_PAPER,
  viewOf,
  within,
} from '@/features/consult/room';
import { EcgPaper } from '@/features/ecg';
import { useShared } from '@/shared/i18n';
import type { Request } from '@/shared/requests/requests';
import styles from './pages.module.css';

/** The paper comes late and changes its size with its window: a follower's is put back where the leader's is. */
const PLACE_MS = 200;

/** An ECG on its paper, in step with the leader's: layout, speed, gain, page and place. */
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
  const [paper, setPaper] = useState<PaperView>(USUAL_PAPER);
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
  useEffect(() => {
    if (!readOnly) return;
    const timer = setInterval(() => {
      const place = root.current?.querySelector('canvas')?.parentElement;
      const { left, top } = current.current.scroll;
      place?.scrollTo(
        left * (place.scrollWidth - place.clientWidth),
        top * (place.scrollHeight - place.clientHeight),
      );
    }, PLACE_MS);
    return () => clearInterval(timer);
  }, [readOnly]);
  const choose = (change: Partial<PaperView>): void => {
    if (readOnly) return;
    show({ ...current.current, ...change });
    for (const listener of listeners.current) listener(viewOf(studyUid, current.current));
  };
  const scrolled = ({ target }: UIEvent): void => {
    if (target instanceof HTMLElement) choose({ scroll: { left: leftOf(target), top: topOf(target) } });
  };
  return (
    <div ref={root} className={styles.images} onScrollCapture={scrolled}>
      <EcgPaper
        ecgId={ecgId}
        patientName={request.patient.name ?? t('patient.noName')}
        view={paper}
        onView={choose}
      />
    </div>
  );
}

const share = (done: number, all: number): number => (all > 0 ? Math.min(1, Math.max(0, done / all)) : 0);
const leftOf = (place: HTMLElement): number => share(place.scrollLeft, place.scrollWidth - place.clientWidth);
const topOf = (place: HTMLElement): number => share(place.scrollTop, place.scrollHeight - place.clientHeight);
