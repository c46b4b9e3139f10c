"""ECGs as they arrived, and what the machine saw in them."""

from collections.abc import Mapping
from datetime import datetime
from enum import StrEnum
from typing import Any, Final

from sqlalchemy import JSON, ColumnElement, ForeignKey, Index, String, func
from sqlalchemy.orm import Mapped, mapped_column

from server.core.database import Base
from server.core.errors import Conflict


class ScreeningStatus(StrEnum):
    """Where the screening of one ECG stands."""

    PENDING = "pending"
    SCREENED = "screened"
    FAILED = "failed"
    OFF = "off"


class ScreeningEvent(StrEnum):
    """What may happen to a screening."""

    SUCCEED = "succeed"
    FAIL = "fail"
    RETRY = "retry"
    """New rules, or a person who asks."""


SCREENING_TRANSITIONS: Final[Mapping[tuple[ScreeningStatus, ScreeningEvent], ScreeningStatus]] = {
    (ScreeningStatus.PENDING, ScreeningEvent.SUCCEED): ScreeningStatus.SCREENED,
    (ScreeningStatus.PENDING, ScreeningEvent.FAIL): ScreeningStatus.FAILED,
    (ScreeningStatus.SCREENED, ScreeningEvent.RETRY): ScreeningStatus.PENDING,
    (ScreeningStatus.FAILED, ScreeningEvent.RETRY): ScreeningStatus.PENDING,
    (ScreeningStatus.OFF, ScreeningEvent.RETRY): ScreeningStatus.PENDING,
}


def status_after(status: ScreeningStatus, event: ScreeningEvent) -> ScreeningStatus:
    """Return what ``event`` makes of ``status``.

    Raises
    ------
    Conflict
        If the table does not hold it.
    """
    after = SCREENING_TRANSITIONS.get((status, event))
    if after is None:
        raise Conflict(
            f"a screening that is {status} cannot {event}", code="screening-state-conflict"
        )
    return after


class RecordSeverity(StrEnum):
    """How soon a physician must look at a recording, the soonest first.

    A recording that cannot be judged stands above those that were judged and found harmless: the
    patient is perhaps still there to be recorded again, and nobody may take it for normal.
    """

    RED = "red"
    ORANGE = "orange"
    UNINTERPRETABLE = "uninterpretable"
    ROUTINE = "routine"
    NORMAL = "normal"


class EcgRecord(Base):
    """One recording and its latest screening (`ecg screen --json`, see interfaces)."""

    __tablename__ = "ecg_records"

    id: Mapped[str] = mapped_column(String(32), primary_key=True)
    org: Mapped[str] = mapped_column(String(64))
    study_pk: Mapped[str] = mapped_column(ForeignKey("studies.id"), index=True)
    instance_pk: Mapped[str] = mapped_column(ForeignKey("instances.id"), unique=True)
    object_id: Mapped[str] = mapped_column(ForeignKey("objects.id"))
    """Where its original bytes are."""
    sop_instance_uid: Mapped[str] = mapped_column(String(64))
    owner_institution_id: Mapped[str] = mapped_column(ForeignKey("institutions.id"))
    """Who recorded it."""
    acquired_at: Mapped[datetime | None]
    received_at: Mapped[datetime]
    status: Mapped[ScreeningStatus] = mapped_column(String(16))
    rules_version: Mapped[str | None] = mapped_column(String(32))
    severity: Mapped[RecordSeverity | None] = mapped_column(String(16))
    heart_rate_bpm: Mapped[float | None]
    findings: Mapped[list[dict[str, Any]] | None] = mapped_column(JSON)
    """Code, texts and severity of each finding, as lists show them."""
    changes: Mapped[list[dict[str, Any]] | None] = mapped_column(JSON)
    """What changed since the patient's ECG before, as lists show it; None: none was compared."""
    screening: Mapped[dict[str, Any] | None] = mapped_column(JSON, deferred=True)
    """The whole of it, beat by beat: too much for lists."""
    failure: Mapped[str | None] = mapped_column(String(500))
    screened_at: Mapped[datetime | None]


def taken_at() -> ColumnElement[datetime]:
    """Return when a recording was made, or came in where nobody says."""
    return func.coalesce(EcgRecord.acquired_at, EcgRecord.received_at)


class EcgInstitution(Base):
    """What an institution decided on machine screening; without a row, it is on."""

    __tablename__ = "ecg_settings"

    institution_id: Mapped[str] = mapped_column(ForeignKey("institutions.id"), primary_key=True)
    screening: Mapped[bool]
    changed_at: Mapped[datetime]


Index("ix_ecg_records_org_received", EcgRecord.org, EcgRecord.received_at, EcgRecord.id)
Index("ix_ecg_records_status_received", EcgRecord.status, EcgRecord.received_at, EcgRecord.id)
