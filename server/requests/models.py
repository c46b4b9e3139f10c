"""Diagnosis requests: one a study, its state machine, and every transition it made."""

from collections.abc import Mapping
from datetime import datetime
from enum import StrEnum
from typing import Final

from sqlalchemy import ForeignKey, Index, String
from sqlalchemy.orm import Mapped, mapped_column

from server.core.database import Base
from server.core.errors import Conflict


class RequestKind(StrEnum):
    """What there is to read."""

    ECG = "ecg"
    IMAGING = "imaging"


class RequestStatus(StrEnum):
    """Where a request stands: FHIR's ServiceRequest and Task as one state machine."""

    DRAFT = "draft"
    REQUESTED = "requested"
    RECEIVED = "received"
    """Claimed by a reader, and not yet opened."""
    ACCEPTED = "accepted"
    """Open before its reader."""
    IN_PROGRESS = "in-progress"
    """Being reported."""
    ON_HOLD = "on-hold"
    """Returned to the examining side: to be done again, or completed."""
    COMPLETED = "completed"
    REJECTED = "rejected"
    CANCELLED = "cancelled"
    FAILED = "failed"
    ENTERED_IN_ERROR = "entered-in-error"


class RequestEvent(StrEnum):
    """What may happen to a request."""

    SUBMIT = "submit"
    CLAIM = "claim"
    RELEASE = "release"
    ACCEPT = "accept"
    START = "start"
    HOLD = "hold"
    RESUME = "resume"
    COMPLETE = "complete"
    REOPEN = "reopen"
    """Its report is amended."""
    RECALL = "recall"
    """More of the study came than the issued report has seen, which stays issued."""
    REJECT = "reject"
    CANCEL = "cancel"
    FAIL = "fail"
    ENTER_IN_ERROR = "enter-in-error"


_S, _E = RequestStatus, RequestEvent

REQUEST_TRANSITIONS: Final[Mapping[tuple[RequestStatus, RequestEvent], RequestStatus]] = {
    (_S.DRAFT, _E.SUBMIT): _S.REQUESTED,
    (_S.DRAFT, _E.CANCEL): _S.CANCELLED,
    (_S.DRAFT, _E.ENTER_IN_ERROR): _S.ENTERED_IN_ERROR,
    (_S.REQUESTED, _E.CLAIM): _S.RECEIVED,
    (_S.REQUESTED, _E.HOLD): _S.ON_HOLD,
    (_S.REQUESTED, _E.REJECT): _S.REJECTED,
    (_S.REQUESTED, _E.CANCEL): _S.CANCELLED,
    (_S.REQUESTED, _E.FAIL): _S.FAILED,
    (_S.REQUESTED, _E.ENTER_IN_ERROR): _S.ENTERED_IN_ERROR,
    (_S.RECEIVED, _E.RELEASE): _S.REQUESTED,
    (_S.RECEIVED, _E.ACCEPT): _S.ACCEPTED,
    (_S.RECEIVED, _E.START): _S.IN_PROGRESS,
    (_S.RECEIVED, _E.HOLD): _S.ON_HOLD,
    (_S.RECEIVED, _E.REJECT): _S.REJECTED,
    (_S.RECEIVED, _E.CANCEL): _S.CANCELLED,
    (_S.RECEIVED, _E.FAIL): _S.FAILED,
    (_S.RECEIVED, _E.ENTER_IN_ERROR): _S.ENTERED_IN_ERROR,
    (_S.ACCEPTED, _E.RELEASE): _S.REQUESTED,
    (_S.ACCEPTED, _E.START): _S.IN_PROGRESS,
    (_S.ACCEPTED, _E.HOLD): _S.ON_HOLD,
    (_S.ACCEPTED, _E.REJECT): _S.REJECTED,
    (_S.ACCEPTED, _E.CANCEL): _S.CANCELLED,
    (_S.ACCEPTED, _E.FAIL): _S.FAILED,
    (_S.ACCEPTED, _E.ENTER_IN_ERROR): _S.ENTERED_IN_ERROR,
    (_S.IN_PROGRESS, _E.RELEASE): _S.REQUESTED,
    (_S.IN_PROGRESS, _E.HOLD): _S.ON_HOLD,
    (_S.IN_PROGRESS, _E.COMPLETE): _S.COMPLETED,
    (_S.IN_PROGRESS, _E.CANCEL): _S.CANCELLED,
    (_S.IN_PROGRESS, _E.FAIL): _S.FAILED,
    (_S.IN_PROGRESS, _E.ENTER_IN_ERROR): _S.ENTERED_IN_ERROR,
    (_S.ON_HOLD, _E.RESUME): _S.REQUESTED,
    (_S.ON_HOLD, _E.REJECT): _S.REJECTED,
    (_S.ON_HOLD, _E.CANCEL): _S.CANCELLED,
    (_S.ON_HOLD, _E.FAIL): _S.FAILED,
    (_S.ON_HOLD, _E.ENTER_IN_ERROR): _S.ENTERED_IN_ERROR,
    (_S.COMPLETED, _E.REOPEN): _S.IN_PROGRESS,
    (_S.COMPLETED, _E.RECALL): _S.REQUESTED,
    (_S.COMPLETED, _E.ENTER_IN_ERROR): _S.ENTERED_IN_ERROR,
    (_S.REJECTED, _E.ENTER_IN_ERROR): _S.ENTERED_IN_ERROR,
    (_S.CANCELLED, _E.ENTER_IN_ERROR): _S.ENTERED_IN_ERROR,
    (_S.FAILED, _E.ENTER_IN_ERROR): _S.ENTERED_IN_ERROR,
}

