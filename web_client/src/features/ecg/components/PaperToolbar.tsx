import {
  IconChevronLeft,
  IconChevronRight,
  IconContrast,
  IconPrinter,
  IconRuler2,
} from '@tabler/icons-react';
import { type DisplayFilter, FILTERS, type LayoutName, pageS } from '@/ecgcore';
import { useActions } from '@/shared/actions';
import { Button } from '@/shared/ui';
import { useWords } from '../i18n';
import { useDisplay } from '../model/useDisplay';
import { atSpeed, type EcgView, following, GAINS, SPEEDS, type Tool, turned } from '../model/view';
import styles from './ecg.module.css';

interface Props {
  readonly view: EcgView;
  readonly onView: (view: EcgView) => void;
  readonly layout: LayoutName;
  readonly layouts: readonly LayoutName[];
  readonly durationS: number;
  readonly tool: Tool;
  readonly onTool: (tool: Tool) => void;
  /** Whether any beat's QT was measured. */
  readonly hasQt: boolean;
  readonly march: boolean;
  readonly onMarch: (on: boolean) => void;
  /** Whether the previous ECG is laid over; null where there is none. */
  readonly previous: boolean | null;
  readonly onPrevious: (on: boolean) => void;
  readonly filter: DisplayFilter;
  readonly onFilter: (filter: DisplayFilter) => void;
  readonly onPrint: () => void;
  readonly actual: boolean;
  readonly onActual: (actual: boolean) => void;
  readonly onMeasureScreen: () => void;
}

