import { create } from 'zustand';
import type { Lang } from '@/shared/i18n';

export interface Prefs {
  readonly lang: Lang;
  /** null: what the workplace calls for, light at a township and dark in a reading room. */
  readonly theme: 'dark' | 'light' | null;
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
  const theme = saved?.theme;
  return {
    lang: saved?.lang === 'en' ? 'en' : 'zh',
    theme: theme === 'light' || theme === 'dark' ? theme : null,
  };
}

export function savePrefs(storage: Pick<Storage, 'setItem'>, prefs: Prefs): void {
  try {
    storage.setItem(KEY, JSON.stringify(prefs));
  } catch {
    // A browser that keeps nothing still works; the next visit starts from the defaults.
  }
}

export const usePrefs = create<Prefs>(() => loadPrefs(localStorage));

usePrefs.subscribe((prefs) => savePrefs(localStorage, { lang: prefs.lang, theme: prefs.theme }));
