import { type Child, h, icon } from './dom';
import { evidenceLine } from './evidence';
import type { Translator } from './i18n/translator';
import type { Ecg, ScreenedFinding, Screening } from './model';
import { machineBadge } from './parts';
import { gravestFirst, unreadable } from './rows';
import { severityMark } from './tier';

/** All the machine says about one ECG: violet, dashed, and always under its label. */
export function machineBox(
  ecg: Ecg,
  screening: Screening | null,
  failure: string | null,
  tr: Translator,
): HTMLElement {
  const rules = screening?.rules_version;
  return h(
    'section',
    { class: 'mac-box', 'aria-label': tr.t('machine.label') },
    h('h3', { class: 'mac-note' }, machineBadge(tr), tr.t('machine.label')),
    ...content(ecg, screening, failure, tr),
    rules === undefined ? null : h('p', { class: 'muted t12' }, tr.t('machine.rules', { version: rules })),
  );
}

function content(ecg: Ecg, screening: Screening | null, failure: string | null, tr: Translator): Child[] {
  switch (ecg.status) {
    case 'pending':
      return [said(tr.t('machine.pending'), tr.t('machine.pendingWhat'))];
    case 'failed':
      return [hatched(tr.t('machine.failed'), failure ?? '')];
    case 'off':
      return [said(tr.t('machine.off'), '')];
    case 'screened':
      return screened(ecg, screening, tr);
  }
}

function screened(ecg: Ecg, screening: Screening | null, tr: Translator): Child[] {
  const all: readonly ScreenedFinding[] = screening?.findings ?? ecg.findings;
  const critical = new Set(screening?.critical ?? []);
  const blind = all.filter(unreadable);
  const findings = gravestFirst(all.filter((finding) => !unreadable(finding)));
  const unread = blind.length > 0 || ecg.severity === 'uninterpretable';
  if (findings.length === 0 && !unread) {
    return [said(tr.t('machine.noFindings'), tr.t('machine.noFindingsWhat'))];
  }
  const why = blind.map((finding) => evidenceOf(finding, tr)).filter((line) => line !== '');
  const items = findings.map((finding) => findingItem(finding, critical.has(finding.code), tr));
  return [
    unread ? hatched(tr.t('machine.uninterpretable'), tr.t('machine.uninterpretableWhat'), ...why) : null,
    h('ul', { class: 'findings' }, ...items),
  ];
}

function evidenceOf(finding: ScreenedFinding, tr: Translator): string {
  return finding.evidence === undefined ? '' : evidenceLine(finding.evidence, tr);
}

function findingItem(finding: ScreenedFinding, critical: boolean, tr: Translator): HTMLElement {
  const source = finding.source ?? '';
  const evidence = evidenceOf(finding, tr);
  return h(
    'li',
    {},
    h(
      'div',
      { class: 'row wrap' },
      severityMark(finding.severity, tr),
      h('b', { class: 'grow' }, tr.finding(finding)),
    ),
    critical ? h('div', {}, h('span', { class: 'tag r' }, icon('oct'), tr.t('machine.critical'))) : null,
    evidence === '' ? null : h('p', { class: 'sub t13' }, evidence),
    source === '' ? null : h('p', { class: 'muted t12' }, tr.t('machine.source', { text: source })),
  );
}

function said(title: string, line: string): HTMLElement {
  return h(
    'div',
    { class: 'said' },
    h('b', {}, title),
    line === '' ? null : h('p', { class: 'sub t13' }, line),
  );
}

function hatched(title: string, ...lines: readonly string[]): HTMLElement {
  const said = lines.filter((line) => line !== '').map((line) => h('p', { class: 't13' }, line));
  return h('div', { class: 'said hatched' }, icon('unk'), h('b', {}, title), ...said);
}
