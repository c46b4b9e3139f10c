import { figure } from '@/shared/format/format';
import type { Say } from '@/shared/i18n';
import type { zh } from '../i18n/zh';
import { furthestSt, type Screening, stText } from './screening';

type Words = Say<keyof typeof zh>;

export interface MeasurementRow {
  readonly name: string;
  /** null: not measured, which is said and never left blank. */
  readonly machine: string | null;
}

/** What the machine measured, row by row, in the order a reader asks for it. */
export function measurementRows(screening: Screening, t: Words): readonly MeasurementRow[] {
  const { measurements } = screening;
  const value = (key: string): number | null => measurements[key] ?? null;
  const rate = value('heart_rate_bpm');
  const [pr, qrs] = [value('pr_ms'), value('qrs_ms')];
  const [qt, fridericia, bazett] = ['qt_ms', 'qtc_fridericia_ms', 'qtc_bazett_ms'].map((key) => value(key));
  const axes = ['axis_p_deg', 'axis_qrs_deg', 'axis_t_deg'].map((key) => value(key));
  const st = furthestSt(screening);
  return [
    { name: t('row.rate'), machine: rate === null ? null : `${figure(rate)} ${t('unit.bpm')}` },
    { name: t('row.pr'), machine: pr === null && qrs === null ? null : `${whole(pr)} / ${whole(qrs)} ms` },
    {
      name: t('row.qt'),
      machine:
        qt === null || qt === undefined ? null : `${whole(qt)} / ${whole(fridericia)} (${whole(bazett)}) ms`,
    },
    {
      name: t('row.axes'),
      machine: axes.every((axis) => axis === null) ? null : axes.map((axis) => degrees(axis)).join(' / '),
    },
    { name: t('row.st'), machine: st === null ? null : `${st.lead} ${stText(st.mv)}` },
  ];
}

const whole = (value: number | null | undefined): string =>
  value === null || value === undefined ? '—' : String(Math.round(value));

const degrees = (value: number | null): string =>
  value === null ? '—' : `${Math.round(value)}°`.replace('-', '−');
