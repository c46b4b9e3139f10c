import math

import pytest

from ecg import screen
from ecg.critical import CriticalValues
from ecg.findings import FindingCode, Severity
from tests.ecg.samples import signal_of, twelve


def test_a_community_sets_the_severity_of_a_code() -> None:
    signal = signal_of(twelve(75.0, noise_uv=2.0) * 0.35)
    own = CriticalValues(severities={FindingCode.LOW_VOLTAGE: Severity.RED})
    assert FindingCode.LOW_VOLTAGE not in screen(signal).critical
    result = screen(signal, own)
    assert result.critical == (FindingCode.LOW_VOLTAGE,)
    assert result.findings[0].code is FindingCode.LOW_VOLTAGE


def test_severities_may_be_given_as_text_and_cannot_be_changed_later() -> None:
    own = CriticalValues(severities={"pause": "red"})  # type: ignore[dict-item]  # as text
    assert own.severities == {FindingCode.PAUSE: Severity.RED}
    with pytest.raises(TypeError):
        own.severities[FindingCode.PAUSE] = Severity.NORMAL  # type: ignore[index]  # that it fails


@pytest.mark.parametrize(
    "limits",
    [
        {"slow_red_bpm": 0.0},
        {"wide_red_bpm": math.nan},
        {"pause_orange_ms": 6000.0},
        {"qtc_red_ms": 480.0},
    ],
)
def test_limits_without_sense_are_refused(limits: dict[str, float]) -> None:
    with pytest.raises(ValueError, match="must"):
        CriticalValues(**limits)  # type: ignore[arg-type]  # by name
