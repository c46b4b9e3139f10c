/** The part of KeyboardEvent that decides. */
export type Press = Pick<
  KeyboardEvent,
  'key' | 'ctrlKey' | 'altKey' | 'metaKey' | 'shiftKey' | 'isComposing' | 'target' | 'defaultPrevented'
>;

const EDITORS =
  'input:not([type=checkbox]):not([type=radio]):not([type=range]), textarea, select, [contenteditable]';

/**
 * The name of what was pressed, as actions are bound to it: `j`, `?`, `Enter`, `Space`, `F6`, `Ctrl+k`.
 * null where the press belongs to somebody else: an editor or an input method keeps its plain keys, a
 * focused button its Enter and Space.
 */
export function comboOf(press: Press): string | null {
  if (press.isComposing || press.defaultPrevented || press.metaKey) return null;
  const typing = matches(press.target, EDITORS);
  const chord = press.ctrlKey || press.altKey;
  const plain = press.key.length === 1;
  if (typing && plain && !chord) return null;
  if (typing && !chord && !/^F\d/.test(press.key) && press.key !== 'Escape') return null;
  if (
    !chord &&
    (press.key === 'Enter' || press.key === ' ') &&
    matches(press.target, 'button, a, [role=menuitem], input')
  ) {
    return null;
  }
  const key = nameOf(press.key);
  // Shift is part of the letter itself (?), and counts for named keys alone.
  const shift = press.shiftKey && !plain ? 'Shift+' : '';
  return `${press.ctrlKey ? 'Ctrl+' : ''}${press.altKey ? 'Alt+' : ''}${shift}${key}`;
}

function nameOf(key: string): string {
  if (key === ' ') return 'Space';
  if (key === '？') return '?';
  if (key === '；') return ';';
  return key.length === 1 ? key.toLowerCase() : key;
}

function matches(target: EventTarget | null, selector: string): boolean {
  return target !== null && 'matches' in target && (target as Element).matches(selector);
}
