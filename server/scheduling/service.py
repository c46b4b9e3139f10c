"""What people do with scheduled examinations."""

import secrets
from datetime import date
from typing import Final

from sqlalchemy import select
from sqlalchemy.exc import IntegrityError
from sqlalchemy.ext.asyncio import AsyncSession

from dicom.dataset import PersonName
from dicom.latin import latin_name, parted_name
from dicom.uids import new_uid
from server.audit.public import AuditRecord, AuditTrail
from server.core.clock import Clock
from server.core.database import Database
from server.core.errors import Conflict, InvalidInput, NotFound
from server.core.ids import Ids
from server.identity.public import Actor, act_of
from server.scheduling.models import ExamEvent, ExamStatus, ScheduledExam, status_after
from server.scheduling.schemas import (
    ScheduledExamIn,
    ScheduledExamList,
    ScheduledExamOut,
    ScheduledPatientOut,
)
from server.studies.public import remember_names

_LONGEST_GROUP: Final = 64


class SchedulingService:
    """Schedules examinations at the institution of who asks."""

    def __init__(self, *, database: Database, audit: AuditTrail, clock: Clock, ids: Ids) -> None:
        self._database = database
        self._audit = audit
        self._clock = clock
        self._ids = ids

    async def schedule(self, actor: Actor, new: ScheduledExamIn) -> ScheduledExamOut:
        """Put an examination on the worklist of the actor's institution.

        Raises
        ------
        InvalidInput
            If the patient's name cannot be a PN value.
        Conflict
            If the institution gave the accession number before.
        """
        exam_id = self._ids.new()
        exam = ScheduledExam(
            id=exam_id,
            org=actor.org,
            institution_id=actor.institution_id,
            status=ExamStatus.SCHEDULED,
            study_instance_uid=new_uid(secrets.randbits),
            accession_number=new.accession_number or exam_id[:16].upper(),
            requested_procedure_id=f"RP{exam_id[:14].upper()}",
            step_id=f"SP{exam_id[:14].upper()}",
            patient_id=new.patient.patient_id.strip(),
            patient_name=person_name(new.patient.name, new.patient.name_latin),
            patient_birth_date=new.patient.birth_date,
            patient_sex=new.patient.sex,
            modality=new.modality,
            description=new.description.strip(),
            station_ae=new.station_ae,
            start_date=new.start_date,
            start_time=new.start_time.replace(tzinfo=None, microsecond=0),
            referring_physician=_physician(new.referring_physician),
            performing_physician=_physician(new.performing_physician),
            complaint=(new.complaint or "").strip() or None,
            emergency=new.emergency,
            study_pk=None,
            created_by=actor.id[:64],
            created_at=self._clock.now(),
            closed_at=None,
        )
        async with self._database.unit_of_work() as uow:
            uow.session.add(exam)
            try:
                await uow.session.flush()
            except IntegrityError as error:
                raise Conflict(
                    "an examination has this accession number already", code="accession-taken"
                ) from error
            await remember_names(
                uow.session, {exam.patient_name, *filter(None, [exam.performing_physician])}
            )
            detail = {"modality": exam.modality, "study_instance_uid": exam.study_instance_uid}
            self._audit.record(uow, _act(actor, "schedule", exam, detail))
            await uow.commit()
        return _out(exam)

    async def cancel(self, actor: Actor, exam_id: str) -> ScheduledExamOut:
        """Take an examination off the worklist.

        Raises
        ------
        NotFound, Conflict
            If it is out of reach, or was performed or cancelled.
        """
        async with self._database.unit_of_work() as uow:
            exam = await self._own(uow.session, actor, exam_id, for_update=True)
            exam.status = status_after(ExamStatus(exam.status), ExamEvent.CANCEL)
            exam.closed_at = self._clock.now()
            await uow.session.flush()
            self._audit.record(uow, _act(actor, "cancel", exam, {}))
            await uow.commit()
        return _out(exam)

    async def one(self, actor: Actor, exam_id: str) -> ScheduledExamOut:
        """Return one examination of the actor's institution; `NotFound` for any other."""
        async with self._database.reading() as session:
            return _out(await self._own(session, actor, exam_id))

    async def of_days(
        self, actor: Actor, *, first: date | None, last: date | None, status: ExamStatus, limit: int
    ) -> ScheduledExamList:
        """Return the examinations of the actor's institution within days, the next first."""
        query = select(ScheduledExam).where(
            ScheduledExam.org == actor.org,
            ScheduledExam.institution_id == actor.institution_id,
            ScheduledExam.status == status,
        )
        if first is not None:
            query = query.where(ScheduledExam.start_date >= first)
        if last is not None:
            query = query.where(ScheduledExam.start_date <= last)
        query = query.order_by(
            ScheduledExam.start_date, ScheduledExam.start_time, ScheduledExam.id
        ).limit(limit + 1)
        async with self._database.reading() as session:
            found = (await session.scalars(query)).all()
        return ScheduledExamList(
            items=[_out(exam) for exam in found[:limit]], more=len(found) > limit
        )

    async def _own(
        self, session: AsyncSession, actor: Actor, exam_id: str, *, for_update: bool = False
    ) -> ScheduledExam:
        query = select(ScheduledExam).where(
            ScheduledExam.id == exam_id,
            ScheduledExam.org == actor.org,
            ScheduledExam.institution_id == actor.institution_id,
        )
        found = await session.scalar(query.with_for_update() if for_update else query)
        if found is None:
            raise NotFound("there is no such examination")
        return found


def person_name(name: str, latin: str | None) -> str:
    """Return a PN value: Latin letters in its first group, Hanzi in the second (PS3.5 6.2.1).

    Raises
    ------
    InvalidInput
        If a group would be longer than 64 characters.
    """
    written = "^".join(part.strip() for part in name.split("^")).strip("^")
    if written.isascii():
        return latin or written
    written = parted_name(written)
    letters = latin or latin_name(written)
    if max(len(letters), len(written)) > _LONGEST_GROUP:
        raise InvalidInput("the name in Latin letters is too long: give a shorter one")
    return f"{letters}={written}"


def _physician(name: str | None) -> str | None:
    return person_name(name, None) if name is not None else None


def _act(actor: Actor, verb: str, exam: ScheduledExam, detail: dict[str, str]) -> AuditRecord:
    return act_of(
        actor, f"exam.{verb}", object_kind="scheduled_exam", object_id=exam.id, detail=detail
    )


def _out(exam: ScheduledExam) -> ScheduledExamOut:
    return ScheduledExamOut(
        id=exam.id,
        status=ExamStatus(exam.status),
        patient=ScheduledPatientOut(
            name=_shown(exam.patient_name) or "",
            name_latin=exam.patient_name.split("=")[0] or None,
            patient_id=exam.patient_id,
            birth_date=exam.patient_birth_date,
            sex=exam.patient_sex,
        ),
        modality=exam.modality,
        description=exam.description,
        start_date=exam.start_date,
        start_time=exam.start_time,
        study_instance_uid=exam.study_instance_uid,
        accession_number=exam.accession_number,
        requested_procedure_id=exam.requested_procedure_id,
        station_ae=exam.station_ae,
        referring_physician=_shown(exam.referring_physician),
        performing_physician=_shown(exam.performing_physician),
        complaint=exam.complaint,
        emergency=exam.emergency,
        study_id=exam.study_pk,
        created_at=exam.created_at,
    )


def _shown(name: str | None) -> str | None:
    if name is None:
        return None
    alphabetic, ideographic = (*name.split("=", 2), "")[:2]
    return PersonName(alphabetic, ideographic).display or None
