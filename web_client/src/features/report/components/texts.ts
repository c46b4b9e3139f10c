import type { Say } from '@/shared/i18n';
import type { zh } from '../i18n/zh';

export type Words = Say<keyof typeof zh>;

/** Our words for the refusals of a step. */
export function stepTexts(t: Words): Readonly<Record<string, string>> {
  return {
    'signing-blocked': t('error.signing-blocked'),
    'report-state-conflict': t('error.report-state-conflict'),
    'report-incomplete': t('error.report-incomplete'),
    'report-changed': t('error.report-changed'),
    'newer-version': t('error.newer-version'),
    'cannot-review': t('error.cannot-review'),
  };
}
