import { useCallback } from 'react';
import { useShared } from '@/shared/i18n';
import { asProblem, sentenceOf } from './problem';

/** Returns what says an error in words; a page passes its own words for the codes it knows. */
export function useProblemText(): (error: unknown, own?: Readonly<Record<string, string>>) => string {
  const t = useShared();
  return useCallback(
    (error, own = {}) => {
      const problem = asProblem(error);
      const sentence = own[problem.code];
      if (sentence !== undefined) return sentence;
      const { key, params } = sentenceOf(problem);
      return t(key, params);
    },
    [t],
  );
}
