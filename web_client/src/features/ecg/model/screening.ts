import type { BeatTimes, LeadMark, Marks } from '@/ecgcore';
import type { EcgDetail } from '../api/ecg';

export interface LeadEvidence {
  readonly lead: string;
  readonly value: number;
  readonly threshold: string;
  /** Every rule but that of ST elevation has one kind of value only. */
  readonly role: 'elevation' | 'reciprocal' | 'criterion';
}

/** What a finding rests on; `beats` are positions in the screening's list, from 0. */
export interface Evidence {
  readonly quantity: string;
  readonly value: number | string | null;
  readonly unit: string | null;
  readonly threshold: string | null;
  readonly leads: readonly string[];
  readonly beats: readonly number[];
  /** Absent in screenings under older rules. */
  readonly by_lead?: readonly LeadEvidence[];
}

export interface Finding {
  readonly code: string;
  readonly text_zh: string;
  readonly text_en: string;
  readonly severity: 'red' | 'orange' | 'routine' | 'normal';
  readonly evidence: Evidence;
  readonly source: string;
}

interface Beat {
  readonly sample: number;
  readonly label: string;
  readonly qrs_on: number | null;
  readonly qrs_off: number | null;
  readonly t_off: number | null;
}

/** `ecg screen --json`, as far as this page shows it. */
export interface Screening {
  readonly fs_hz: number;
  readonly duration_s: number;
  readonly leads: readonly string[];
  readonly quality: Readonly<Record<string, number>>;
  readonly beats: readonly Beat[];
  readonly measurements: Readonly<Record<string, number | null>>;
  readonly st_j_mv?: Readonly<Record<string, number>>;
  readonly findings: readonly Finding[];
  readonly rules_version: string;
}

/** The screening of an ECG, which the API hands on as the screening wrote it. */
export function screeningOf(ecg: EcgDetail): Screening | null {
  return ecg.screening as unknown as Screening | null;
}

export function beatTimes({ beats, fs_hz: fsHz }: Screening): readonly BeatTimes[] {
  const seconds = (sample: number | null): number | null => (sample === null ? null : sample / fsHz);
  return beats.map(({ sample, qrs_on, qrs_off, t_off }) => ({
    rS: sample / fsHz,
    qrsOnS: seconds(qrs_on),
    qrsOffS: seconds(qrs_off),
    tEndS: seconds(t_off),
  }));
}

const signed = (value: number, digits: number): string =>
  `${value < 0 ? '−' : '+'}${Math.abs(value).toFixed(digits)}`;

/** Millivolts as they are written on paper, such as `+0.28 mV`. */
export function stText(mv: number): string {
  return `${signed(mv, 2)} mV`;
}

/** What a finding lays over the paper: its leads with their values, on its beats. */
export function marksOf({ evidence }: Finding): Marks {
  const byLead = evidence.by_lead ?? [];
  if (byLead.length > 0) {
    const leads = byLead.map(
      ({ lead, value, role }): LeadMark => ({
        lead,
        kind: role === 'criterion' ? 'other' : role,
        text: stText(value),
      }),
    );
    return { leads, beats: evidence.beats };
  }
  const leads = evidence.leads.map((lead): LeadMark => ({ lead, kind: 'other', text: '' }));
  return { leads: leads.length > 0 ? leads : null, beats: evidence.beats };
}

/** Whether a finding has a place on the paper. */
export function canLocate({ evidence }: Finding): boolean {
  return evidence.beats.length > 0 || evidence.leads.length > 0;
}

/** The second of the first beat that proves a finding, or null. */
export function firstSecond(screening: Screening, { evidence }: Finding): number | null {
  const beat = screening.beats[evidence.beats[0] ?? -1];
  return beat === undefined ? null : beat.sample / screening.fs_hz;
}

/** The lead whose ST lies furthest from the level before QRS, or null where it was not measured. */
export function furthestSt(screening: Screening): { readonly lead: string; readonly mv: number } | null {
  let found: { lead: string; mv: number } | null = null;
  for (const [lead, mv] of Object.entries(screening.st_j_mv ?? {})) {
    // aVR looks from behind: its depression is the other leads' elevation.
    if (lead !== 'aVR' && (found === null || Math.abs(mv) > Math.abs(found.mv))) found = { lead, mv };
  }
  return found;
}
