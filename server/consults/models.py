"""Consults: one open room a case at most, and who is in it."""

from collections.abc import Mapping
from datetime import datetime
from enum import StrEnum
from typing import Final

from sqlalchemy import ForeignKey, Index, String, text
from sqlalchemy.orm import Mapped, mapped_column

from server.core.database import Base
from server.core.errors import Conflict


class ConsultStatus(StrEnum):
    """Where a consult stands."""

    OPEN = "open"
    CLOSED = "closed"


class ConsultEvent(StrEnum):
    """What may happen to a consult."""

    CLOSE = "close"


CONSULT_TRANSITIONS: Final[Mapping[tuple[ConsultStatus, ConsultEvent], ConsultStatus]] = {
    (ConsultStatus.OPEN, ConsultEvent.CLOSE): ConsultStatus.CLOSED,
}


def status_after(status: ConsultStatus, event: ConsultEvent) -> ConsultStatus:
    """Return what ``event`` makes of ``status``.

    Raises
    ------
    Conflict
        If the table does not hold it.
    """
    after = CONSULT_TRANSITIONS.get((status, event))
    if after is None:
        raise Conflict(f"a consult that is {status} cannot {event}", code="consult-state-conflict")
    return after


class Consult(Base):
    """A consult about a case (远程会诊); what is shown and said in it lives in the media role."""

    __tablename__ = "consults"

    id: Mapped[str] = mapped_column(String(32), primary_key=True)
    org: Mapped[str] = mapped_column(String(64))
    owner_institution_id: Mapped[str] = mapped_column(ForeignKey("institutions.id"))
    """Whose case it is: the examining institution."""
    request_id: Mapped[str] = mapped_column(ForeignKey("diagnosis_requests.id"))
    study_pk: Mapped[str] = mapped_column(ForeignKey("studies.id"), index=True)
    kind: Mapped[str] = mapped_column(String(16))
    """What the case is about, as the request has it."""
    status: Mapped[ConsultStatus] = mapped_column(String(16))
    opened_by: Mapped[str] = mapped_column(ForeignKey("people.id"))
    opened_at: Mapped[datetime]
    closed_by: Mapped[str | None] = mapped_column(ForeignKey("people.id"))
    closed_at: Mapped[datetime | None]


class ConsultMember(Base):
    """Somebody who was in a consult's room, and still is while ``left_at`` is empty."""

    __tablename__ = "consult_members"

    consult_id: Mapped[str] = mapped_column(ForeignKey("consults.id"), primary_key=True)
    person_id: Mapped[str] = mapped_column(ForeignKey("people.id"), primary_key=True)
    institution_id: Mapped[str] = mapped_column(ForeignKey("institutions.id"))
    first_joined_at: Mapped[datetime]
    joined_at: Mapped[datetime]
    left_at: Mapped[datetime | None]


# Two people who open a room for the same case at once meet in one.
Index(
    "uq_consults_open_request",
    Consult.request_id,
    unique=True,
    sqlite_where=text("status = 'open'"),
    postgresql_where=text("status = 'open'"),
)
Index("ix_consults_org_opened", Consult.org, Consult.opened_at, Consult.id)
Index("ix_consult_members_present", ConsultMember.left_at)
