"""What the index forgets of a study that is purged, and what it writes down before."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Final

from sqlalchemy import ColumnElement, Select, delete, exists, insert, select, update
from sqlalchemy.ext.asyncio import AsyncSession

from server.ecg_records.public import EcgRecord
from server.intake.public import Conversion, Quarantined, StoredObject
from server.lifecycle.models import GONE, Deletion, PurgedObject
from server.patients.public import Patient
from server.scheduling.public import (
    PerformedStep,
    PerformedStudy,
    ScheduledExam,
    forget_performed,
)
from server.studies.public import (
    ArrivedPatient,
    Instance,
    RejectedObject,
    Rejection,
    Series,
    Study,
    count_anew,
    forget_names,
    hold_studies,
    settle,
)

_BLANKED: Final = (
    "patient_id", "patient_name", "patient_birth_date", "patient_sex", "patient_age",
    "accession_number", "study_id", "description", "referring_physician",
)  # fmt: skip


async def hold(session: AsyncSession, study_pk: str) -> Study:
    """Return a study that is to be purged, held with those of which its notes hide something."""
    study = await session.get_one(Study, study_pk)
    named = await session.scalars(
        select(RejectedObject.study_instance_uid)
        .join(Rejection, Rejection.id == RejectedObject.rejection_id)
        .join(Instance, Instance.id == Rejection.instance_pk)
        .join(Series, Series.id == Instance.series_pk)
        .where(Series.study_pk == study_pk)
        .distinct()
    )
    await hold_studies(session, [study.org], {study.study_instance_uid, *named})
    return await session.get_one(Study, study_pk, with_for_update=True, populate_existing=True)


def held_for_review(study: Study) -> Select[str, str]:
    """Return the query of objects in quarantine under a UID of a study: of its patient, too.

    One that another study or conversion names as well is theirs.
    """
    own = select(Series.id).where(Series.study_pk == study.id)
    return (
        select(StoredObject.id, StoredObject.sha256)
        .join(Quarantined, Quarantined.object_id == StoredObject.id)
        .where(
            _under_a_uid_of(study),
            ~exists().where(Instance.object_id == StoredObject.id, Instance.series_pk.not_in(own)),
            ~exists().where(
                (Conversion.object_id == StoredObject.id)
                | (Conversion.source_object_id == StoredObject.id)
            ),
        )
        .distinct()
    )


def _under_a_uid_of(study: Study) -> ColumnElement[bool]:
    uids = (
        select(Instance.sop_instance_uid)
        .join(Series, Series.id == Instance.series_pk)
        .where(Series.study_pk == study.id)
    )
    return (Quarantined.org == study.org) & Quarantined.sop_instance_uid.in_(uids)


async def list_objects(session: AsyncSession, deletion_id: str, study: Study) -> Sequence[str]:
    """Write down the objects of a study with the files they were made from; return their ids.

    What is held for review under its UIDs is among them.
    """
    rows = (
        await session.execute(
            select(StoredObject.id, StoredObject.sha256, Series.id, Instance.sop_instance_uid)
            .join(Instance, Instance.object_id == StoredObject.id)
            .join(Series, Series.id == Instance.series_pk)
            .where(Series.study_pk == study.id)
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
    held = (await session.execute(held_for_review(study))).all()
    listed: dict[str, tuple[str | None, str | None]] = {
        sha256: (None, None) for _, sha256 in (*held, *sources)
    }
    listed |= {sha256: (series, uid) for _, sha256, series, uid in rows}
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
    return [*ids, *(pk for pk, _ in (*held, *sources))]


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
        # What was sent again after the decision, or under its UIDs, is held for review.
        delete(Quarantined).where(Quarantined.object_id.in_(objects) | _under_a_uid_of(study)),
        delete(EcgRecord).where(EcgRecord.study_pk == study.id),
        delete(Instance).where(Instance.series_pk.in_(series)),
        delete(Series).where(Series.study_pk == study.id),
        delete(Conversion).where(Conversion.object_id.in_(objects)),
        delete(StoredObject).where(StoredObject.id.in_(objects)),
        update(Study)
        .where(Study.id == study.id)
        .values(modalities="", series_count=0, instance_count=0),
    ):
        await session.execute(statement.execution_options(synchronize_session=False))
    await forget_performed(session, _performed_for_alone(study))
    await _forget_patients(session, study)
    return await count_anew(session, await settle(session, study.org, rejected), at)


async def _forget_patients(session: AsyncSession, study: Study) -> None:
    """Blank who a study is of: in its own row, and in records that no other study is under.

    Those are the record it is shown under, and the one it arrived under where that was merged.
    """
    arrived = await session.get(ArrivedPatient, study.id)
    records, names = {study.patient_pk}, {study.patient_name}
    if arrived is not None:
        records.add(arrived.patient_pk)
        names.add(arrived.patient_name)
        await session.delete(arrived)
        await session.flush()
    # A merge shows what is gone under the survivor, too: it takes the name of that one again.
    gone_too = (Study.patient_pk == study.patient_pk) & _is_gone()
    await session.execute(
        update(Study)
        .where((Study.id == study.id) | gone_too)
        .values(**dict.fromkeys(_BLANKED))
        .execution_options(synchronize_session=False)
    )
    await forget_names(session, {name for name in names if name})
    others = (
        select(Study.id)
        .outerjoin(ArrivedPatient, ArrivedPatient.study_pk == Study.id)
        .where(
            (Study.patient_pk == Patient.id) | (ArrivedPatient.patient_pk == Patient.id),
            Study.id != study.id,
            ~_is_gone(),
        )
        .correlate(Patient)
    )
    await session.execute(
        update(Patient)
        .where(Patient.id.in_(records), ~others.exists())
        .values(
            # Unique, and of a kind that is no number.
            identifier="study:" + Patient.id, name=None, name_latin=None, birth_date=None, sex=None,
        )
        .execution_options(synchronize_session=False)
    )  # fmt: skip


def _is_gone() -> ColumnElement[bool]:
    """Tell of a study whether it is purged, its row alone being left."""
    return exists().where(
        Deletion.study_pk == Study.id,
        Deletion.state.in_(GONE),
    )


def _performed_for_alone(study: Study) -> Select[str]:
    """Return the query of the steps performed for a study and for no other that is still here."""
    linked = (
        select(PerformedStep.id)
        .join(PerformedStudy, PerformedStudy.step_id == PerformedStep.id)
        .join(
            Study,
            (Study.org == PerformedStep.org)
            & (
                (Study.study_instance_uid == PerformedStudy.study_instance_uid)
                | PerformedStudy.exam_id.in_(
                    select(ScheduledExam.id).where(ScheduledExam.study_pk == Study.id)
                )
            ),
        )
    )
    of_others = linked.where(Study.id != study.id, ~_is_gone())
    return linked.where(Study.id == study.id, PerformedStep.id.not_in(of_others))
