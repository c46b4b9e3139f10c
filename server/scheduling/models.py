"""Examinations as they were scheduled and as devices perform them, and how each changes."""

from collections.abc import Mapping
from datetime import date, datetime, time
from enum import StrEnum
from typing import Final

from sqlalchemy import ForeignKey, Index, LargeBinary, String, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from server.core.database import Base
from server.core.errors import Conflict


class ExamStatus(StrEnum):
    """Where a scheduled examination stands."""

    SCHEDULED = "scheduled"
    PERFORMED = "performed"
    """Its images came, and with them its diagnosis request."""
    CANCELLED = "cancelled"


class ExamEvent(StrEnum):
    """What may happen to a scheduled examination."""

    ARRIVE = "arrive"
    CANCEL = "cancel"


EXAM_TRANSITIONS: Final[Mapping[tuple[ExamStatus, ExamEvent], ExamStatus]] = {
    (ExamStatus.SCHEDULED, ExamEvent.ARRIVE): ExamStatus.PERFORMED,
    (ExamStatus.SCHEDULED, ExamEvent.CANCEL): ExamStatus.CANCELLED,
}


def status_after(status: ExamStatus, event: ExamEvent) -> ExamStatus:
    """Return what ``event`` makes of ``status``.

    Raises
    ------
    Conflict
        If the table does not hold it.
    """
    after = EXAM_TRANSITIONS.get((status, event))
    if after is None:
        raise Conflict(f"an examination that is {status} cannot {event}", code="exam-conflict")
    return after


class ScheduledExam(Base):
    """One scheduled procedure step and what was ordered with it (PS3.4 K.6.1.2.2).

    Dates and times are the wall clock of the place, as DICOM has them.
    """

    __tablename__ = "scheduled_exams"
    __table_args__ = (
        UniqueConstraint("org", "study_instance_uid"),
        UniqueConstraint("institution_id", "accession_number"),
    )

    id: Mapped[str] = mapped_column(String(32), primary_key=True)
    org: Mapped[str] = mapped_column(String(64))
    institution_id: Mapped[str] = mapped_column(ForeignKey("institutions.id"))
    """Who examines (检查单位)."""
    status: Mapped[ExamStatus] = mapped_column(String(16))
    study_instance_uid: Mapped[str] = mapped_column(String(64))
    """Assigned in advance: the device gives its images this one."""
    accession_number: Mapped[str] = mapped_column(String(16))
    requested_procedure_id: Mapped[str] = mapped_column(String(16))
    step_id: Mapped[str] = mapped_column(String(16))
    patient_id: Mapped[str] = mapped_column(String(64))
    patient_name: Mapped[str] = mapped_column(String(200))
    """As `Study.patient_name`: alphabetic=ideographic=phonetic."""
    patient_birth_date: Mapped[date | None]
    patient_sex: Mapped[str | None] = mapped_column(String(1))
    modality: Mapped[str] = mapped_column(String(16))
    description: Mapped[str] = mapped_column(String(64))
    """The requested procedure, in words."""
    station_ae: Mapped[str | None] = mapped_column(String(16))
    """The device that shall examine; None for whichever of the institution asks."""
    start_date: Mapped[date]
    start_time: Mapped[time]
    referring_physician: Mapped[str | None] = mapped_column(String(200))
    performing_physician: Mapped[str | None] = mapped_column(String(200))
    complaint: Mapped[str | None] = mapped_column(String(500))
    emergency: Mapped[bool]
    study_pk: Mapped[str | None] = mapped_column(ForeignKey("studies.id"), index=True)
    """The study that its images became."""
    created_by: Mapped[str] = mapped_column(String(64))
    created_at: Mapped[datetime]
    closed_at: Mapped[datetime | None]


Index(
    "ix_scheduled_exams_institution",
    ScheduledExam.institution_id,
    ScheduledExam.status,
    ScheduledExam.start_date,
    ScheduledExam.start_time,
    ScheduledExam.id,
)


class PerformedStatus(StrEnum):
    """Performed Procedure Step Status (PS3.4 Table F.1-3)."""

    IN_PROGRESS = "IN PROGRESS"
    COMPLETED = "COMPLETED"
    DISCONTINUED = "DISCONTINUED"


class PerformedEvent(StrEnum):
    """What a device may say of a step that it performs."""

    CHANGE = "change"
    COMPLETE = "complete"
    DISCONTINUE = "discontinue"


PERFORMED_TRANSITIONS: Final[Mapping[tuple[PerformedStatus, PerformedEvent], PerformedStatus]] = {
    (PerformedStatus.IN_PROGRESS, PerformedEvent.CHANGE): PerformedStatus.IN_PROGRESS,
    (PerformedStatus.IN_PROGRESS, PerformedEvent.COMPLETE): PerformedStatus.COMPLETED,
    (PerformedStatus.IN_PROGRESS, PerformedEvent.DISCONTINUE): PerformedStatus.DISCONTINUED,
}
"""A step that has ended is never changed again (PS3.4 Table F.1-4, F.7.2.2.3)."""


class PerformedStep(Base):
    """A modality performed procedure step (PS3.3 B.17), as its device tells it."""

    __tablename__ = "performed_steps"
    __table_args__ = (UniqueConstraint("org", "sop_instance_uid"),)

    id: Mapped[str] = mapped_column(String(32), primary_key=True)
    org: Mapped[str] = mapped_column(String(64))
    institution_id: Mapped[str] = mapped_column(ForeignKey("institutions.id"))
    device_id: Mapped[str] = mapped_column(String(64))
    """Whose it is; kept when the device is no more."""
    sop_instance_uid: Mapped[str] = mapped_column(String(64))
    status: Mapped[PerformedStatus] = mapped_column(String(16))
    attributes_json_gz: Mapped[bytes] = mapped_column(LargeBinary)
    """All that the device said, as DICOM JSON, gzipped."""
    created_at: Mapped[datetime]
    changed_at: Mapped[datetime]
    ended_at: Mapped[datetime | None]


class PerformedStudy(Base):
    """A study that a step makes images for, and the examination that was scheduled, if it was."""

    __tablename__ = "performed_studies"

    step_id: Mapped[str] = mapped_column(ForeignKey("performed_steps.id"), primary_key=True)
    study_instance_uid: Mapped[str] = mapped_column(String(64), primary_key=True)
    exam_id: Mapped[str | None] = mapped_column(ForeignKey("scheduled_exams.id"), index=True)


class PerformedSeries(Base):
    """A series that a step made, and how many objects its device says are in it."""

    __tablename__ = "performed_series"

    step_id: Mapped[str] = mapped_column(ForeignKey("performed_steps.id"), primary_key=True)
    series_instance_uid: Mapped[str] = mapped_column(String(64), primary_key=True)
    instance_count: Mapped[int]


Index("ix_performed_studies_uid", PerformedStudy.study_instance_uid)
