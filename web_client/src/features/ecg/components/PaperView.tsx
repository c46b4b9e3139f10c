import { type PointerEvent, useCallback, useEffect, useMemo, useRef, useState } from 'react';
import {
  type BeatTimes,
  bandsOf,
  draw,
  layOut,
  type Marks,
  type MedianBeat,
  measured,
  PALETTES,
  type PaperName,
  type PaperScale,
  type Point,
  type Recording,
  type Sheet,
  USUAL_WIDTH_MM,
} from '@/ecgcore';
import { useActions } from '@/shared/actions';
import { useWords } from '../i18n';
import { useQtCaliper } from '../model/useQtCaliper';
import type { Tool } from '../model/view';
import styles from './ecg.module.css';

/** Fitting to the height may shrink the paper by so much; beyond, it scrolls. */
const MOST_SHRINK = 0.68;
const MOST_PX_PER_MM = 8;
/** A click is no measurement. */
const LEAST_DRAG_MM = 0.5;

export interface PaperViewProps {
  readonly recording: Recording;
  readonly scale: PaperScale;
  readonly fromS: number;
  readonly beats: readonly BeatTimes[];
  readonly marks: Marks | null;
  readonly paper: PaperName;
  /** Pixels a millimetre; null fits the paper into its place. */
  readonly pxPerMm: number | null;
  readonly tool: Tool;
  /** Repeats the caliper's distance over the paper. */
  readonly march: boolean;
  readonly previous: MedianBeat | null;
  readonly foot: string;
  readonly label: string;
}

/** The paper itself, drawn anew whenever what it shows or the place it has changes. */
export function PaperView(props: PaperViewProps) {
  const { recording, scale, fromS, beats, marks, paper, tool, march, previous, foot, label } = props;
  const t = useWords();
  const canvas = useRef<HTMLCanvasElement>(null);
  const [place, size] = useSize();
  const [pair, setPair] = useState<{ from: Point; to: Point } | null>(null);
  const sheet = useMemo(() => layOut(recording, scale, fromS), [recording, scale, fromS]);
  const bands = useMemo(() => (marks === null ? [] : bandsOf(sheet, beats, marks)), [sheet, beats, marks]);
  const pxPerMm = props.pxPerMm ?? fitted(size, sheet);
  const caliper = tool === 'caliper';
  const qt = useQtCaliper(sheet, beats, tool === 'qt', t);
  const qtText = qt.caliper?.text ?? null;
  // biome-ignore lint/correctness/useExhaustiveDependencies: on another paper the old distance means nothing
  useEffect(() => setPair(null), [sheet, caliper]);
  useActions(
    pair === null && qtText === null
      ? []
      : [
          {
            name: t('paper.caliperClear'),
            group: t('group.paper'),
            keys: ['Escape'],
            perform: () => {
              setPair(null);
              qt.clear();
            },
          },
        ],
  );

  useEffect(() => {
    const context = canvas.current?.getContext('2d');
    if (!canvas.current || !context || pxPerMm === 0) return;
    const ratio = devicePixelRatio;
    canvas.current.width = Math.round(sheet.widthMm * pxPerMm * ratio);
    canvas.current.height = Math.round(sheet.heightMm * pxPerMm * ratio);
    context.setTransform(ratio, 0, 0, ratio, 0, 0);
    draw(
      context,
      sheet,
      recording,
      {
        bands,
        marks: marks?.leads ?? [],
        beatsS: beats.map(({ rS }) => rS),
        caliper: pair === null ? qt.caliper : { ...pair, text: caliperText(sheet, pair, t), march },
        previous,
      },
      { palette: PALETTES[paper], pxPerMm, words: { rhythm: t('paper.rhythm'), foot } },
    );
  }, [sheet, recording, bands, marks, beats, pair, qt.caliper, march, previous, paper, pxPerMm, foot, t]);

  const pointOf = (event: PointerEvent<HTMLCanvasElement>): Point => {
    const box = event.currentTarget.getBoundingClientRect();
    return { xMm: (event.clientX - box.left) / pxPerMm, yMm: (event.clientY - box.top) / pxPerMm };
  };
  const begin = (event: PointerEvent<HTMLCanvasElement>): void => {
    if (tool === 'none' || event.button !== 0) return;
    event.currentTarget.setPointerCapture(event.pointerId);
    const point = pointOf(event);
    qt.begin(point);
    if (caliper) setPair({ from: point, to: point });
  };
  const move = (event: PointerEvent<HTMLCanvasElement>): void => {
    const to = pointOf(event);
    qt.move(to);
    if (!event.currentTarget.hasPointerCapture(event.pointerId)) return;
    setPair((current) => (current === null ? null : { ...current, to }));
  };
  const end = (): void => {
    qt.end();
    setPair((current) => {
      if (current === null) return null;
      const { from, to } = current;
      return Math.hypot(to.xMm - from.xMm, to.yMm - from.yMm) < LEAST_DRAG_MM ? null : current;
    });
  };

  return (
    // biome-ignore lint/a11y/noNoninteractiveTabindex: what scrolls must be reached by the keyboard
    <section className={styles.place} ref={place} tabIndex={0} aria-label={t('group.paper')}>
      <canvas
        ref={canvas}
        role="img"
        aria-label={label}
        data-testid="ecg-canvas"
        data-px-per-mm={pxPerMm.toFixed(3)}
        className={tool === 'none' ? undefined : qt.grabs ? styles.grabbing : styles.measuring}
        title={tool === 'none' || pair !== null || qtText !== null ? undefined : t(`paper.${tool}Hint`)}
        style={{ width: sheet.widthMm * pxPerMm, height: sheet.heightMm * pxPerMm }}
        onPointerDown={begin}
        onPointerMove={move}
        onPointerUp={end}
        onPointerLeave={qt.leave}
        onPointerCancel={() => {
          setPair(null);
          qt.clear();
        }}
      />
      <p className="sr" role="status">
        {qtText}
      </p>
    </section>
  );
}

interface Size {
  readonly width: number;
  readonly height: number;
}

function fitted({ width, height }: Size, { heightMm }: Sheet): number {
  const across = width / USUAL_WIDTH_MM;
  return Math.min(MOST_PX_PER_MM, Math.max(Math.min(across, height / heightMm), MOST_SHRINK * across));
}

function useSize(): readonly [(element: HTMLElement | null) => void, Size] {
  const [size, setSize] = useState<Size>({ width: 0, height: 0 });
  const observer = useRef<ResizeObserver | null>(null);
  const watch = useCallback((element: HTMLElement | null) => {
    observer.current?.disconnect();
    if (element === null) return;
    observer.current = new ResizeObserver(() =>
      setSize({ width: element.clientWidth, height: element.clientHeight }),
    );
    observer.current.observe(element);
  }, []);
  return [watch, size];
}

function caliperText(
  scale: PaperScale,
  { from, to }: { from: Point; to: Point },
  t: ReturnType<typeof useWords>,
): string {
  const { ms, mv, bpm } = measured(scale, from, to);
  const values = { ms: Math.round(ms), mv: `${mv < 0 ? '−' : '+'}${Math.abs(mv).toFixed(2)}` };
  if (bpm === null) return t('caliper.text', values);
  return t('caliper.textRate', { ...values, bpm: Math.round(bpm) });
}
