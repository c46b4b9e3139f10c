import { figure } from '@/shared/format/format';
import type { Say } from '@/shared/i18n';
import type { zh } from '../i18n/zh';

type Words = Say<keyof typeof zh>;

/** What a finding rests on; `beats` are positions in the screening's list, from 0. */
export interface Evidence {
  readonly quantity: string;
  readonly value: number | string | null;
  readonly unit: string | null;
  readonly threshold: string | null;
  readonly leads: readonly string[];
  readonly beats: readonly number[];
}

/** Beats named one by one; more of them are counted. */
const NAMED_BEATS = 8;

/** What a finding rests on, in one line: quantity, value, limit, leads, beats. Empty where it names nothing. */
export function evidenceLine(evidence: Evidence, t: Words): string {
  return [measured(evidence, t), limit(evidence, t), leads(evidence, t), beats(evidence, t)]
    .filter((part) => part !== '')
    .join(' · ');
}

function measured({ quantity, value, unit }: Evidence, t: Words): string {
  if (value === null) return '';
  const name = t.maybe(`q.${quantity}`) ?? quantity.replaceAll('_', ' ');
  const text = typeof value === 'number' ? precise(value) : value;
  return `${name} ${withUnit(text, unit, t)}`;
}

function limit({ threshold, unit }: Evidence, t: Words): string {
  if (threshold === null) return '';
  const text = threshold.replace('>=', '≥').replace('<=', '≤');
  return `${t('ev.threshold')} ${withUnit(text, unit, t)}`;
}

function leads({ leads: names }: Evidence, t: Words): string {
  return names.length === 0 ? '' : `${t('ev.leads')} ${names.join(', ')}`;
}

function beats({ beats: positions }: Evidence, t: Words): string {
  if (positions.length === 0) return '';
  if (positions.length > NAMED_BEATS) return t('ev.beatCount', { n: positions.length });
  // Positions count from 0; people count beats from 1.
  return `${t('ev.beats')} ${positions.map((position) => position + 1).join(', ')}`;
}

function withUnit(text: string, unit: string | null, t: Words): string {
  if (unit === null || unit === '') return text;
  if (unit === 'deg') return `${text}°`;
  return `${text} ${unit === 'uV' ? 'µV' : (t.maybe(`unit.${unit}`) ?? unit)}`;
}

/** Small quantities (millivolts, ratios) need their second decimal. */
function precise(value: number): string {
  return Math.abs(value) < 10 && !Number.isInteger(value) ? value.toFixed(2) : figure(value);
}
