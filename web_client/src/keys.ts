export interface KeyActions {
  readonly move: (by: 1 | -1) => void;
  readonly open: () => void;
  readonly back: () => void;
  readonly tab: (tab: 'studies' | 'ecgs') => void;
  readonly reload: () => void;
  readonly help: () => void;
}

/** The part of KeyboardEvent that decides. */
export type Press = Pick<
  KeyboardEvent,
  'key' | 'ctrlKey' | 'altKey' | 'metaKey' | 'isComposing' | 'target' | 'defaultPrevented'
>;

/** Performs what a key stands for; true when it was one of ours. Typing and input methods keep their keys. */
export function perform(press: Press, actions: KeyActions): boolean {
  if (press.ctrlKey || press.altKey || press.metaKey || press.isComposing || press.defaultPrevented)
    return false;
  if (matches(press.target, 'input, textarea, select, [contenteditable]')) return false;
  switch (press.key) {
    case 'j':
    case 'J':
    case 'ArrowDown':
      actions.move(1);
      return true;
    case 'k':
    case 'K':
    case 'ArrowUp':
      actions.move(-1);
      return true;
    case 'Enter':
      // A focused button is pressed, not overruled.
      if (matches(press.target, 'button, a')) return false;
      actions.open();
      return true;
    case 'Escape':
      actions.back();
      return true;
    case '1':
      actions.tab('studies');
      return true;
    case '2':
      actions.tab('ecgs');
      return true;
    case 'r':
    case 'R':
      actions.reload();
      return true;
    case '?':
    case '？':
      actions.help();
      return true;
    default:
      return false;
  }
}

function matches(target: EventTarget | null, selector: string): boolean {
  return target !== null && 'matches' in target && (target as Element).matches(selector);
}
