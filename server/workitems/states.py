"""How a request's state machine looks to UPS, in one table (PS3.4 CC.1.1)."""

from collections.abc import Mapping
from enum import StrEnum
from typing import Final

from server.requests.public import RequestEvent, RequestStatus


class StepState(StrEnum):
    """Procedure Step State (0074,1000)."""

    SCHEDULED = "SCHEDULED"
    IN_PROGRESS = "IN PROGRESS"
    COMPLETED = "COMPLETED"
    CANCELED = "CANCELED"


_R = RequestStatus

STEP_STATES: Final[Mapping[RequestStatus, StepState]] = {
    _R.DRAFT: StepState.SCHEDULED,
    _R.REQUESTED: StepState.SCHEDULED,
    _R.RECEIVED: StepState.IN_PROGRESS,
    _R.ACCEPTED: StepState.IN_PROGRESS,
    _R.IN_PROGRESS: StepState.IN_PROGRESS,
    # Returned to the examining side: its input is not ready (0040,4041 INCOMPLETE).
    _R.ON_HOLD: StepState.SCHEDULED,
    _R.COMPLETED: StepState.COMPLETED,
    _R.REJECTED: StepState.CANCELED,
    _R.CANCELLED: StepState.CANCELED,
    _R.FAILED: StepState.CANCELED,
    _R.ENTERED_IN_ERROR: StepState.CANCELED,
}
"""Deviation from PS3.4 Table CC.1.1-1: a workitem that its performer gives back, or of which more
came after its report, is SCHEDULED again; its Transaction UID is void then."""

CHANGES: Final[Mapping[tuple[StepState, StepState], RequestEvent]] = {
    (StepState.SCHEDULED, StepState.IN_PROGRESS): RequestEvent.CLAIM,
    (StepState.IN_PROGRESS, StepState.CANCELED): RequestEvent.CANCEL,
}
"""What a performer changes (PS3.18 11.7). COMPLETED is no such change: a signed report completes a
request, and without one the final state requirements are not met (PS3.4 CC.2.1.3)."""


def statuses_of(state: StepState) -> list[RequestStatus]:
    """Return every status that looks like ``state``."""
    return [status for status, each in STEP_STATES.items() if each is state]
