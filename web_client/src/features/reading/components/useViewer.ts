import { type RefObject, useEffect, useRef, useState, useSyncExternalStore } from 'react';
import {
  attachGestures,
  StudySource,
  type StudyViewer,
  type Tool,
  type ViewerState,
  viewStudy,
} from '@/imaging';
import { jsonOf } from '@/shared/api';
import { leaveSession, useSession } from '@/shared/session/session';

const DICOM_JSON = 'application/dicom+json';

export interface Viewing {
  readonly viewer: StudyViewer;
  readonly source: StudySource;
}

/** Keep a study's viewer in the element for as long as the page shows it. */
export function useViewer(
  studyUid: string,
  element: RefObject<HTMLDivElement | null>,
  tool: Tool,
  readOnly: boolean,
  images: number,
): Viewing | null {
  const [viewing, setViewing] = useState<Viewing | null>(null);
  const chosen = useRef(tool);
  useEffect(() => {
    chosen.current = tool;
  });
  useEffect(() => {
    const place = element.current;
    if (place === null) return;
    const source = new StudySource(studyUid, (path) => jsonOf(path, DICOM_JSON));
    const viewer = viewStudy(place, source, () => leaveSession('expired'));
    const resized = new ResizeObserver(() => viewer.resize());
    resized.observe(place);
    setViewing({ viewer, source });
    void viewer.open();
    return () => {
      resized.disconnect();
      viewer.destroy();
      source.close();
      setViewing(null);
    };
  }, [studyUid, element]);
  useEffect(() => {
    const place = element.current;
    if (place === null || viewing === null || readOnly) return;
    return attachGestures(place, viewing.viewer, () => chosen.current);
  }, [viewing, readOnly, element]);
  useRetryAfterSignIn(viewing);
  useArrivals(viewing, images);
  return viewing;
}

/** What was refused while nobody was signed in is asked for again. */
function useRetryAfterSignIn(viewing: Viewing | null): void {
  const phase = useSession((state) => state.phase);
  const before = useRef(phase);
  useEffect(() => {
    if (before.current === 'expired' && phase === 'in') viewing?.viewer.retry();
    before.current = phase;
  }, [phase, viewing]);
}

/** Images that arrive while the study is on screen join it. */
function useArrivals(viewing: Viewing | null, images: number): void {
  const before = useRef(images);
  useEffect(() => {
    if (images > before.current) void viewing?.viewer.refresh();
    before.current = images;
  }, [viewing, images]);
}

/** The viewer's state, drawn again whenever it changes. */
export function useViewerState(viewer: StudyViewer): ViewerState {
  return useSyncExternalStore(viewer.subscribe, () => viewer.state);
}
