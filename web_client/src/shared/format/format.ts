import type { Schemas } from '@/shared/api/client';
import type { Say, SharedKey } from '@/shared/i18n';

type Patient = Pick<Schemas['PatientOut'], 'sex' | 'age_years'>;
type Institution = Pick<Schemas['InstitutionOut'], 'name_zh' | 'name_en'>;

const two = (n: number): string => String(n).padStart(2, '0');

/** 24-hour local clock time, HH:MM:SS. */
export function clock(at: Date): string {
  return `${two(at.getHours())}:${two(at.getMinutes())}:${two(at.getSeconds())}`;
}

/** Local calendar day, always with its year: no row may be read as today's when it is not. */
export function day(at: Date): string {
  return `${at.getFullYear()}-${two(at.getMonth() + 1)}-${two(at.getDate())}`;
}

export function dateTime(iso: string): string {
  const at = new Date(iso);
  return `${day(at)} ${clock(at)}`;
}

/** Hours and minutes of today; any other day is written out. */
export function shortTime(iso: string, now: Date): string {
  const at = new Date(iso);
  const time = clock(at).slice(0, 5);
  return day(at) === day(now) ? time : `${day(at)} ${time}`;
}

/** Sex and age, e.g. 男 58 岁. */
export function sexAndAge(patient: Patient, t: Say<SharedKey>): string {
  const sex = t.maybe(`sex.${patient.sex}`) ?? t('sex.unknown');
  if (patient.age_years === null) return sex;
  return `${sex} ${t('patient.ageYears', { n: patient.age_years })}`;
}

/** A place's name; Chinese where it has no English one. */
export function placeName(institution: Institution, lang: 'zh' | 'en'): string {
  return lang === 'zh' ? institution.name_zh : institution.name_en || institution.name_zh;
}

/** Of the two texts the server sends, the one on screen; Chinese where there is no English. */
export function textOf(both: { text_zh: string; text_en: string }, lang: 'zh' | 'en'): string {
  return lang === 'zh' ? both.text_zh : both.text_en || both.text_zh;
}

/** A number as measured: whole where it is whole, one decimal otherwise. */
export function figure(value: number): string {
  return Number.isInteger(value) ? String(value) : value.toFixed(1);
}

/** A span as a clock shows it: 09:05 within the hour, 1:09:05 beyond. */
export function countdown(ms: number): string {
  const s = Math.floor(Math.abs(ms) / 1000);
  const minutes = `${two(Math.floor(s / 60) % 60)}:${two(s % 60)}`;
  const hours = Math.floor(s / 3600);
  return hours === 0 ? minutes : `${hours}:${minutes}`;
}
