import type { Say, SharedKey } from '@/shared/i18n';
import type { Deletion, DeletionStep, PatientRecord } from './api/useRecords';

/** What a person may do about a deletion (two persons decide); the server has the last word. */
export function stepsOf(deletion: Pick<Deletion, 'state' | 'requested_by'>, person: string): DeletionStep[] {
  if (deletion.state === 'approved') return ['restore'];
  if (deletion.state !== 'requested') return [];
  return deletion.requested_by === person ? ['withdraw'] : ['approve', 'reject'];
}

/** The two that are chosen after one is clicked: the third takes the place of the first. */
export function chosenAfter(chosen: readonly string[], id: string): string[] {
  return chosen.includes(id) ? chosen.filter((each) => each !== id) : [...chosen, id].slice(-2);
}

/** Whether something was said that may stand as a reason. */
export function isReason(text: string): boolean {
  return text.trim().length >= 2;
}

/** The issuer that a device named; none where the institution itself counts as it. */
export function issuerOf(record: Pick<PatientRecord, 'issuer'>): string | null {
  return record.issuer.startsWith('institution:') ? null : record.issuer;
}

export function sexOf(record: Pick<PatientRecord, 'sex'>, say: Say<SharedKey>): string | null {
  return record.sex === null ? null : (say.maybe(`sex.${record.sex}`) ?? record.sex);
}
