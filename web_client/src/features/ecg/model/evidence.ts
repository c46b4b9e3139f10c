import { figure } from '@/shared/format/format';
import type { Say } from '@/shared/i18n';
import type { zh } from '../i18n/zh';
import type { Evidence, Finding, LeadEvidence } from './screening';

type Words = Say<keyof typeof zh>;

const ROLES = ['criterion', 'elevation', 'reciprocal'] as const;
/** Beats named one by one; more of them are counted. */
const NAMED_BEATS = 8;

/** What a finding rests on, in one line: quantity, value, limit, leads, beats. Empty where it names nothing. */
export function evidenceLine(evidence: Evidence, t: Words): string {
  const byLead = evidence.by_lead ?? [];
  const what =
    byLead.length > 0
      ? ROLES.map((role) => leadByLead(byLead, role, evidence, t))
      : [measured(evidence, t), limit(evidence, t), leads(evidence, t)];
  return [...what, beats(evidence, t)].filter((part) => part !== '').join(' · ');
}

/** `II +0.20, III +0.28, aVF +0.24 mV (≥ 0.1)`: a limit that differs stands with its lead. */
function leadByLead(
  all: readonly LeadEvidence[],
  role: LeadEvidence['role'],
  { quantity, unit }: Evidence,
  t: Words,
): string {
  const own = all.filter((each) => each.role === role);
  if (own.length === 0) return '';
  const limits = new Set(own.map(({ threshold }) => threshold));
  const values = own.map(({ lead, value, threshold }) => {
    const text = `${lead} ${value < 0 ? '−' : '+'}${Math.abs(value).toFixed(2)}`;
    return limits.size === 1 ? text : `${text} (${limitInWords(threshold, t)})`;
  });
  const line = `${values.join(', ')} ${unit ?? ''}`.trim();
  const limitText = limits.size === 1 ? ` (${limitInWords(own[0]?.threshold ?? '', t)})` : '';
  const heads = { elevation: '', reciprocal: t('ev.reciprocal'), criterion: nameOf(quantity, t) };
  return `${heads[role]} ${line}${limitText}`.trim();
}

const nameOf = (quantity: string, t: Words): string =>
  t.maybe(`q.${quantity}`) ?? quantity.replaceAll('_', ' ');

function measured({ quantity, value, unit }: Evidence, t: Words): string {
  if (value === null) return '';
  const text = typeof value === 'number' ? precise(value) : inWords(value, t);
  return `${nameOf(quantity, t)} ${withUnit(text, unit, t)}`;
}

function limit({ threshold, unit }: Evidence, t: Words): string {
  if (threshold === null) return '';
  const text = limitInWords(threshold, t);
  return `${t('ev.threshold')} ${withUnit(text, unit, t)}`;
}

/** Why a recording cannot be judged, as the screening writes it. */
const REASONS = [
  [/^(?<n>\d+) of (?<all>\d+) leads usable$/, 'quality.usable'],
  [/^shorter than (?<s>[\d.]+) s$/, 'quality.short'],
  [/^no QRS complexes found$/, 'quality.noQrs'],
  [/^no two beats alike$/, 'quality.unlike'],
] as const;

/** The screening's own English words in the language on screen: reasons, or problems by lead (`V2: noise`). */
function inWords(text: string, t: Words): string {
  for (const [pattern, key] of REASONS) {
    const found = pattern.exec(text);
    if (found !== null) return t(key, { ...found.groups });
  }
  return text.replace(/[a-z]+(_[a-z]+)*/g, (word) => t.maybe(`problem.${word}`) ?? word);
}

/** What limits say beside numbers, in the screening's own English. */
const PHRASES = [
  ['in a third of the leads', 'quality.inAThird'],
  ['falling into a negative T', 'limit.falling'],
  ['half width', 'limit.halfWidth'],
  ['none opposite', 'limit.noneOpposite'],
  ['slow begin', 'limit.slowBegin'],
  ['independent', 'limit.independent'],
  ['T <= it', 'limit.tBelow'],
  ['T upright', 'limit.tUpright'],
  ['T up', 'limit.tUpright'],
  ['ST down', 'limit.stDown'],
  ['trough', 'limit.trough'],
  ['peak', 'limit.peak'],
  [' and ', 'limit.and'],
  [' or ', 'limit.or'],
] as const;

function limitInWords(threshold: string, t: Words): string {
  return PHRASES.reduce((text, [phrase, key]) => text.replaceAll(phrase, t(key)), threshold)
    .replaceAll('>=', '≥')
    .replaceAll('<=', '≤')
    .replaceAll('-', '−')
    .replace(' to ', '～');
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
  const text = Math.abs(value) < 10 && !Number.isInteger(value) ? value.toFixed(2) : figure(value);
  return text.replace('-', '−');
}

/** A finding as a report says it, in Chinese: the text, and for ST the values that were measured. */
export function reportText(finding: Pick<Finding, 'text_zh' | 'evidence'>): string {
  const raised = (finding.evidence.by_lead ?? []).filter(({ role }) => role === 'elevation');
  if (raised.length === 0) return finding.text_zh;
  const values = raised.map(({ lead, value }) => `${lead} ${value.toFixed(2)}`).join('、');
  return `${finding.text_zh}（J点ST段抬高：${values} mV）`;
}
