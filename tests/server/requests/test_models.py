"""The request's state machine, over every pair."""

from itertools import product

import pytest

from server.core.errors import Conflict
from server.requests.models import (
    CLAIMED,
    CLOSED,
    WAITING,
    RequestEvent,
    RequestStatus,
    Risk,
    status_after,
)

ALLOWED = {
    "draft": {"submit": "requested", "cancel": "cancelled"},
    "requested": {
        "claim": "received", "hold": "on-hold", "reject": "rejected", "cancel": "cancelled",
        "fail": "failed",
    },
    "received": {
        "release": "requested", "accept": "accepted", "start": "in-progress", "hold": "on-hold",
        "reject": "rejected", "cancel": "cancelled", "fail": "failed",
    },
    "accepted": {
        "release": "requested", "start": "in-progress", "hold": "on-hold",
        "reject": "rejected", "cancel": "cancelled", "fail": "failed",
    },
    "in-progress": {
        "release": "requested", "hold": "on-hold", "complete": "completed",
        "cancel": "cancelled", "fail": "failed",
    },
    "on-hold": {
        "resume": "requested", "reject": "rejected", "cancel": "cancelled", "fail": "failed",
    },
    "completed": {"reopen": "in-progress", "recall": "requested"},
    "rejected": {},
    "cancelled": {},
    "failed": {},
    "entered-in-error": {},
}  # fmt: skip


@pytest.mark.parametrize(("status", "event"), list(product(RequestStatus, RequestEvent)))
def test_every_state_and_event_does_what_the_table_says_or_is_refused(
    status: RequestStatus, event: RequestEvent
) -> None:
    expected = ALLOWED[status.value].get(event.value)
    if event == "enter-in-error" and status != "entered-in-error":
        # Whatever it was, it may turn out never to have been meant.
        expected = "entered-in-error"
    if expected is None:
        with pytest.raises(Conflict, match=f"{status} cannot {event}"):
            status_after(status, event)
    else:
        assert status_after(status, event) == expected


def test_every_status_is_waiting_or_returned_or_closed() -> None:
    assert CLAIMED < WAITING
    assert not WAITING & CLOSED
    assert set(RequestStatus) - WAITING - CLOSED == {RequestStatus.DRAFT, RequestStatus.ON_HOLD}


def test_risks_are_in_the_order_of_lists() -> None:
    assert sorted(Risk, key=lambda risk: risk.rank) == [
        "red", "orange", "uninterpretable", "routine",
    ]  # fmt: skip
