import type { ReportOut } from '@/shared/api/types';

/** What a reader writes. */
export interface Draft {
  readonly findings: string;
  readonly impression: string;
  /** Whether a critical value was confirmed; null: nobody has decided. */
  readonly critical: boolean | null;
}

/** A draft that the server does not have yet, as this computer keeps it. */
export interface LocalDraft {
  readonly draft: Draft;
  /** The revision it was written over. */
  readonly baseRevision: number;
}

export const EMPTY: Draft = { findings: '', impression: '', critical: null };

export function draftOf(report: ReportOut | null): Draft {
  if (report === null) return EMPTY;
  const { findings, impression, critical } = report;
  return { findings, impression, critical };
}

export function same(a: Draft, b: Draft): boolean {
  return a.findings === b.findings && a.impression === b.impression && a.critical === b.critical;
}

/** Both texts in one, ours first: nothing that either person wrote is lost. */
export function merged(ours: Draft, theirs: Draft, heading: string): Draft {
  const join = (mine: string, other: string): string => {
    if (other.trim() === '' || mine.includes(other)) return mine;
    return mine.trim() === '' || other.includes(mine) ? other : `${mine}\n\n${heading}\n${other}`;
  };
  return {
    findings: join(ours.findings, theirs.findings),
    impression: join(ours.impression, theirs.impression),
    critical: ours.critical ?? theirs.critical,
  };
}

/** A blank of a template, the reader's to fill; none is ever signed. */
export const BLANK = '＿＿';

/** Puts a sentence at the end of the impression, once. */
export function withSentence(draft: Draft, text: string): Draft {
  const lines = draft.impression.split('\n').map((line) => line.trim());
  if (lines.includes(text)) return draft;
  return {
    ...draft,
    impression: draft.impression.trim() === '' ? text : `${draft.impression.trimEnd()}\n${text}`,
  };
}

/** Put a template's text where there is none, and after what is there already. */
export function withTemplate(draft: Draft, template: { findings: string; impression: string }): Draft {
  const add = (now: string, text: string): string => (now.trim() === '' ? text : `${now.trimEnd()}\n${text}`);
  return {
    ...draft,
    findings: add(draft.findings, template.findings),
    impression: add(draft.impression, template.impression),
  };
}
