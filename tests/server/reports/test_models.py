"""The report's state machine, over every pair."""

from itertools import product

import pytest

from server.core.errors import Conflict
from server.reports.models import (
    DRAFTS,
    ISSUED,
    SIGNING_EVENT,
    UNDER_WAY,
    AmendmentKind,
    ReportEvent,
    ReportStatus,
    status_after,
)

# registered → preliminary (⇄ returned) → final → amended, corrected or appended.
ALLOWED = {
    "submit": {"registered": "preliminary", "returned": "preliminary"},
    "return": {"preliminary": "returned"},
    "sign": dict.fromkeys(("registered", "returned", "preliminary"), "final"),
    "sign-amended": dict.fromkeys(("registered", "returned", "preliminary"), "amended"),
    "sign-corrected": dict.fromkeys(("registered", "returned", "preliminary"), "corrected"),
    "sign-appended": dict.fromkeys(("registered", "returned", "preliminary"), "appended"),
    "reopen": dict.fromkeys(("final", "amended", "corrected", "appended"), "registered"),
    "cancel": dict.fromkeys(("registered", "returned", "preliminary"), "cancelled"),
    "enter-in-error": dict.fromkeys(
        ("final", "amended", "corrected", "appended"), "entered-in-error"
    ),
}


@pytest.mark.parametrize(("status", "event"), list(product(ReportStatus, ReportEvent)))
def test_every_state_and_event_does_what_the_table_says_or_is_refused(
    status: ReportStatus, event: ReportEvent
) -> None:
    expected = ALLOWED[event.value].get(status.value)
    if expected is None:
        with pytest.raises(Conflict, match=f"{status} cannot {event}") as refused:
            status_after(status, event)
        assert refused.value.code == "report-state-conflict"
    else:
        assert status_after(status, event) == expected


def test_what_is_under_way_is_not_issued_and_only_drafts_are_written_in() -> None:
    assert DRAFTS < UNDER_WAY
    assert not UNDER_WAY & ISSUED
    assert set(ReportStatus) - UNDER_WAY - ISSUED == {"cancelled", "entered-in-error"}


@pytest.mark.parametrize("kind", [None, *AmendmentKind])
def test_a_signature_issues_what_the_amendment_is_called(kind: AmendmentKind | None) -> None:
    after = status_after(ReportStatus.PRELIMINARY, SIGNING_EVENT[kind])
    assert after == (kind or "final")
    assert after in ISSUED