/** How the paper is drawn; every choice has its key. */
export function PaperToolbar(props: Props) {
  const { view, onView, layout, layouts, durationS, tool, onTool, hasQt, actual, onActual } = props;
  const { march, onMarch, previous, onPrevious, filter, onFilter, onPrint } = props;
  const t = useWords();
  const { paper, pxPerMm } = useDisplay();
  const group = t('group.paper');
  const earlier = turned(view, -1, durationS);
  const later = turned(view, 1, durationS);
  const caliper = tool === 'caliper';
  const toggleCaliper = (): void => onTool(caliper ? 'none' : 'caliper');
  const toggleQt = (): void => onTool(tool === 'qt' ? 'none' : 'qt');
  const nextLayout = (): void => onView({ ...view, layout: following(layouts, layout) });
  const showActual = (): void => {
    if (pxPerMm === null) props.onMeasureScreen();
    else onActual(true);
  };
  useActions([
    { name: t('paper.caliper'), group, keys: ['c'], perform: toggleCaliper, hint: true },
    ...(hasQt ? [{ name: t('paper.qt'), group, keys: ['q'], perform: toggleQt }] : []),
    { name: t('action.layout'), group, keys: ['g'], perform: nextLayout, hint: true },
    {
      name: t('action.speed'),
      group,
      keys: ['s'],
      perform: () => onView(atSpeed(view, following(SPEEDS, view.speedMmS))),
      hint: true,
    },
    {
      name: t('action.gain'),
      group,
      keys: ['v'],
      perform: () => onView({ ...view, gainMmMv: following(GAINS, view.gainMmMv) }),
      hint: true,
    },
    { name: t('paper.march'), group, keys: ['m'], perform: () => onMarch(!march) },
    { name: t('paper.filter'), group, keys: ['f'], perform: () => onFilter(following(FILTERS, filter)) },
    ...(previous === null
      ? []
      : [
          { name: t('paper.previous'), group, keys: ['o'], perform: () => onPrevious(!previous), hint: true },
        ]),
    { name: t('paper.measureScreen'), group, perform: props.onMeasureScreen },
    { name: t('paper.print'), group, perform: onPrint },
    ...(earlier === null
      ? []
      : [{ name: t('paper.earlier'), group, keys: ['PageUp'], perform: () => onView(earlier) }]),
    ...(later === null
      ? []
      : [{ name: t('paper.later'), group, keys: ['PageDown'], perform: () => onView(later) }]),
  ]);
  return (
    <div className={styles.toolbar} role="toolbar" aria-label={group}>
      <Choice
        label={t('paper.speed')}
        all={SPEEDS}
        chosen={view.speedMmS}
        name={(speed) => (speed === view.speedMmS ? `${speed} mm/s` : String(speed))}
        onChoose={(speedMmS) => onView(atSpeed(view, speedMmS))}
      />
      <Choice
        label={t('paper.gain')}
        all={GAINS}
        chosen={view.gainMmMv}
        name={(gain) => (gain === view.gainMmMv ? `${gain} mm/mV` : String(gain))}
        onChoose={(gainMmMv) => onView({ ...view, gainMmMv })}
      />
      {layouts.length > 1 && (
        <Choice
          label={t('paper.layout')}
          all={layouts}
          chosen={layout}
          name={(each) => t(`layout.${each}`)}
          onChoose={(each) => onView({ ...view, layout: each })}
        />
      )}
      <Button
        size="small"
        className={caliper ? 'on' : ''}
        aria-pressed={caliper}
        aria-label={t('paper.caliper')}
        title={t('paper.caliper')}
        keys="c"
        onClick={toggleCaliper}
      >
        <IconRuler2 size={16} />
        <span className={styles.word}>{t('paper.caliper')}</span>
      </Button>
      {hasQt && (
        <Button
          size="small"
          className={tool === 'qt' ? 'on' : ''}
          aria-pressed={tool === 'qt'}
          keys="q"
          title={t('paper.qtHint')}
          onClick={toggleQt}
        >
          QT
        </Button>
      )}
      <Button
        size="small"
        className={march ? 'on' : ''}
        aria-pressed={march}
        keys="m"
        title={t('paper.marchWhat')}
        onClick={() => onMarch(!march)}
      >
        {t('paper.march')}
      </Button>
      {previous !== null && (
        <Button
          size="small"
          className={previous ? 'on' : ''}
          aria-pressed={previous}
          keys="o"
          title={t('paper.previousWhat')}
          onClick={() => onPrevious(!previous)}
        >
          {t('paper.previous')}
        </Button>
      )}
      <select
        className={`btn s ${filter === 'none' ? '' : 'on'}`}
        aria-label={t('paper.filter')}
        value={filter}
        onChange={(event) => onFilter(FILTERS.find((each) => each === event.target.value) ?? 'none')}
      >
        {FILTERS.map((each) => (
          <option key={each} value={each}>
            {t(`filter.${each}`)}
          </option>
        ))}
      </select>
      <Button size="small" aria-label={t('paper.print')} title={t('paper.print')} onClick={onPrint}>
        <IconPrinter size={16} />
      </Button>
      {durationS > pageS(view.speedMmS) && (
        <span className="row">
          <Button
            size="small"
            aria-label={t('paper.earlier')}
            disabled={earlier === null}
            onClick={() => earlier !== null && onView(earlier)}
          >
            <IconChevronLeft size={16} />
          </Button>
          <span className="t12 sub nw">
            {t('paper.span', {
              from: Math.round(view.fromS),
              to: Math.round(Math.min(durationS, view.fromS + pageS(view.speedMmS))),
              all: Math.round(durationS),
            })}
          </span>
          <Button
            size="small"
            aria-label={t('paper.later')}
            disabled={later === null}
            onClick={() => later !== null && onView(later)}
          >
            <IconChevronRight size={16} />
          </Button>
        </span>
      )}
      <span className="end" />
      <Button
        size="small"
        className={actual ? 'on' : ''}
        aria-pressed={actual}
        title={t(actual ? 'paper.fit' : 'paper.actualWhat')}
        onClick={() => (actual ? onActual(false) : showActual())}
      >
        {t('paper.actual')}
      </Button>
      <Button
        kind="ghost"
        size="small"
        title={t(paper === 'pink' ? 'paper.night' : 'paper.pink')}
        aria-label={t(paper === 'pink' ? 'paper.night' : 'paper.pink')}
        onClick={() => useDisplay.setState({ paper: paper === 'pink' ? 'night' : 'pink' })}
      >
        <IconContrast size={16} />
      </Button>
    </div>
  );
}

interface ChoiceProps<T> {
  readonly label: string;
  readonly all: readonly T[];
  readonly chosen: T;
  readonly name: (value: T) => string;
  readonly onChoose: (value: T) => void;
}

function Choice<T extends string | number>({ label, all, chosen, name, onChoose }: ChoiceProps<T>) {
  return (
    <fieldset className="seg" aria-label={label} title={label}>
      {all.map((value) => (
        <button key={value} type="button" aria-pressed={value === chosen} onClick={() => onChoose(value)}>
          {name(value)}
        </button>
      ))}
    </fieldset>
  );
}
