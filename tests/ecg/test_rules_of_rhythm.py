"""The rules of rhythm on strips whose beats, labels and shapes are said, not found."""

from collections.abc import Mapping, Sequence

import numpy as np
import pytest

from ecg.critical import CriticalValues
from ecg.findings import Finding, Severity
from ecg.findings import FindingCode as Code
from ecg.intervals import Measurements
from ecg.rhythm import BeatLabel
from ecg.rhythm.ectopy import supraventricular_findings, ventricular_findings
from ecg.rhythm.fibrillation import Fibrillation, fibrillation_findings
from ecg.rhythm.rate import basic_findings
from ecg.rhythm.strip import Strip
from ecg.rhythm.view import COLUMN

CRITICAL = CriticalValues()


def strip(
    labels: str,
    rr_ms: Sequence[float] | float = 800.0,
    shapes: Mapping[str, float] | None = None,
    measured: Measurements | None = None,
) -> Strip:
    """Return a strip of beats by letter; every beat has the same shape."""
    several = rr_ms if isinstance(rr_ms, Sequence) else [rr_ms] * (len(labels) - 1)
    times = 400.0 + np.concatenate([[0.0], np.cumsum(several)])
    rows = np.zeros((len(labels), len(COLUMN)))
    for name, value in (shapes or {}).items():
        rows[:, COLUMN[name]] = value
    duration_ms = float(times[-1]) + 400.0
    return Strip(
        duration_ms=duration_ms,
        times_ms=times,
        gaps_ms=np.diff(times, prepend=0.0, append=duration_ms),
        labels=tuple(BeatLabel(each) for each in labels),
        shapes=rows,
        p_seen=np.zeros(len(labels), dtype=np.bool_),
        measured=measured or Measurements(qt_ms=400.0),
    )


def by_code(found: Sequence[Finding]) -> dict[Code, Finding]:
    return {each.code: each for each in found}


@pytest.mark.parametrize(("coupling_ms", "said"), [(380.0, True), (381.0, False)])
def test_a_ventricular_beat_within_t_is_red_up_to_20_ms_before_its_end(
    coupling_ms: float, said: bool
) -> None:
    one = strip("NNNNVNN", [800.0, 800.0, 800.0, coupling_ms, 1220.0, 800.0])
    found = by_code(ventricular_findings(one, CRITICAL)).get(Code.R_ON_T)
    assert (found is not None) is said
    if found is not None:
        assert (found.severity, found.evidence.value) == (Severity.RED, 380)
        assert found.evidence.beats == (4,)


def test_r_on_t_is_not_said_of_the_second_of_two_nor_without_a_qt() -> None:
    pair = strip("NNNVVNN", [800.0, 800.0, 500.0, 300.0, 1200.0, 800.0])
    assert Code.R_ON_T not in by_code(ventricular_findings(pair, CRITICAL))
    unmeasured = strip("NNNVNN", [800.0, 800.0, 300.0, 1300.0, 800.0], measured=Measurements())
    assert Code.R_ON_T not in by_code(ventricular_findings(unmeasured, CRITICAL))


@pytest.mark.parametrize(("rest_ms", "said"), [(400.0, True), (1100.0, False)])
def test_a_ventricular_beat_without_a_pause_is_interpolated(rest_ms: float, said: bool) -> None:
    one = strip("NNNVNNN", [800.0, 800.0, 450.0, rest_ms, 800.0, 800.0])
    found = by_code(ventricular_findings(one, CRITICAL))
    assert (Code.INTERPOLATED_VENTRICULAR_BEATS in found) is said


@pytest.mark.parametrize(
    ("labels", "like", "rr_ms", "code", "severity"),
    [
        ("NNVVVVVNN", 0.74, 300.0, Code.POLYMORPHIC_VENTRICULAR_TACHYCARDIA, Severity.RED),
        ("NNVVVVVNN", 0.75, 500.0, Code.VENTRICULAR_TACHYCARDIA, Severity.ORANGE),
        ("NNVVVVVNN", 0.95, 400.0, Code.VENTRICULAR_TACHYCARDIA, Severity.RED),
        ("NNVVVVNNN", 0.10, 500.0, Code.VENTRICULAR_TACHYCARDIA, Severity.ORANGE),
        ("NNVVVVVNN", 0.10, 601.0, Code.IDIOVENTRICULAR_RHYTHM, Severity.ORANGE),
    ],
)
def test_a_run_is_graded_by_rate_and_change_of_shape(
    labels: str, like: float, rr_ms: float, code: Code, severity: Severity
) -> None:
    one = strip(labels, rr_ms, {"qrs_like_previous": like})
    found = by_code(ventricular_findings(one, CRITICAL))
    graded = {
        Code.POLYMORPHIC_VENTRICULAR_TACHYCARDIA,
        Code.VENTRICULAR_TACHYCARDIA,
        Code.IDIOVENTRICULAR_RHYTHM,
    }
    assert graded & set(found) == {code}
    assert found[code].severity is severity
    assert set(found[code].evidence.beats) == {k for k, each in enumerate(labels) if each == "V"}


