import type { Lang } from './i18n/translator';

export interface Prefs {
  readonly lang: Lang;
  readonly theme: 'dark' | 'light';
}

const KEY = 'lianzhen.prefs';

/** What this browser keeps: tastes only. Nothing of a patient, and no paper gain that a next reader might not expect. */
export function loadPrefs(storage: Pick<Storage, 'getItem'>): Prefs {
  let saved: Partial<Prefs> | null = null;
  try {
    saved = JSON.parse(storage.getItem(KEY) ?? 'null') as Partial<Prefs> | null;
  } catch {
    // Unreadable or forbidden storage: the defaults.
  }
  return { lang: saved?.lang === 'en' ? 'en' : 'zh', theme: saved?.theme === 'light' ? 'light' : 'dark' };
}

export function savePrefs(storage: Pick<Storage, 'setItem'>, prefs: Prefs): void {
  try {
    storage.setItem(KEY, JSON.stringify(prefs));
  } catch {
    // A browser that keeps nothing still works; the next visit starts from the defaults.
  }
}
