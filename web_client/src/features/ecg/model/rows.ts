import { figure } from '@/shared/format/format';
import type { Say } from '@/shared/i18n';
import type { Comparison } from '../api/ecg';
import type { zh } from '../i18n/zh';
import { furthestSt, type Screening, stText } from './screening';

type Words = Say<keyof typeof zh>;

export interface MeasurementRow {
  readonly name: string;
  /** null: not measured, which is said and never left blank. */
  readonly machine: string | null;
  /** What the device itself measured; null where its file does not say. */
  readonly device: string | null;
  /** What changed since the previous ECG; null where there is nothing to compare. */
  readonly change: { readonly text: string; readonly notable: boolean } | null;
}

type Values = Readonly<Record<string, number | null>>;

/** Who measured what, row by row, in the order a reader asks for it. */
export function measurementRows(
  screening: Screening,
  t: Words,
  device: Values = {},
  comparison: Comparison | null = null,
): readonly MeasurementRow[] {
  const machine = shown(screening.measurements, t);
  const own = shown(device, t);
  const st = furthestSt(screening);
  const rows: readonly [keyof typeof QUANTITIES, string][] = [
    ['rate', t('row.rate')],
    ['pr', t('row.pr')],
    ['qt', t('row.qt')],
    ['axes', t('row.axes')],
  ];
  return [
    ...rows.map(([key, name]) => ({
      name,
      machine: machine[key],
      device: own[key],
      change: changed(comparison, QUANTITIES[key]),
    })),
    {
      name: t('row.st'),
      machine: st === null ? null : `${st.lead} ${stText(st.mv)}`,
      device: null,
      change: st === null ? null : changed(comparison, ['st_j_mv'], st.lead),
    },
  ];
}

const QUANTITIES = {
  rate: ['heart_rate_bpm'],
  pr: ['pr_ms', 'qrs_ms'],
  qt: ['qt_ms', 'qtc_fridericia_ms'],
  axes: ['axis_p_deg', 'axis_qrs_deg', 'axis_t_deg'],
} as const;

function shown(values: Values, t: Words): Record<keyof typeof QUANTITIES, string | null> {
  const value = (key: string): number | null => values[key] ?? null;
  const rate = value('heart_rate_bpm');
  const [pr, qrs] = [value('pr_ms'), value('qrs_ms')];
  const [qt, fridericia, bazett] = ['qt_ms', 'qtc_fridericia_ms', 'qtc_bazett_ms'].map((key) => value(key));
  const axes = QUANTITIES.axes.map((key) => value(key));
  return {
    rate: rate === null ? null : `${figure(rate)} ${t('unit.bpm')}`,
    pr: pr === null && qrs === null ? null : `${whole(pr)} / ${whole(qrs)} ms`,
    qt: qt === null || qt === undefined ? null : `${whole(qt)} / ${whole(fridericia)} (${whole(bazett)}) ms`,
    axes: axes.every((axis) => axis === null) ? null : axes.map((axis) => degrees(axis)).join(' / '),
  };
}

function changed(
  comparison: Comparison | null,
  quantities: readonly string[],
  lead: string | null = null,
): MeasurementRow['change'] {
  const found = quantities.map((name) =>
    comparison?.differences.find((each) => each.quantity === name && each.lead === lead),
  );
  if (found.every((each) => each === undefined)) return null;
  const digits = lead === null ? 0 : 2;
  const text = found.map((each) => (each === undefined ? '—' : signed(each.by, digits))).join(' / ');
  return { text, notable: found.some((each) => each?.notable) };
}

function signed(value: number, digits: number): string {
  const text = Math.abs(value).toFixed(digits);
  if (Number(text) === 0) return text;
  return `${value < 0 ? '−' : '+'}${text}`;
}

const whole = (value: number | null | undefined): string =>
  value === null || value === undefined ? '—' : String(Math.round(value));

const degrees = (value: number | null): string =>
  value === null ? '—' : `${Math.round(value)}°`.replace('-', '−');
