"""Criteria that judge a measurement alone, at their limits."""

from dataclasses import replace

import pytest

from ecg.criteria.chambers import axis_findings
from ecg.criteria.intervals import interval_findings
from ecg.findings import FindingCode as Code
from tests.ecg.criteria.subjects import Drawn

AXES = {Code.LEFT_AXIS_DEVIATION, Code.RIGHT_AXIS_DEVIATION, Code.EXTREME_AXIS_DEVIATION}


@pytest.mark.parametrize(
    ("degrees", "code"),
    [
        (None, None),
        (-30.0, None),
        (-30.1, Code.LEFT_AXIS_DEVIATION),
        (-90.0, Code.LEFT_AXIS_DEVIATION),
        (-90.1, Code.EXTREME_AXIS_DEVIATION),
        (-179.0, Code.EXTREME_AXIS_DEVIATION),
        (90.0, None),
        (90.1, Code.RIGHT_AXIS_DEVIATION),
        (180.0, Code.RIGHT_AXIS_DEVIATION),
    ],
)
def test_the_axis_of_qrs(degrees: float | None, code: Code | None) -> None:
    subject = Drawn().subject()
    turned = replace(subject, measured=replace(subject.measured, axis_qrs_deg=degrees))
    assert {each.code for each in axis_findings(turned)} == ({code} if code else set())


@pytest.mark.parametrize(
    ("qtc_ms", "qrs_ms", "said"),
    [(340.0, 88.0, True), (341.0, 88.0, False), (330.0, 130.0, False)],
)
def test_a_short_qtc_is_said_of_narrow_qrs(qtc_ms: float, qrs_ms: float, said: bool) -> None:
    subject = Drawn(qrs_ms=qrs_ms).subject()
    measured = replace(subject.measured, qtc_fridericia_ms=qtc_ms, heart_rate_bpm=70.0)
    found = {each.code for each in interval_findings(replace(subject, measured=measured))}
    assert (Code.SHORT_QTC in found) is said
