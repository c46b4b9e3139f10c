import { useEffect, useRef, useState } from 'react';
import { Missing } from '@/shared/ui';
import { useWords } from '../i18n';
import {
  GAINS_MM_MV,
  LAYOUTS,
  type Paper,
  paperOf,
  paperUrl,
  SPEEDS_MM_S,
  USUAL_PAPER,
  viewOf,
} from '../model/paper';
import { placeOf, shareOf, within } from '../model/placing';
import type { SharedView } from '../model/protocol';
import type { StageProps } from './ConsultRoom';
import styles from './ecgStage.module.css';

/** The ECG's paper as the server draws it; layout, speed and gain are the leader's. */
export function EcgStage({ consult, ecgId, readOnly, attach }: StageProps & { readonly ecgId: string }) {
  const t = useWords();
  const root = useRef<HTMLDivElement>(null);
  const image = useRef<HTMLImageElement>(null);
  const listeners = useRef(new Set<(view: SharedView) => void>());
  const [paper, setPaper] = useState<Paper>(USUAL_PAPER);
  const current = useRef(paper);
  const [failed, setFailed] = useState(false);
  const studyUid = consult.study_instance_uid;

  const show = (next: Paper): void => {
    current.current = next;
    setFailed(false);
    setPaper(next);
  };
  const choose = (change: Partial<Paper>): void => {
    show({ ...current.current, ...change });
    for (const listener of listeners.current) listener(viewOf(studyUid, current.current));
  };
  // biome-ignore lint/correctness/useExhaustiveDependencies: attached once a study; the rest is read through refs
  useEffect(() => {
    const box = () => {
      const [outer, inner] = [root.current, image.current];
      if (outer === null || inner === null) return null;
      return within(outer.getBoundingClientRect(), inner.getBoundingClientRect());
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
      toPicture: (point) => {
        const picture = box();
        return picture === null ? null : shareOf(picture, point);
      },
      toStage: (share) => {
        const picture = box();
        return picture === null ? null : placeOf(picture, share);
      },
    });
    return () => attach(null);
  }, [studyUid, attach]);

  return (
    <div ref={root} className={styles.stage}>
      <div className={styles.bar} inert={readOnly}>
        <Segments
          label={t('stage.layout')}
          options={LAYOUTS}
          value={paper.layout}
          onChange={(layout) => choose({ layout })}
        />
        <Segments
          label={t('stage.speed')}
          options={SPEEDS_MM_S}
          unit="mm/s"
          value={paper.speed}
          onChange={(speed) => choose({ speed })}
        />
        <Segments
          label={t('stage.gain')}
          options={GAINS_MM_MV}
          unit="mm/mV"
          value={paper.gain}
          onChange={(gain) => choose({ gain })}
        />
      </div>
      <div className={styles.sheet}>
        {failed && <Missing word={t('stage.ecgFailed')} />}
        <img
          ref={image}
          hidden={failed}
          src={paperUrl(ecgId, paper)}
          alt={t('stage.ecg')}
          data-testid="ecg-paper"
          onError={() => setFailed(true)}
        />
      </div>
    </div>
  );
}

interface SegmentsProps<T extends string | number> {
  readonly label: string;
  readonly options: readonly T[];
  readonly unit?: string;
  readonly value: T;
  readonly onChange: (value: T) => void;
}

function Segments<T extends string | number>({ label, options, unit, value, onChange }: SegmentsProps<T>) {
  return (
    <fieldset className={styles.segments}>
      <legend className="muted t12">{label}</legend>
      <span className="seg">
        {options.map((option) => (
          <button key={option} type="button" aria-pressed={option === value} onClick={() => onChange(option)}>
            {option}
          </button>
        ))}
      </span>
      {unit !== undefined && <span className="muted t12">{unit}</span>}
    </fieldset>
  );
}
