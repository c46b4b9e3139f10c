import { type Child, h } from './dom';
import { sexAndAge } from './format';
import type { Translator } from './i18n/translator';
import type { Institution, Patient } from './model';
import { button, patientId, patientName } from './parts';

export interface Steps {
  readonly back: () => void;
  readonly step: (by: 1 | -1) => void;
}

interface CaseHead {
  readonly mark: HTMLElement | null;
  readonly patient: Patient;
  readonly institution: Institution;
  readonly extra: readonly Child[];
}

/** Who this is, in one line that stays above the picture. */
export function caseHead(head: CaseHead, steps: Steps, tr: Translator): HTMLElement {
  return h(
    'header',
    { class: 'casehead' },
    button(tr.t('action.back'), steps.back, '', 'Esc'),
    head.mark,
    h('h1', { class: 'row', tabindex: '-1' }, patientName(head.patient, tr)),
    h('span', { class: 'sub' }, sexAndAge(head.patient, tr)),
    h('span', { class: 'muted ell' }, patientId(head.patient, tr)),
    h('span', { class: 'sub ell' }, tr.institution(head.institution)),
    ...head.extra,
    h(
      'span',
      { class: 'end row' },
      button(tr.t('action.previous'), () => steps.step(-1), 'g', 'K'),
      button(tr.t('action.next'), () => steps.step(1), 'g', 'J'),
    ),
  );
}

/** An opened record: its line, its tools, the stage that owns the black, the panel beside it. */
export function caseFrame(
  head: HTMLElement,
  tools: HTMLElement,
  stage: HTMLElement,
  side: HTMLElement,
): HTMLElement {
  return h('div', { class: 'case' }, h('section', { class: 'main' }, head, tools, stage), side);
}
