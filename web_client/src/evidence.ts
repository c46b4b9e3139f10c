import { figure } from './format';
import type { Translator } from './i18n/translator';
import type { Evidence } from './model';

/** Beats named one by one; more of them are counted. */
const NAMED_BEATS = 8;

/** What a finding rests on, in one line: quantity, value, limit, leads, beats. Empty where it names nothing. */
export function evidenceLine(evidence: Evidence, tr: Translator): string {
  return [measured(evidence, tr), limit(evidence, tr), leads(evidence, tr), beats(evidence, tr)]
    .filter((part) => part !== '')
    .join(' · ');
}

function measured({ quantity, value, unit }: Evidence, tr: Translator): string {
  if (value === null) return '';
  const name = tr.maybe(`q.${quantity}`) ?? quantity.replaceAll('_', ' ');
  const text = typeof value === 'number' ? precise(value) : value;
  return `${name} ${withUnit(text, unit, tr)}`;
}

function limit({ threshold, unit }: Evidence, tr: Translator): string {
  if (threshold === null) return '';
  const text = threshold.replace('>=', '≥').replace('<=', '≤');
  return `${tr.t('ev.threshold')} ${withUnit(text, unit, tr)}`;
}

function leads({ leads: names }: Evidence, tr: Translator): string {
  return names.length === 0 ? '' : `${tr.t('ev.leads')} ${names.join(', ')}`;
}

function beats({ beats: positions }: Evidence, tr: Translator): string {
  if (positions.length === 0) return '';
  if (positions.length > NAMED_BEATS) return tr.t('ev.beatCount', { n: positions.length });
  // Positions count from 0; people count beats from 1.
  return `${tr.t('ev.beats')} ${positions.map((position) => position + 1).join(', ')}`;
}

function withUnit(text: string, unit: string | null, tr: Translator): string {
  if (unit === null || unit === '') return text;
  if (unit === 'deg') return `${text}°`;
  return `${text} ${unit === 'uV' ? 'µV' : (tr.maybe(`unit.${unit}`) ?? unit)}`;
}

/** Small quantities (millivolts, ratios) need their second decimal. */
function precise(value: number): string {
  return Math.abs(value) < 10 && !Number.isInteger(value) ? value.toFixed(2) : figure(value);
}
