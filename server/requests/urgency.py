"""How urgent a request is: its place in lists, when it is due, and whether it rings."""

from datetime import datetime, timedelta
from typing import Final

from sqlalchemy import ColumnElement, and_, or_

from server.requests.models import DiagnosisRequest, RequestKind, RequestStatus, Risk

# Time allowed from acquisition, routine and emergency (workflow.md, SLA defaults).
_ECG: Final = (timedelta(minutes=30), timedelta(minutes=10))
_CROSS_SECTIONAL: Final = (timedelta(hours=4), timedelta(minutes=60))
_OTHER_IMAGING: Final = (timedelta(minutes=60), timedelta(minutes=30))
_CROSS_SECTIONAL_MODALITIES: Final = frozenset({"CT", "MR"})
# Past this, an acquisition is an old exam sent late, or a device's clock: neither says how long
# somebody has been waiting.
_PLAUSIBLE_TRANSFER: Final = timedelta(hours=24)
# A red case that was claimed and not looked at rings again for all (mock-ups, "Decided" 2).
RINGS_AGAIN_AFTER: Final = timedelta(minutes=2)


def priority_of(risk: Risk, *, emergency: bool) -> int:
    """Return the rank in lists: what the township calls an emergency is at least orange."""
    return min(risk.rank, Risk.ORANGE.rank) if emergency else risk.rank


def due_at(
    kind: RequestKind,
    modality: str | None,
    *,
    risk: Risk,
    emergency: bool,
    acquired_at: datetime | None,
    received_at: datetime,
) -> datetime:
    """Return when the report is due; the clock starts at a plausible acquisition."""
    routine, urgent = _ECG
    if kind is RequestKind.IMAGING:
        cross_sectional = modality in _CROSS_SECTIONAL_MODALITIES
        routine, urgent = _CROSS_SECTIONAL if cross_sectional else _OTHER_IMAGING
    start = received_at
    if acquired_at is not None and received_at - _PLAUSIBLE_TRANSFER <= acquired_at < received_at:
        start = acquired_at
    return start + (urgent if emergency or risk is Risk.RED else routine)


def is_alarm(status: RequestStatus, risk: Risk) -> bool:
    """Tell whether nobody has answered a red case yet: it rings at every reader."""
    return risk is Risk.RED and status is RequestStatus.REQUESTED


def is_ringing(request: DiagnosisRequest, now: datetime) -> bool:
    """Tell whether a red case rings: unanswered, or answered and not looked at since."""
    status, risk = RequestStatus(request.status), Risk(request.risk)
    if is_alarm(status, risk):
        return True
    return (
        risk is Risk.RED
        and status is RequestStatus.RECEIVED
        and request.claimed_at is not None
        and now - request.claimed_at >= RINGS_AGAIN_AFTER
    )


def rings(now: datetime) -> ColumnElement[bool]:
    """Return the condition that a request rings: `is_ringing`, asked of the database."""
    status = DiagnosisRequest.status
    not_looked_at = and_(
        status == RequestStatus.RECEIVED, DiagnosisRequest.claimed_at <= now - RINGS_AGAIN_AFTER
    )
    return and_(
        DiagnosisRequest.risk == Risk.RED, or_(status == RequestStatus.REQUESTED, not_looked_at)
    )


def weigh(request: DiagnosisRequest) -> None:
    """Set place and due time anew, after risk or emergency changed."""
    risk = Risk(request.risk)
    request.priority = priority_of(risk, emergency=request.emergency)
    request.due_at = due_at(
        RequestKind(request.kind),
        request.modality,
        risk=risk,
        emergency=request.emergency,
        acquired_at=request.acquired_at,
        received_at=request.received_at,
    )
