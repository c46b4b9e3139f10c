/** The wire types of the server's JSON, as this page reads them. */

export interface Institution {
  readonly id: string;
  readonly name_zh: string;
  readonly name_en: string;
}

export interface Person {
  readonly id: string;
  readonly login: string;
  readonly display_name: string;
  readonly roles: readonly string[];
  readonly institution: Institution;
}

export interface Session {
  readonly person: Person;
  readonly csrf_token: string;
}

export interface Patient {
  readonly name: string;
  readonly patient_id: string;
  readonly sex: 'M' | 'F' | 'O' | null;
  readonly birth_date: string | null;
  readonly age_years: number | null;
}

/** What both lists order and merge by. */
export interface Received {
  readonly id: string;
  /** ISO 8601, UTC. */
  readonly received_at: string;
}

export interface Study extends Received {
  readonly study_instance_uid: string;
  readonly patient: Patient;
  readonly modalities: readonly string[];
  readonly description: string | null;
  readonly study_date: string | null;
  readonly institution: Institution;
  readonly series_count: number;
  readonly instance_count: number;
  readonly preview: { readonly series_instance_uid: string; readonly sop_instance_uid: string } | null;
}

export type Severity = 'red' | 'orange' | 'routine' | 'normal' | 'uninterpretable';
export type ScreeningStatus = 'pending' | 'screened' | 'failed' | 'off';

export interface Finding {
  readonly code: string;
  readonly text_zh: string;
  readonly text_en: string;
  readonly severity: Severity;
}

export interface Ecg extends Received {
  readonly study_instance_uid: string;
  readonly sop_instance_uid: string;
  readonly patient: Patient;
  readonly acquired_at: string | null;
  readonly institution: Institution;
  readonly status: ScreeningStatus;
  readonly severity: Severity | null;
  readonly heart_rate_bpm: number | null;
  readonly findings: readonly Finding[];
}

/** What a finding rests on; `beats` are positions in the screening's list, from 0. */
export interface Evidence {
  readonly quantity: string;
  readonly value: number | string | null;
  readonly unit: string | null;
  readonly threshold: string | null;
  readonly leads: readonly string[];
  readonly beats: readonly number[];
}

export interface ScreenedFinding extends Finding {
  readonly evidence?: Evidence;
  readonly source?: string;
}

/** The object of `lianzhen ecg screen --json`; only what the page shows. */
export interface Screening {
  readonly fs_hz?: number;
  readonly duration_s?: number;
  readonly leads?: readonly string[];
  readonly quality?: Readonly<Record<string, number | null>>;
  readonly beats?: readonly { readonly label: string }[];
  readonly measurements?: Readonly<Record<string, number | null>>;
  readonly findings?: readonly ScreenedFinding[];
  readonly critical?: readonly string[];
  readonly rules_version?: string;
}

export interface EcgDetail extends Ecg {
  readonly screening: Screening | null;
  readonly failure: string | null;
}

export interface Page<T> {
  readonly items: readonly T[];
  readonly next: string | null;
}

export type Topic = 'study.arrived' | 'study.updated' | 'ecg.arrived' | 'ecg.screened';

export interface LiveEvent {
  readonly id: number;
  readonly topic: Topic;
  readonly payload: { readonly study_id?: string; readonly ecg_id?: string };
}

export interface PaperOptions {
  readonly layout: '3x4' | '6x2' | '12x1';
  readonly speed: 25 | 50;
  readonly gain: 5 | 10 | 20;
}
