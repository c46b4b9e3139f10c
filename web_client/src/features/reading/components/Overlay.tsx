import type { Series, ViewerState } from '@/imaging';
import { figure } from '@/shared/format/format';
import type { Say } from '@/shared/i18n';
import { useWords } from '../i18n';
import type { zh } from '../i18n/zh';
import styles from './reading.module.css';

export interface Caption {
  readonly title: string;
  readonly lines: readonly string[];
}

interface Props {
  readonly state: ViewerState;
  readonly series: Series;
  readonly caption: Caption | null;
}

type Words = Say<keyof typeof zh>;

/** Whose picture it is, which one, and how it is seen, in the corners of the viewport. */
export function Overlay({ state, series, caption }: Props) {
  const t = useWords();
  const { shown, effectiveWindow: window } = state;
  const slice = shown === null ? undefined : series.slices[shown];
  const count = series.slices.length;
  const partial = state.ready + state.broken.length < count;
  return (
    <>
      <div className={`${styles.corner} ${styles.topLeft}`}>
        {caption !== null && <b className="pname">{caption.title}</b>}
        {caption?.lines.map((line) => (
          <span key={line}>{line}</span>
        ))}
        <span>
          {series.modality} {series.description}
        </span>
      </div>
      <div className={`${styles.corner} ${styles.topRight}`}>
        {shown !== null && <b data-testid="slice-number">{t('view.slice', { n: shown + 1, count })}</b>}
        {slice?.positionMm != null && (
          <span>{t('view.position', { mm: signed(Math.round(slice.positionMm * 10) / 10) })}</span>
        )}
      </div>
      <div className={`${styles.corner} ${styles.bottomLeft}`}>
        {window !== null && (
          <span data-testid="window">
            {t('view.window', { width: Math.round(window.width), center: signed(Math.round(window.center)) })}
          </span>
        )}
        <span>{t('view.zoom', { zoom: state.zoom.toFixed(1) })}</span>
      </div>
      <div className={`${styles.corner} ${styles.bottomRight}`}>
        {partial && <span>{t('view.loaded', { ready: state.ready, count })}</span>}
        {state.broken.length > 0 && (
          <span className={styles.warning}>{t('view.broken', { n: state.broken.length })}</span>
        )}
      </div>
      {slice?.edges && (
        <>
          <span className={`${styles.edge} ${styles.left}`}>{sides(slice.edges.left, t)}</span>
          <span className={`${styles.edge} ${styles.right}`}>{sides(slice.edges.right, t)}</span>
          <span className={`${styles.edge} ${styles.top}`}>{sides(slice.edges.top, t)}</span>
          <span className={`${styles.edge} ${styles.bottom}`}>{sides(slice.edges.bottom, t)}</span>
        </>
      )}
    </>
  );
}

function sides(letters: string, t: Words): string {
  return [...letters].map((letter) => t.maybe(`edge.${letter}`) ?? letter).join('');
}

/** A true minus sign: a hyphen is lost on a dark picture. */
function signed(value: number): string {
  return figure(value).replace('-', '−');
}
