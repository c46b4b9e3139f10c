import { useQuery } from '@tanstack/react-query';
import { useMemo, useState } from 'react';
import {
  anyQt,
  type BeatTimes,
  type DisplayFilter,
  filtered,
  layoutsFor,
  type Marks,
  type MedianBeat,
} from '@/ecgcore';
import { asProblem } from '@/shared/api';
import { ErrorNotice, Loading, Notice } from '@/shared/ui';
import { type Waveform, waveformQuery } from '../api/ecg';
import { useWords } from '../i18n';
import { printedPages } from '../model/printing';
import { useDisplay } from '../model/useDisplay';
import { type EcgView, layoutOf, minuteOf, type Tool, USUAL_VIEW } from '../model/view';
import styles from './ecg.module.css';
import { PaperPrint } from './PaperPrint';
import { PaperToolbar } from './PaperToolbar';
import { PaperView } from './PaperView';
import { ScreenSize } from './ScreenSize';

export interface EcgPaperProps {
  readonly ecgId: string;
  readonly patientName: string;
  readonly beats?: readonly BeatTimes[] | undefined;
  /** Laid over the traces: where a finding shows. */
  readonly marks?: Marks | null;
  /** The median beat of the patient's ECG before this one, where there is one to lay over. */
  readonly previous?: MedianBeat | null;
  /** A view kept by somebody else, such as a room in which all see the same; without it, the paper keeps its own. */
  readonly view?: EcgView;
  readonly onView?: (view: EcgView) => void;
}

const NO_BEATS: readonly BeatTimes[] = [];

/** An ECG on its paper with the tools to read it. */
export function EcgPaper({ ecgId, patientName, ...shared }: EcgPaperProps) {
  const { beats = NO_BEATS, marks = null, previous = null } = shared;
  const t = useWords();
  const [own, setOwn] = useState<EcgView>(USUAL_VIEW);
  const view = shared.view ?? own;
  const onView = shared.onView ?? setOwn;
  const known = useDisplay((display) => display.pxPerMm);
  const paper = useDisplay((display) => display.paper);
  const [actual, setActual] = useState(known !== null);
  const [tool, setTool] = useState<Tool>('none');
  const [march, setMarch] = useState(false);
  const [laidOver, setLaidOver] = useState(false);
  const [filter, setFilter] = useState<DisplayFilter>('none');
  const [measuring, setMeasuring] = useState(false);
  const [printing, setPrinting] = useState<'no' | 'now' | 'failed'>('no');
  const waveform = useQuery(waveformQuery(ecgId, minuteOf(view)));
  const shown = useMemo(
    () => (waveform.data === undefined ? undefined : filtered(waveform.data.recording, filter)),
    [waveform.data, filter],
  );
  const layout = layoutOf(view, waveform.data?.leads ?? []);
  const { speedMmS, gainMmMv } = view;
  const scale = useMemo(() => ({ layout, speedMmS, gainMmMv }), [layout, speedMmS, gainMmMv]);
  if (waveform.isPending || (waveform.isSuccess && shown === undefined)) {
    return (
      <div className={styles.place}>
        <Loading what={t('page.loading')} />
      </div>
    );
  }
  if (waveform.isError) {
    const unreadable = asProblem(waveform.error).code === 'unreadable-ecg';
    return (
      <div className={unreadable ? `${styles.place} ${styles.absent}` : styles.place}>
        {unreadable ? (
          <Notice title={t('paper.failed')} lines={[t('paper.unreadable')]} role="alert" />
        ) : (
          <ErrorNotice
            title={t('paper.failed')}
            error={waveform.error}
            onRetry={() => void waveform.refetch()}
          />
        )}
      </div>
    );
  }
  const { recording, duration_s: durationS } = waveform.data;
  const showsActual = actual && known !== null;
  // Marching needs the caliper that it repeats: the one comes, and goes, with the other.
  const takeTool = (taken: Tool): void => {
    setTool(taken);
    if (taken !== 'caliper') setMarch(false);
  };
  const toggleMarch = (on: boolean): void => {
    setMarch(on);
    if (on) setTool('caliper');
  };
  return (
    <>
      <PaperToolbar
        view={view}
        onView={onView}
        layout={layout}
        layouts={layoutsFor(recording.leads)}
        durationS={durationS}
        tool={tool}
        onTool={takeTool}
        hasQt={anyQt(beats)}
        march={march}
        onMarch={toggleMarch}
        previous={previous === null ? null : laidOver}
        onPrevious={setLaidOver}
        filter={filter}
        onFilter={setFilter}
        onPrint={() => setPrinting('now')}
        actual={showsActual}
        onActual={setActual}
        onMeasureScreen={() => setMeasuring(true)}
      />
      {printing === 'failed' && (
        <div className="banner" role="alert">
          {t('paper.printFailed')}
        </div>
      )}
      <PaperView
        recording={shown ?? recording}
        scale={scale}
        fromS={view.fromS}
        beats={beats}
        marks={marks}
        paper={paper}
        pxPerMm={showsActual ? known : null}
        tool={tool}
        march={march}
        previous={laidOver ? previous : null}
        foot={foot(waveform.data, view, filter, showsActual, t)}
        label={t('paper.alt', {
          name: patientName,
          layout: t(`layout.${layout}`),
          speed: speedMmS,
          gain: gainMmMv,
        })}
      />
      {printing === 'now' && (
        <PaperPrint
          pages={printedPages(ecgId, layout, view, filter, durationS)}
          onDone={() => setPrinting('no')}
          onFailed={() => setPrinting('failed')}
        />
      )}
      {measuring && (
        <ScreenSize
          open
          onClose={(measured) => {
            setMeasuring(false);
            if (measured) setActual(true);
          }}
        />
      )}
    </>
  );
}

/** What a reader must know of the paper, as printed paper says it. */
function foot(
  { filters, fs_hz: fsHz }: Waveform,
  view: EcgView,
  filter: DisplayFilter,
  actual: boolean,
  t: ReturnType<typeof useWords>,
): string {
  const { low_cut_hz: low, high_cut_hz: high, notch_hz: notch } = filters;
  const band =
    low === null && high === null
      ? t('foot.unknown')
      : t('foot.recorded', { band: `${low ?? '?'}–${high ?? '?'} Hz` });
  const words = [`${view.speedMmS} mm/s  ${view.gainMmMv} mm/mV`, band];
  if (notch !== null) words.push(t('foot.notch', { hz: notch }));
  words.push(filter === 'none' ? t('foot.none') : t('foot.filter', { filter: t(`filter.${filter}`) }));
  words.push(t('foot.fs', { fs: Math.round(fsHz) }));
  if (!actual) words.push(t('foot.notTrue'));
  return words.join('  ');
}
