import type { ReportOut } from '@/shared/api/types';
import type { Request } from '@/shared/requests/requests';
import { BLANK, type Draft } from './draft';

export interface Me {
  readonly id: string;
  readonly mayWrite: boolean;
}

/** What the person who looks at a report may do with it now. */
export type Stance =
  /** Writes the draft. */
  | 'writes'
  /** Looks over what another submitted. */
  | 'reviews'
  /** Wrote it, and waits for the review. */
  | 'awaits'
  /** It is issued. */
  | 'issued'
  /** Nobody, or somebody else, writes it. */
  | 'watches';

export type ReturnReason = NonNullable<Request['return_reason']>;

const REASONS: readonly ReturnReason[] = [
  'poor-quality',
  'lead-reversal',
  'incomplete-images',
  'missing-information',
  'wrong-patient',
  'other',
];
const OF_ONE_KIND: Partial<Record<ReturnReason, Request['kind']>> = {
  'lead-reversal': 'ecg',
  'incomplete-images': 'imaging',
};

/** Why an exam of this kind may go back to where it was made. */
export function returnReasons(kind: Request['kind']): readonly ReturnReason[] {
  return REASONS.filter((reason) => (OF_ONE_KIND[reason] ?? kind) === kind);
}

const DRAFTS: readonly string[] = ['registered', 'returned'];
const ISSUED: readonly string[] = ['final', 'amended', 'corrected', 'appended'];

export function stanceOf(request: Request, report: ReportOut | null, me: Me): Stance {
  if (report !== null && ISSUED.includes(report.status)) return 'issued';
  if (!me.mayWrite) return report?.document ? 'issued' : 'watches';
  if (report?.status === 'preliminary') return report.author?.id === me.id ? 'awaits' : 'reviews';
  const draft = report === null || DRAFTS.includes(report.status);
  if (request.status === 'on-hold') return 'watches';
  return draft && request.claimed_by?.id === me.id ? 'writes' : 'watches';
}

/** An ECG takes one signature, images take two persons: the author's step differs. */
export function authorsStep(request: Request): 'sign' | 'submit' {
  return request.kind === 'ecg' ? 'sign' : 'submit';
}

/** Codes that the text itself answers for, known here before the server has seen the text. */
const OF_TEXT: readonly string[] = ['findings-empty', 'impression-empty', 'blank-left', 'critical-undecided'];
/** What submitting does not ask for. */
const OF_SIGNING: readonly string[] = [
  'not-submitted',
  'author-cannot-review',
  'role-missing',
  'licence-missing',
  'licence-expired',
  'not-independent',
];

/** What is missing before the next step, by code: the text's part from what is on screen, the rest from the server. */
export function missingFor(
  step: 'sign' | 'submit',
  draft: Draft,
  request: Pick<Request, 'risk'>,
  report: ReportOut | null,
): readonly string[] {
  const text = [
    draft.findings.trim() === '' && 'findings-empty',
    draft.impression.trim() === '' && 'impression-empty',
    (draft.findings.includes(BLANK) || draft.impression.includes(BLANK)) && 'blank-left',
    request.risk === 'red' && draft.critical === null && 'critical-undecided',
  ].filter((code) => code !== false);
  const others = (report?.blockers ?? []).filter(
    (code) => !OF_TEXT.includes(code) && (step === 'sign' || !OF_SIGNING.includes(code)),
  );
  return [...text, ...others];
}
