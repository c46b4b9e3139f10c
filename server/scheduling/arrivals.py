"""The study that a scheduled examination became, recognised as its first images arrive."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from sqlalchemy import and_, or_, select

from server.audit.public import AuditTrail
from server.core.clock import Clock
from server.core.database import UnitOfWork
from server.identity.public import Actor, act_of
from server.scheduling.models import ExamEvent, ExamStatus, ScheduledExam, status_after


@dataclass(frozen=True)
class ArrivedStudy:
    """A study of which the first images just arrived."""

    pk: str
    org: str
    institution_id: str
    study_instance_uid: str
    accession_number: str | None
    patient_ids: frozenset[str]
    """As it came, and that of the record its patient was merged into."""
    sender: Actor


@dataclass(frozen=True)
class Order:
    """What was said of an examination when it was ordered."""

    emergency: bool
    complaint: str | None


class ExamArrivals:
    """Closes scheduled examinations as their images arrive, in intake's own transaction."""

    def __init__(self, *, audit: AuditTrail, clock: Clock) -> None:
        self._audit = audit
        self._clock = clock

    async def arrived(
        self, uow: UnitOfWork, studies: Sequence[ArrivedStudy]
    ) -> Mapping[str, Order]:
        """Return what was ordered with each study, by its key, for those that were scheduled.

        A study is one that was scheduled where its owner scheduled that Study Instance UID, or
        that accession number for that patient.
        """
        wanted = [
            and_(
                ScheduledExam.institution_id == study.institution_id,
                or_(
                    ScheduledExam.study_instance_uid == study.study_instance_uid,
                    and_(
                        ScheduledExam.accession_number == study.accession_number,
                        ScheduledExam.patient_id.in_(study.patient_ids),
                    ),
                ),
            )
            for study in studies
        ]
        found = await uow.session.scalars(
            select(ScheduledExam)
            .where(ScheduledExam.status == ExamStatus.SCHEDULED, or_(*wanted))
            .order_by(ScheduledExam.id)
            .with_for_update()
        )
        exams = found.all()
        orders = {}
        for study in studies:
            exam = _of(study, exams)
            if exam is None:
                continue
            exam.status = status_after(ExamStatus(exam.status), ExamEvent.ARRIVE)
            exam.study_pk, exam.closed_at = study.pk, self._clock.now()
            orders[study.pk] = Order(exam.emergency, exam.complaint)
            self._audit.record(
                uow,
                act_of(
                    study.sender,
                    "exam.arrive",
                    object_kind="scheduled_exam",
                    object_id=exam.id,
                    detail={
                        "study_id": study.pk,
                        # Somebody typed, or took the wrong line: people must look.
                        "other_patient": exam.patient_id not in study.patient_ids,
                    },
                ),
            )
        await uow.session.flush()
        return orders


def _of(study: ArrivedStudy, exams: Sequence[ScheduledExam]) -> ScheduledExam | None:
    own = [
        exam
        for exam in exams
        if exam.institution_id == study.institution_id and exam.status == ExamStatus.SCHEDULED
    ]
    by_uid = (exam for exam in own if exam.study_instance_uid == study.study_instance_uid)
    by_number = (
        exam
        for exam in own
        if exam.accession_number == study.accession_number and exam.patient_id in study.patient_ids
    )
    return next(by_uid, None) or next(by_number, None)
