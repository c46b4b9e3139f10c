"""The screening's state machine, over every pair, and what a record's severity says."""

from itertools import product

import pytest

from ecg.findings import FindingCode, Severity
from server.core.errors import Conflict
from server.ecg_records.models import (
    RecordSeverity,
    ScreeningEvent,
    ScreeningStatus,
    status_after,
)
from server.ecg_records.screening import severity_of

ALLOWED = {
    ("pending", "succeed"): "screened",
    ("pending", "fail"): "failed",
    ("screened", "retry"): "pending",
    ("failed", "retry"): "pending",
    ("off", "retry"): "pending",
}


@pytest.mark.parametrize(("status", "event"), list(product(ScreeningStatus, ScreeningEvent)))
def test_every_state_and_event_does_what_the_table_says_or_is_refused(
    status: ScreeningStatus, event: ScreeningEvent
) -> None:
    expected = ALLOWED.get((status.value, event.value))
    if expected is None:
        with pytest.raises(Conflict, match=f"{status} cannot {event}"):
            status_after(status, event)
    else:
        assert status_after(status, event) == expected


def finding(code: str, severity: Severity) -> dict[str, str]:
    return {"code": code, "severity": severity.value}


RED = finding("wide_qrs_tachycardia", Severity.RED)
ORANGE = finding("pause", Severity.ORANGE)
ROUTINE = finding("long_pr", Severity.ROUTINE)
HARMLESS = finding("sinus_rhythm", Severity.NORMAL)
WITHIN = finding(FindingCode.WITHIN_NORMAL_LIMITS, Severity.NORMAL)


@pytest.mark.parametrize("severity", Severity)
def test_what_cannot_be_interpreted_never_looks_normal(severity: Severity) -> None:
    found = severity_of([HARMLESS, finding(FindingCode.UNINTERPRETABLE, severity)])
    assert found in {RecordSeverity.UNINTERPRETABLE, RecordSeverity.RED}


@pytest.mark.parametrize(
    ("findings", "expected"),
    [
        ([HARMLESS, ORANGE, RED], RecordSeverity.RED),
        ([ROUTINE, ORANGE], RecordSeverity.ORANGE),
        ([HARMLESS, ROUTINE], RecordSeverity.ROUTINE),
        ([HARMLESS, WITHIN], RecordSeverity.NORMAL),
        ([HARMLESS], RecordSeverity.ROUTINE),
        ([], RecordSeverity.ROUTINE),
    ],
)
def test_a_record_is_as_severe_as_its_worst_finding(
    findings: list[dict[str, str]], expected: RecordSeverity
) -> None:
    assert severity_of(findings) is expected