@pytest.mark.parametrize(
    ("labels", "codes"),
    [
        ("NNNNNN", set()),
        ("NNSNNN", {Code.SUPRAVENTRICULAR_ECTOPIC_BEATS}),
        ("NNSSNN", {Code.SUPRAVENTRICULAR_ECTOPIC_BEATS, Code.SUPRAVENTRICULAR_COUPLET}),
        ("NSNSNSN", {Code.SUPRAVENTRICULAR_ECTOPIC_BEATS, Code.ATRIAL_BIGEMINY}),
        ("NNSNNSNNSN", {Code.SUPRAVENTRICULAR_ECTOPIC_BEATS, Code.ATRIAL_TRIGEMINY}),
        ("NNSSSNN", {Code.SUPRAVENTRICULAR_ECTOPIC_BEATS, Code.SUPRAVENTRICULAR_RUN}),
    ],
)
def test_supraventricular_beats_and_their_patterns(labels: str, codes: set[Code]) -> None:
    found = by_code(supraventricular_findings(strip(labels)))
    assert set(found) == codes
    early = {place for place, each in enumerate(labels) if each == "S"}
    assert all(set(each.evidence.beats) <= early for each in found.values())


@pytest.mark.parametrize(
    ("width_ms", "shortest_ms", "said"),
    [(150.0, 250.0, True), (150.0, 251.0, False), (100.0, 200.0, False)],
)
def test_fibrillation_with_wide_beats_close_together_is_pre_excited(
    width_ms: float, shortest_ms: float, said: bool
) -> None:
    one = strip("NNNNNN", [400.0, shortest_ms, 500.0, 330.0, 420.0], {"class_width_ms": width_ms})
    everywhere = Fibrillation(0.9, 1.0, np.ones(6, dtype=np.bool_))
    found = by_code(fibrillation_findings(one, everywhere, CRITICAL))
    assert Code.SUSPECTED_ATRIAL_FIBRILLATION in found
    assert (Code.PREEXCITED_ATRIAL_FIBRILLATION in found) is said
    if said:
        assert found[Code.PREEXCITED_ATRIAL_FIBRILLATION].severity is Severity.RED
        assert found[Code.PREEXCITED_ATRIAL_FIBRILLATION].evidence.value == shortest_ms


def rhythm(
    rr_ms: Sequence[float] | float = 800.0,
    *,
    rate: float | None = 75.0,
    pr_ms: float | None = None,
    axis_p_deg: float | None = None,
    qrs_ms: float = 90.0,
) -> dict[Code, Finding]:
    measured = Measurements(
        heart_rate_bpm=rate, pr_ms=pr_ms, qrs_ms=qrs_ms, qt_ms=380.0, axis_p_deg=axis_p_deg
    )
    return by_code(basic_findings(strip("N" * 9, rr_ms, measured=measured), CRITICAL))


def test_a_p_wave_of_another_axis_is_atrial_or_where_close_to_qrs_junctional() -> None:
    assert set(rhythm(pr_ms=160.0, axis_p_deg=-80.0)) == {Code.ECTOPIC_ATRIAL_RHYTHM}
    assert set(rhythm(pr_ms=90.0, axis_p_deg=-80.0)) == {Code.JUNCTIONAL_RHYTHM}


def test_a_fast_rhythm_that_is_not_the_sinus_nodes_is_called_fast_and_no_more() -> None:
    uneven = [500.0, 540.0, 500.0, 540.0, 500.0, 540.0, 500.0, 540.0]
    assert Code.TACHYCARDIA in rhythm(uneven, rate=115.0)
    assert set(rhythm(520.0, rate=115.0, pr_ms=150.0, axis_p_deg=-80.0)) == {Code.TACHYCARDIA}


def test_without_a_p_wave_it_is_irregular_and_where_nothing_holds_undetermined() -> None:
    uneven = [700.0, 1000.0, 640.0, 900.0, 720.0, 1050.0, 650.0, 940.0]
    assert set(rhythm(uneven)) == {Code.IRREGULAR_RHYTHM}
    assert set(rhythm(rate=None)) == {Code.UNDETERMINED_RHYTHM}
