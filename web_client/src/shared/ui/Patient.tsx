import type { Schemas } from '@/shared/api';
import { sexAndAge } from '@/shared/format/format';
import { useShared } from '@/shared/i18n';

type Patient = Schemas['PatientOut'];

/** What is not there: hatched, with its word. */
export function Missing({ word }: { word: string }) {
  return <span className="tag miss ell">{word}</span>;
}

export function PatientName({ patient }: { patient: Patient }) {
  const t = useShared();
  if (!patient.name) return <Missing word={t('patient.noName')} />;
  return <b className="pname">{patient.name}</b>;
}

/** The name may be cut short, the sex and age beside it never. */
export function PatientLine({ patient }: { patient: Patient }) {
  const t = useShared();
  return (
    <div className="pline" title={patient.name ?? undefined}>
      <span className="ell">
        <PatientName patient={patient} />
      </span>
      <span className="sub nw">{sexAndAge(patient, t)}</span>
    </div>
  );
}
