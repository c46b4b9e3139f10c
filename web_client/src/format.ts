import type { Translator } from './i18n/translator';
import type { Patient } from './model';

const two = (n: number): string => String(n).padStart(2, '0');

/** 24-hour local clock time, HH:MM:SS. */
export function clock(at: Date): string {
  return `${two(at.getHours())}:${two(at.getMinutes())}:${two(at.getSeconds())}`;
}

/** Local calendar day, always with its year: no row may be read as today's when it is not. */
export function day(at: Date): string {
  return `${at.getFullYear()}-${two(at.getMonth() + 1)}-${two(at.getDate())}`;
}

export function moment(iso: string): { clock: string; day: string } {
  const at = new Date(iso);
  return { clock: clock(at), day: day(at) };
}

export function dateTime(iso: string): string {
  const { clock: time, day: date } = moment(iso);
  return `${date} ${time}`;
}

/** Sex and age, e.g. 男 58 岁. */
export function sexAndAge(patient: Patient, tr: Translator): string {
  const sex = patient.sex === null ? tr.t('sex.unknown') : tr.t(`sex.${patient.sex}`);
  if (patient.age_years === null) return sex;
  return `${sex} ${tr.t('patient.ageYears', { n: patient.age_years })}`;
}

/** A number as measured: whole where it is whole, one decimal otherwise. */
export function figure(value: number): string {
  return Number.isInteger(value) ? String(value) : value.toFixed(1);
}
