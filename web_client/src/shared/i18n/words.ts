import { createInstance, type i18n as I18n } from 'i18next';
import { useMemo } from 'react';
import { initReactI18next, useTranslation } from 'react-i18next';

export type Lang = 'zh' | 'en';
export type Values = Readonly<Record<string, string | number>>;

/** Says the words of one dictionary in the language on screen. */
export interface Say<K extends string> {
  (key: K, values?: Values): string;
  readonly lang: Lang;
  /** The word for a name the server chose, or null where this dictionary has none. */
  readonly maybe: (key: string) => string | null;
}

export const i18n: I18n = createInstance();

void i18n.use(initReactI18next).init({
  lng: 'zh',
  fallbackLng: 'zh',
  resources: {},
  // Keys are flat names with dots in them; a value is written {so}.
  keySeparator: false,
  nsSeparator: false,
  interpolation: { prefix: '{', suffix: '}', escapeValue: false },
  initAsync: false,
  react: { useSuspense: false },
});

/**
 * Registers a dictionary under its name and returns the hook that says its words. Each feature has its
 * own, so that a lazy page brings its words along.
 */
export function words<K extends string>(
  name: string,
  languages: { readonly zh: Readonly<Record<K, string>>; readonly en: Readonly<Record<K, string>> },
): () => Say<K> {
  i18n.addResourceBundle('zh', name, languages.zh);
  i18n.addResourceBundle('en', name, languages.en);
  return function useWords(): Say<K> {
    const { t, i18n: current } = useTranslation(name);
    const lang: Lang = current.language === 'en' ? 'en' : 'zh';
    // The same function for as long as the language stays: effects may depend on it.
    return useMemo(() => sayer<K>((key, values) => t(key, values ?? {}), languages.zh, lang), [t, lang]);
  };
}

/** The same words outside React: pictures drawn on a canvas, tests. */
export function saying<K extends string>(
  languages: { readonly zh: Readonly<Record<K, string>>; readonly en: Readonly<Record<K, string>> },
  lang: Lang,
): Say<K> {
  const texts = languages[lang];
  return sayer(
    (key, values = {}) =>
      texts[key].replace(/\{(\w+)\}/g, (whole, name: string) => String(values[name] ?? whole)),
    languages.zh,
    lang,
  );
}

function sayer<K extends string>(
  say: (key: K, values?: Values) => string,
  known: Readonly<Record<string, string>>,
  lang: Lang,
): Say<K> {
  const maybe = (key: string): string | null => (key in known ? say(key as K) : null);
  return Object.assign((key: K, values?: Values) => say(key, values), { lang, maybe });
}
