import { h } from './dom';
import type { Translator } from './i18n/translator';
import type { Key } from './i18n/zh';
import { button } from './parts';

const ROWS: readonly (readonly [readonly string[], Key])[] = [
  [['J', 'K', '↓', '↑'], 'help.move'],
  [['Enter'], 'help.open'],
  [['Esc'], 'help.back'],
  [['1', '2'], 'help.tabs'],
  [['Tab'], 'help.tab'],
  [['R'], 'help.reload'],
  [['?'], 'help.help'],
];

/** The sheet of keys; the browser's own dialog keeps focus and Esc. */
export function helpSheet(tr: Translator): HTMLDialogElement {
  const rows = ROWS.flatMap(([keys, word]) => [
    h('dt', {}, ...keys.map((key) => h('kbd', {}, key))),
    h('dd', {}, tr.t(word)),
  ]);
  const sheet = h(
    'dialog',
    { class: 'sheet', 'aria-label': tr.t('help.title') },
    h('h2', { class: 't16' }, tr.t('help.title')),
    h('dl', { class: 'kv' }, ...rows),
    h('p', { class: 'muted t12' }, tr.t('help.note')),
    h(
      'div',
      { class: 'row' },
      button(tr.t('action.close'), () => sheet.close(), 'p', 'Esc'),
    ),
  );
  sheet.addEventListener('close', () => sheet.remove());
  return sheet;
}
