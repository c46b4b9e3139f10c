import { type Child, h, icon } from './dom';
import { sexAndAge } from './format';
import type { Translator } from './i18n/translator';
import type { Patient } from './model';

/** What is not there: hatched, with its word. */
export function missing(word: string): HTMLElement {
  return h('span', { class: 'tag miss' }, word);
}

export function patientName(patient: Patient, tr: Translator): HTMLElement {
  return patient.name === '' ? missing(tr.t('patient.noName')) : h('b', { class: 'pname' }, patient.name);
}

/** The name may be cut short, the sex and age beside it never. */
export function patientLine(patient: Patient, tr: Translator): HTMLElement {
  return h(
    'div',
    { class: 'pline', title: patient.name },
    h('span', { class: 'ell' }, patientName(patient, tr)),
    h('span', { class: 'sub nw' }, sexAndAge(patient, tr)),
  );
}

export function patientId(patient: Patient, tr: Translator): string {
  return patient.patient_id === '' ? tr.t('patient.noId') : patient.patient_id;
}

export function machineBadge(tr: Translator): HTMLElement {
  return h('span', { class: 'src mac', 'aria-hidden': 'true' }, tr.t('machine.mark'));
}

export interface Choice<V> {
  readonly value: V;
  readonly word: string;
}

/** A row of choices of which one is on. */
export function segmented<V extends string | number>(
  label: string,
  choices: readonly Choice<V>[],
  current: V,
  pick: (value: V) => void,
): HTMLElement {
  const buttons = choices.map(({ value, word }) => {
    const on = { click: () => choose(value) };
    return h('button', { type: 'button', 'aria-pressed': String(value === current), on }, word);
  });
  const choose = (value: V): void => {
    for (const [index, choice] of choices.entries()) {
      buttons[index]?.setAttribute('aria-pressed', String(choice.value === value));
    }
    pick(value);
  };
  return h('span', { class: 'seg', role: 'group', 'aria-label': label }, ...buttons);
}

/** A sentence about a state, in the place where the content would stand, with what can be done. */
export function notice(
  iconName: string,
  title: string,
  lines: readonly string[],
  ...actions: Child[]
): HTMLElement {
  return h(
    'div',
    { class: 'notice' },
    icon(iconName, 'l'),
    h('b', {}, title),
    ...lines.map((line) => h('p', {}, line)),
    actions.length > 0 ? h('div', { class: 'row' }, ...actions) : null,
  );
}

export function button(
  word: string,
  press: () => void,
  cls = '',
  key: string | null = null,
): HTMLButtonElement {
  const keycap = key === null ? null : h('kbd', { 'aria-hidden': 'true' }, key);
  return h('button', { type: 'button', class: `btn s ${cls}`.trim(), on: { click: press } }, word, keycap);
}

export function keyValues(...pairs: readonly (readonly [string, Child])[]): HTMLElement {
  return h(
    'dl',
    { class: 'kv' },
    ...pairs.flatMap(([term, value]) => [h('dt', {}, term), h('dd', {}, value)]),
  );
}
