import { h } from './dom';
import { figure } from './format';
import type { Translator } from './i18n/translator';
import type { Key } from './i18n/zh';
import type { Screening } from './model';
import { keyValues, machineBadge, missing } from './parts';

type Name = Extract<Key, `m.${string}`> extends `m.${infer N}` ? N : never;

// Fridericia stands before Bazett (AHA/ACC/HRS 2009).
const ROWS: readonly (readonly [Name, string])[] = [
  ['heart_rate_bpm', 'bpm'],
  ['pr_ms', 'ms'],
  ['qrs_ms', 'ms'],
  ['qt_ms', 'ms'],
  ['qtc_fridericia_ms', 'ms'],
  ['qtc_bazett_ms', 'ms'],
  ['axis_p_deg', '°'],
  ['axis_qrs_deg', '°'],
  ['axis_t_deg', '°'],
];

/** Measurements, beats and quality of the screening. What was not measured says so. */
export function measurements(screening: Screening, tr: Translator): HTMLElement[] {
  const sections = [section(tr.t('ecg.measurements'), table(screening, tr), tr)];
  const quality = Object.entries(screening.quality ?? {});
  if (quality.length > 0) sections.push(section(tr.t('ecg.quality'), qualityGrid(quality), tr));
  return sections;
}

function section(title: string, content: HTMLElement, tr: Translator): HTMLElement {
  return h('section', {}, h('h3', {}, machineBadge(tr), title), content);
}

function table(screening: Screening, tr: Translator): HTMLElement {
  const values = screening.measurements ?? {};
  const rows = ROWS.map(
    ([name, unit]) => [tr.t(`m.${name}`), shown(values[name] ?? null, unit, tr)] as const,
  );
  const beats = beatCount(screening, tr);
  const recording = recordingText(screening, tr);
  return keyValues(
    ...rows,
    ...(beats === null ? [] : [[tr.t('ecg.beats'), beats] as const]),
    ...(recording === null ? [] : [[tr.t('ecg.recording'), recording] as const]),
  );
}

function shown(value: number | null, unit: string, tr: Translator): HTMLElement {
  if (value === null) return missing(tr.t('ecg.notMeasured'));
  const word = unit === 'bpm' ? tr.t('unit.bpm') : unit;
  return h('span', { class: 'num' }, h('b', {}, figure(Math.round(value))), unit === '°' ? '°' : ` ${word}`);
}

function beatCount(screening: Screening, tr: Translator): string | null {
  if (screening.beats === undefined) return null;
  const counts = new Map<string, number>();
  for (const { label } of screening.beats) counts.set(label, (counts.get(label) ?? 0) + 1);
  const kinds = [...counts].map(([label, n]) => `${tr.maybe(`beat.${label}`) ?? label} ${n}`);
  return [String(screening.beats.length), ...kinds].join(' · ');
}

function recordingText(screening: Screening, tr: Translator): string | null {
  const { leads, duration_s: seconds, fs_hz: fs } = screening;
  if (leads === undefined || seconds === undefined || fs === undefined) return null;
  return tr.t('ecg.recordingText', { leads: leads.length, seconds: figure(seconds), fs: figure(fs) });
}

function qualityGrid(quality: readonly [string, number | null][]): HTMLElement {
  const cells = quality.map(([lead, value]) => {
    const fill = h('i');
    // Through the object model: the page's policy refuses style attributes.
    fill.style.width = `${Math.round((value ?? 0) * 100)}%`;
    const bar = h('span', { class: value === null ? 'bar none' : 'bar' }, fill);
    const text = value === null ? '—' : String(Math.round(value * 100));
    return h('li', {}, h('span', { class: 'lead' }, lead), bar, h('span', { class: 'num muted' }, text));
  });
  return h('ul', { class: 'quality' }, ...cells);
}