CLAIMED: Final = frozenset({_S.RECEIVED, _S.ACCEPTED, _S.IN_PROGRESS})
"""Somebody holds it."""
BACK_IN_LINE: Final = {_S.ON_HOLD: _E.RESUME, _S.COMPLETED: _E.RECALL}
"""What the system does to a request when more of its study comes: nobody has looked at that."""
WAITING: Final = CLAIMED | {_S.REQUESTED}
"""Still to be read."""
CLOSED: Final = frozenset({_S.COMPLETED, _S.REJECTED, _S.CANCELLED, _S.FAILED, _S.ENTERED_IN_ERROR})


def status_after(status: RequestStatus, event: RequestEvent) -> RequestStatus:
    """Return what ``event`` makes of ``status``.

    Raises
    ------
    Conflict
        If the table does not hold it.
    """
    after = REQUEST_TRANSITIONS.get((status, event))
    if after is None:
        raise Conflict(f"a request that is {status} cannot {event}", code="request-state-conflict")
    return after


class Risk(StrEnum):
    """How soon a physician must look, the soonest first; a machine only ever raises it."""

    RED = "red"
    ORANGE = "orange"
    UNINTERPRETABLE = "uninterpretable"
    """Nobody knows: above what was judged and found harmless."""
    ROUTINE = "routine"

    @property
    def rank(self) -> int:
        """Its place in the order of lists, the first being 0."""
        return list(Risk).index(self)


class ReturnReason(StrEnum):
    """Why a request goes back to the examining side (质控退回)."""

    POOR_QUALITY = "poor-quality"
    LEAD_REVERSAL = "lead-reversal"
    INCOMPLETE_IMAGES = "incomplete-images"
    MISSING_INFORMATION = "missing-information"
    WRONG_PATIENT = "wrong-patient"
    OTHER = "other"


class DiagnosisRequest(Base):
    """A study that waits to be read, is read, or was."""

    __tablename__ = "diagnosis_requests"

    id: Mapped[str] = mapped_column(String(32), primary_key=True)
    org: Mapped[str] = mapped_column(String(64))
    study_pk: Mapped[str] = mapped_column(ForeignKey("studies.id"), unique=True)
    kind: Mapped[RequestKind] = mapped_column(String(16))
    modality: Mapped[str | None] = mapped_column(String(16))
    """Of the first object that arrived: what the time allowed depends on."""
    requesting_institution_id: Mapped[str] = mapped_column(ForeignKey("institutions.id"))
    """Who examined (检查单位)."""
    diagnosing_institution_id: Mapped[str] = mapped_column(ForeignKey("institutions.id"))
    """Who reads (诊断单位)."""
    status: Mapped[RequestStatus] = mapped_column(String(16))
    transitions: Mapped[int]
    """How many transitions it made; the last one's number."""
    risk: Mapped[Risk] = mapped_column(String(16))
    emergency: Mapped[bool]
    """The examining side says that it cannot wait."""
    priority: Mapped[int]
    """Rank in lists, from risk and emergency (`urgency.priority_of`)."""
    complaint: Mapped[str | None] = mapped_column(String(500))
    acquired_at: Mapped[datetime | None]
    received_at: Mapped[datetime]
    due_at: Mapped[datetime]
    claimed_by: Mapped[str | None] = mapped_column(ForeignKey("people.id"))
    """Who holds it, or finished it."""
    claimed_at: Mapped[datetime | None]
    opened_at: Mapped[datetime | None]
    """When who claimed it first looked."""
    return_reason: Mapped[ReturnReason | None] = mapped_column(String(32))
    return_comment: Mapped[str | None] = mapped_column(String(500))
    closed_at: Mapped[datetime | None]


class RequestTransition(Base):
    """One step of a request: who, when, why. Rows are only ever added."""

    __tablename__ = "request_transitions"

    request_id: Mapped[str] = mapped_column(ForeignKey("diagnosis_requests.id"), primary_key=True)
    number: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    at: Mapped[datetime]
    event: Mapped[RequestEvent] = mapped_column(String(16))
    from_status: Mapped[RequestStatus] = mapped_column(String(16))
    to_status: Mapped[RequestStatus] = mapped_column(String(16))
    actor_kind: Mapped[str] = mapped_column(String(16))
    actor_id: Mapped[str | None] = mapped_column(String(64))
    institution_id: Mapped[str | None] = mapped_column(String(32))
    reason: Mapped[str | None] = mapped_column(String(500))
    comment: Mapped[str | None] = mapped_column(String(500))


Index(
    "ix_diagnosis_requests_diagnosing",
    DiagnosisRequest.diagnosing_institution_id,
    DiagnosisRequest.status,
    DiagnosisRequest.priority,
    DiagnosisRequest.due_at,
    DiagnosisRequest.id,
)
Index(
    "ix_diagnosis_requests_requesting",
    DiagnosisRequest.requesting_institution_id,
    DiagnosisRequest.status,
    DiagnosisRequest.priority,
    DiagnosisRequest.due_at,
    DiagnosisRequest.id,
)
Index(
    "ix_diagnosis_requests_org_closed",
    DiagnosisRequest.org,
    DiagnosisRequest.closed_at,
    DiagnosisRequest.id,
)
