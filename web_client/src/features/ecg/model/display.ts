import type { PaperName } from '@/ecgcore';

/** CSS says that an inch has 96 pixels; screens disagree. */
export const NOMINAL_PX_PER_MM = 96 / 25.4;
const PLAUSIBLE = [2, 12] as const;
const KEY = 'lianzhen.display';

export interface Display {
  readonly paper: PaperName;
  /** Measured pixels a millimetre of this screen, null until somebody measured. */
  readonly pxPerMm: number | null;
}

interface Saved {
  readonly paper?: unknown;
  /** By screen: a browser may be dragged to another one. */
  readonly screens?: Readonly<Record<string, unknown>>;
}

type Screen = Pick<globalThis.Screen, 'width' | 'height'>;

export function screenName(screen: Screen, ratio: number): string {
  return `${screen.width}x${screen.height}@${ratio}`;
}

export function loadDisplay(storage: Pick<Storage, 'getItem'>, name: string): Display {
  const saved = read(storage);
  const measured = saved.screens?.[name];
  const plausible = typeof measured === 'number' && measured >= PLAUSIBLE[0] && measured <= PLAUSIBLE[1];
  return { paper: saved.paper === 'night' ? 'night' : 'pink', pxPerMm: plausible ? measured : null };
}

export function saveDisplay(
  storage: Pick<Storage, 'getItem' | 'setItem'>,
  name: string,
  { paper, pxPerMm }: Display,
): void {
  const screens = { ...read(storage).screens };
  if (pxPerMm === null) delete screens[name];
  else screens[name] = pxPerMm;
  try {
    storage.setItem(KEY, JSON.stringify({ paper, screens }));
  } catch {
    // A browser that keeps nothing asks again at the next visit.
  }
}

function read(storage: Pick<Storage, 'getItem'>): Saved {
  try {
    return (JSON.parse(storage.getItem(KEY) ?? '{}') ?? {}) as Saved;
  } catch {
    return {};
  }
}
