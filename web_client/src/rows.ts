import { h } from './dom';
import { dateTime, figure, moment } from './format';
import type { Translator } from './i18n/translator';
import type { Key } from './i18n/zh';
import type { Ecg, Finding, Severity, Study } from './model';
import { machineBadge, missing, patientId, patientLine } from './parts';
import { ecgMark } from './tier';

export interface Column {
  readonly cls: string;
  readonly key: Key;
  readonly machine?: boolean;
}

export const STUDY_COLUMNS: readonly Column[] = [
  { cls: 'w-time', key: 'col.received' },
  { cls: 'w-patient', key: 'col.patient' },
  { cls: 'w-exam', key: 'col.exam' },
  { cls: 'w-where', key: 'col.institution' },
  { cls: 'w-images', key: 'col.images' },
];

export const ECG_COLUMNS: readonly Column[] = [
  { cls: 'w-tier', key: 'col.tier' },
  { cls: 'w-time', key: 'col.received' },
  { cls: 'w-patient', key: 'col.patient' },
  { cls: 'w-where', key: 'col.institution' },
  { cls: 'w-rate', key: 'col.rate' },
  { cls: 'w-finding', key: 'col.finding', machine: true },
];

function cell(first: Node | string, second: Node | string, cls = ''): HTMLTableCellElement {
  return h('td', { class: cls }, h('div', { class: 'ell' }, first), h('div', { class: 'l2 ell' }, second));
}

function timeCell(iso: string, isNew: boolean, tr: Translator): HTMLTableCellElement {
  const { clock, day } = moment(iso);
  const first = h('span', {}, clock, isNew ? h('span', { class: 'tag a new' }, tr.t('list.new')) : null);
  return cell(first, day, 'num');
}

export function studyCells(study: Study, isNew: boolean, tr: Translator): HTMLTableCellElement[] {
  const modality = study.modalities.join(' / ');
  const what = study.description ?? tr.t('study.noDescription');
  const exam = h(
    'span',
    { title: what },
    modality === '' ? null : h('span', { class: 'tag mod' }, modality),
    h('span', { class: study.description === null ? 'muted' : '' }, what),
  );
  const date = study.study_date ?? tr.t('study.noDate');
  return [
    timeCell(study.received_at, isNew, tr),
    cell(patientLine(study.patient, tr), patientId(study.patient, tr)),
    cell(exam, `${tr.t('study.date')} ${date}`),
    cell(tr.institution(study.institution), ''),
    cell(String(study.instance_count), `${tr.t('study.series')} ${study.series_count}`, 'num'),
  ];
}

export function ecgCells(ecg: Ecg, isNew: boolean, tr: Translator): HTMLTableCellElement[] {
  const acquired = ecg.acquired_at === null ? tr.t('ecg.noAcquired') : dateTime(ecg.acquired_at);
  return [
    h('td', {}, ecgMark(ecg, tr)),
    timeCell(ecg.received_at, isNew, tr),
    cell(patientLine(ecg.patient, tr), patientId(ecg.patient, tr)),
    cell(tr.institution(ecg.institution), `${tr.t('col.acquired')} ${acquired}`),
    rateCell(ecg, tr),
    findingCell(ecg, tr),
  ];
}

function rateCell(ecg: Ecg, tr: Translator): HTMLTableCellElement {
  if (ecg.heart_rate_bpm === null) return h('td', {}, h('span', { class: 'muted' }, '—'));
  return cell(h('b', {}, figure(Math.round(ecg.heart_rate_bpm))), tr.t('unit.bpm'), 'num');
}

const WEIGHT: Readonly<Record<Severity, number>> = {
  red: 0,
  orange: 1,
  uninterpretable: 2,
  routine: 3,
  normal: 4,
};

/** Gravest first; equal ones in the machine's order. */
export function gravestFirst<F extends Finding>(findings: readonly F[]): F[] {
  return [...findings].sort((a, b) => WEIGHT[a.severity] - WEIGHT[b.severity]);
}

/** Some screenings say it by the code alone. */
export function unreadable(finding: Finding): boolean {
  return finding.severity === 'uninterpretable' || finding.code === 'uninterpretable';
}

function findingCell(ecg: Ecg, tr: Translator): HTMLTableCellElement {
  const [first, ...others] = gravestFirst(ecg.findings);
  if (ecg.status !== 'screened' || first === undefined) return h('td', {}, noFinding(ecg, tr));
  const rest = others.map((finding) => tr.finding(finding)).join(tr.lang === 'zh' ? '；' : '; ');
  const text = tr.finding(first);
  const body = h(
    'div',
    { class: 'grow', title: rest === '' ? text : `${text}\n${rest}` },
    h('div', { class: 'ell b' }, unreadable(first) ? missing(text) : text),
    rest === '' ? null : h('div', { class: 'l2 ell' }, rest),
  );
  return h('td', {}, h('div', { class: 'ev' }, machineBadge(tr), body));
}

function noFinding(ecg: Ecg, tr: Translator): HTMLElement {
  switch (ecg.status) {
    case 'pending':
      return h('span', { class: 'sub' }, tr.t('machine.pending'));
    case 'failed':
      return missing(tr.t('machine.failed'));
    case 'off':
      return h('span', { class: 'muted' }, tr.t('machine.off'));
    case 'screened':
      return ecg.severity === 'uninterpretable'
        ? missing(tr.t('machine.uninterpretable'))
        : h('span', { class: 'muted' }, tr.t('machine.noFindings'));
  }
}

/** The tier's bar at the row's edge; only red and orange have one. */
export function ecgRowClass(ecg: Ecg): string {
  if (ecg.status !== 'screened') return '';
  return ecg.severity === 'red' ? 'r' : ecg.severity === 'orange' ? 'o' : '';
}
