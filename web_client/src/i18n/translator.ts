import type { Finding, Institution } from '../model';
import { type Problem, sentenceOf } from '../problem';
import { en } from './en';
import { type Key, zh } from './zh';

export type Lang = 'zh' | 'en';

/** One language's words; whoever draws is handed one. */
export class Translator {
  readonly lang: Lang;

  constructor(lang: Lang) {
    this.lang = lang;
  }

  t(key: Key, params: Readonly<Record<string, string | number>> = {}): string {
    const text: string = (this.lang === 'zh' ? zh : en)[key];
    return text.replace(/\{(\w+)\}/g, (whole, name: string) => String(params[name] ?? whole));
  }

  /** The word for a name the server chose, or null where this page has none. */
  maybe(key: string): string | null {
    return key in zh ? this.t(key as Key) : null;
  }

  problem(problem: Problem): string {
    const { key, params } = sentenceOf(problem);
    return this.t(key, params);
  }

  institution(institution: Institution): string {
    return this.lang === 'zh' ? institution.name_zh : institution.name_en || institution.name_zh;
  }

  finding(finding: Finding): string {
    return this.lang === 'zh' ? finding.text_zh : finding.text_en || finding.text_zh;
  }
}
