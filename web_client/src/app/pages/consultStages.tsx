import { useEffect, useMemo, useRef, useState } from 'react';
import {
  type Box,
  type PaperView,
  paperOf,
  placeOf,
  type SharedStage,
  type SharedView,
  type StageProps,
  shareOf,
  viewOf,
  within,
} from '@/features/consult/room';
import { EcgPaper, USUAL_VIEW } from '@/features/ecg';
import { ImageStage } from '@/features/reading';
import type { ViewSync } from '@/imaging';
import { dateTime, placeName, sexAndAge } from '@/shared/format/format';
import { useShared } from '@/shared/i18n';
import type { Request } from '@/shared/requests/requests';
import styles from './pages.module.css';

interface Props extends StageProps {
  readonly request: Request;
}

/** A study's images, in step with the leader's: series, slice, window, zoom and place. */
export function ImagesStage({ request, readOnly, attach }: Props) {
  const t = useShared();
  const root = useRef<HTMLDivElement>(null);
  const [sync, setSync] = useState<ViewSync | null>(null);
  useEffect(() => {
    if (sync === null) return;
    const box = (): Box | null => {
      const picture = sync.pictureBox();
      const viewport = root.current?.querySelector('[data-testid=viewport]');
      if (picture === null || !root.current || !viewport) return null;
      const { left, top } = within(root.current.getBoundingClientRect(), viewport.getBoundingClientRect());
      return { ...picture, left: left + picture.left, top: top + picture.top };
    };
    attach({
      getView: () => ({ ...sync.getView(), ecg: null }),
      applyView: (view) => {
        const { instance_index, zoom, pan } = view;
        sync.applyView({
          ...view,
          instance_index: instance_index ?? 0,
          zoom: zoom ?? 1,
          pan: pan ?? { x: 0, y: 0 },
        });
      },
      onViewChange: (listener) => sync.onViewChange((view) => listener({ ...view, ecg: null })),
      ...pointing(box),
    });
    return () => attach(null);
  }, [sync, attach]);
  const { patient, examining, acquired_at: acquired } = request;
  const caption = useMemo(
    () => ({
      title: `${patient.name ?? t('patient.noName')} ${sexAndAge(patient, t)}`,
      lines: [placeName(examining, t.lang), ...(acquired === null ? [] : [dateTime(acquired)])],
    }),
    [patient, examining, acquired, t],
  );
  return (
    <div ref={root} className={styles.images}>
      <ImageStage
        studyUid={request.study_instance_uid}
        caption={caption}
        readOnly={readOnly}
        onSync={setSync}
      />
    </div>
  );
}

/** An ECG on its paper, in step with the leader's: layout, speed, gain and page. */
export function EcgStage({ request, ecgId, readOnly, attach }: Props & { readonly ecgId: string }) {
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

/** Both ways between the stage's pixels and the picture's shares. */
function pointing(box: () => Box | null): Pick<SharedStage, 'toPicture' | 'toStage'> {
  return {
    toPicture: (point) => {
      const picture = box();
      return picture === null ? null : shareOf(picture, point);
    },
    toStage: (share) => {
      const picture = box();
      return picture === null ? null : placeOf(picture, share);
    },
  };
}
