import { useEffect, useMemo, useRef, useState } from 'react';
import { type Box, pointing, type StageProps, within } from '@/features/consult/room';
import { ImageStage } from '@/features/reading';
import type { ViewSync } from '@/imaging';
import { dateTime, placeName, sexAndAge } from '@/shared/format/format';
import { useShared } from '@/shared/i18n';
import type { Request } from '@/shared/requests/requests';
import styles from './pages.module.css';

/** A study's images, in step with the leader's: series, slice, window, zoom and place. */
export default function ConsultImages({
  request,
  readOnly,
  attach,
}: StageProps & { readonly request: Request }) {
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
        images={request.instance_count}
        caption={caption}
        readOnly={readOnly}
        onSync={setSync}
      />
    </div>
  );
}
