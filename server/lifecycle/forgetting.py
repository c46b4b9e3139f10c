"""What the index forgets of a study that is purged, and what it writes down before."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Final

from sqlalchemy import delete, exists, insert, select, update
from sqlalchemy.ext.asyncio import AsyncSession

from server.ecg_records.public import EcgRecord
from server.intake.public import Conversion, Quarantined, StoredObject
from server.lifecycle.models import PurgedObject
from server.patients.public import Patient
from server.scheduling.public import ScheduledExam
from server.studies.public import (
    ArrivedPatient,
    Instance,
    RejectedObject,
    Rejection,
    Series,
    Study,
    count_anew,
    forget_name,
    settle,
)

_BLANKED: Final = (
    "patient_id", "patient_name", "patient_birth_date", "patient_sex", "patient_age",
    "accession_number", "study_id", "description", "referring_physician",
)  # fmt: skip


async def list_objects(session: AsyncSession, deletion_id: str, study_pk: str) -> Sequence[str]:
    """Write down the objects of a study with the files they were made from; return their ids."""
    rows = (
        await session.execute(
            select(StoredObject.id, StoredObject.sha256, Series.id, Instance.sop_instance_uid)
            .join(Instance, Instance.object_id == StoredObject.id)
            .join(Series, Series.id == Instance.series_pk)
            .where(Series.study_pk == study_pk)
        )
    ).all()
    ids = [row[0] for row in rows]
    sources = (
        await session.execute(
            select(StoredObject.id, StoredObject.sha256)
            .join(Conversion, Conversion.source_object_id == StoredObject.id)
            .where(Conversion.object_id.in_(ids))
        )
    ).all()
    listed: dict[str, tuple[str | None, str | None]] = {
        sha256: (series, uid) for _, sha256, series, uid in rows
    }
    listed |= {sha256: (None, None) for _, sha256 in sources}
    if listed:
        await session.execute(
            insert(PurgedObject),
            [
                {
                    "deletion_id": deletion_id,
                    "sha256": sha256,
                    "series_pk": series,
                    "sop_instance_uid": uid,
                }
                for sha256, (series, uid) in listed.items()
            ],
        )
    return [*ids, *(pk for pk, _ in sources)]


async def forget_rows(
    session: AsyncSession, study: Study, objects: Sequence[str], at: datetime
) -> Mapping[str, str]:
    """Remove what the index holds of a study but the row that says it was here.

    Its rejection notes go with it, and with them what they say of other studies: return those that
    show something again, with their communities.
    """
    series = select(Series.id).where(Series.study_pk == study.id)
    notes = select(Rejection.id).where(
        Rejection.instance_pk.in_(select(Instance.id).where(Instance.series_pk.in_(series)))
    )
    named = await session.scalars(
        select(RejectedObject.sop_instance_uid)
        .where(RejectedObject.rejection_id.in_(notes))
        .distinct()
    )
    rejected = named.all()
    for statement in (
        delete(RejectedObject).where(RejectedObject.rejection_id.in_(notes)),
        delete(Rejection).where(Rejection.id.in_(notes)),
        update(ScheduledExam)
        .where(ScheduledExam.study_pk == study.id)
        .values(
            patient_id="",
            patient_name="",
            patient_birth_date=None,
            patient_sex=None,
            complaint=None,
        ),
        delete(EcgRecord).where(EcgRecord.study_pk == study.id),
        delete(Instance).where(Instance.series_pk.in_(series)),
        delete(Series).where(Series.study_pk == study.id),
        delete(ArrivedPatient).where(ArrivedPatient.study_pk == study.id),
        delete(Conversion).where(Conversion.object_id.in_(objects)),
        # What was sent again after the decision is held for review by the same bytes.
        update(Quarantined).where(Quarantined.object_id.in_(objects)).values(object_id=None),
        delete(StoredObject).where(StoredObject.id.in_(objects)),
    ):
        await session.execute(statement.execution_options(synchronize_session=False))
    await forget_name(session, study.id)
    await session.execute(
        update(Study)
        .where(Study.id == study.id)
        .values(modalities="", series_count=0, instance_count=0, **dict.fromkeys(_BLANKED))
    )
    others = exists().where(Study.patient_pk == Patient.id, Study.id != study.id)
    await session.execute(
        update(Patient)
        .where(Patient.id == study.patient_pk, ~others, Patient.merged_into_id.is_(None))
        .values(
            identifier=f"study:{study.study_instance_uid}"[:64], name=None, name_latin=None,
            birth_date=None, sex=None,
        )
        .execution_options(synchronize_session=False)
    )  # fmt: skip
    return await count_anew(session, await settle(session, study.org, rejected), at)
