import { type PointerEvent, useRef } from 'react';
import type { StudyViewer, ViewerState } from '@/imaging';
import { useWords } from '../i18n';
import styles from './reading.module.css';

interface Props {
  readonly viewer: StudyViewer;
  readonly state: ViewerState;
  readonly readOnly: boolean;
}

/** Where the slice lies in its stack; damaged ones are marked. Dragging goes there. */
export function SliceBar({ viewer, state, readOnly }: Props) {
  const t = useWords();
  const bar = useRef<HTMLDivElement>(null);
  const count = state.series?.slices.length ?? 0;
  if (count < 2) return null;
  const drag = (event: PointerEvent<HTMLDivElement>): void => {
    const box = bar.current?.getBoundingClientRect();
    if (readOnly || !box || event.buttons !== 1) return;
    event.currentTarget.setPointerCapture(event.pointerId);
    viewer.goTo(Math.floor(((event.clientY - box.top) / box.height) * count));
  };
  return (
    <div
      ref={bar}
      className={styles.bar}
      role="slider"
      tabIndex={-1}
      aria-label={t('slider.label')}
      aria-orientation="vertical"
      aria-valuemin={1}
      aria-valuemax={count}
      aria-valuenow={state.index + 1}
      aria-disabled={readOnly}
      onPointerDown={drag}
      onPointerMove={drag}
    >
      <svg viewBox={`0 0 1 ${count}`} preserveAspectRatio="none" aria-hidden="true">
        {state.broken.map((index) => (
          <rect key={index} className={styles.barBroken} x="0" y={index} width="1" height="1" />
        ))}
        <rect className={styles.barHere} x="0" y={state.index} width="1" height={Math.max(1, count / 80)} />
      </svg>
    </div>
  );
}
