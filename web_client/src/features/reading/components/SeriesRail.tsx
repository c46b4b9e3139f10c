import { useState } from 'react';
import {
  CACHE_LIMIT_BYTES,
  onCpu,
  type Series,
  type SeriesSummary,
  type StudySource,
  type StudyViewer,
  type ViewerState,
} from '@/imaging';
import { useWords } from '../i18n';
import styles from './reading.module.css';

interface Props {
  readonly viewer: StudyViewer;
  readonly source: StudySource;
  readonly state: ViewerState;
  readonly readOnly: boolean;
}

const THUMB_PX = 128;
const MB = 1_000_000;

/** The study's series, each with its middle picture. */
export function SeriesRail({ viewer, source, state, readOnly }: Props) {
  const t = useWords();
  return (
    <aside className={styles.rail} aria-label={t('series.label')}>
      <ul>
        {(state.list ?? []).map((summary) => (
          <li key={summary.uid}>
            <button
              type="button"
              className={styles.thumb}
              aria-pressed={summary.uid === state.series?.uid}
              disabled={readOnly}
              onClick={() => void viewer.select(summary.uid)}
            >
              <Thumb summary={summary} series={state.known[summary.uid] ?? null} source={source} />
              {summary.uid === state.series?.uid && <Progress state={state} />}
            </button>
          </li>
        ))}
      </ul>
      <p className={styles.memory}>
        {t('memory.label')}
        <br />
        {t('memory.used', { used: Math.ceil(state.memoryBytes / MB), limit: CACHE_LIMIT_BYTES / MB })}
        <br />
        {t(onCpu() ? 'memory.cpu' : 'memory.gpu')}
      </p>
    </aside>
  );
}

interface ThumbProps {
  readonly summary: SeriesSummary;
  readonly series: Series | null;
  readonly source: StudySource;
}

function Thumb({ summary, series, source }: ThumbProps) {
  const t = useWords();
  const [failed, setFailed] = useState(false);
  const middle = series?.slices[Math.floor(series.slices.length / 2)];
  const count = series === null ? summary.instanceCount : series.slices.length;
  return (
    <>
      {middle !== undefined && !failed ? (
        <img
          src={source.thumbnailUrl(summary.uid, middle.sopInstanceUid, THUMB_PX)}
          alt=""
          onError={() => setFailed(true)}
        />
      ) : (
        <span className={styles.noThumb}>
          {series?.noImages ? t(`series.${series.noImages}`) : t('series.noPicture')}
        </span>
      )}
      <span className={styles.caption}>
        <b className="ell">
          {summary.modality} {summary.description || t('series.number', { n: summary.number ?? '–' })}
        </b>
        <span>{series?.noImages ? t('series.noPicture') : t('series.images', { n: count })}</span>
      </span>
    </>
  );
}

/** How much of the series on screen has been loaded. */
function Progress({ state }: { state: ViewerState }) {
  const count = state.series?.slices.length ?? 0;
  if (count === 0) return null;
  return <progress className={styles.progress} value={state.ready + state.broken.length} max={count} />;
}
