"""Rhythms whose truth is known, because they were made."""

import numpy as np
import pytest

from ecg import screen
from ecg.critical import CriticalValues
from ecg.findings import FindingCode as Code
from ecg.findings import Qualifier, Severity
from ecg.rhythm import BeatLabel
from ecg.signal import Patient
from tests.ecg.samples import GAINS, Samples, bump, one_lead, signal_of, twelve

FS = 500.0
AT = np.arange(5000) / FS


def said(samples: Samples, critical: CriticalValues | None = None) -> dict[Code, Severity]:
    """Return codes with severities."""
    result = screen(signal_of(samples), critical or CriticalValues())
    return {each.code: each.severity for each in result.findings}


def with_ventricular(pattern: str, rr_s: float = 0.8, coupling: float = 0.62) -> Samples:
    """Return beats by letter: N on time, V wide, opposite, early and followed by a pause."""
    normal: list[float] = []
    wide: list[float] = []
    now = 0.4
    for place, letter in enumerate(pattern):
        if letter == "N":
            now += rr_s if place and pattern[place - 1] == "N" else 0.0
            now += 1.4 * rr_s if place and pattern[place - 1] == "V" else 0.0
            normal.append(now)
        else:
            now += coupling * rr_s if pattern[place - 1] == "N" else 0.4
            wide.append(now)
    first = twelve(times_s=np.array(normal))
    return first - 1.6 * twelve(times_s=np.array(wide), width_s=0.028, p_uv=0.0, seed=2)


@pytest.mark.parametrize(
    ("pattern", "code"),
    [
        ("NNNNVNNNNNN", Code.VENTRICULAR_ECTOPIC_BEATS),
        ("NNNNVVNNNNN", Code.VENTRICULAR_COUPLET),
        ("NNVNVNVNVNN", Code.VENTRICULAR_BIGEMINY),
        ("NNVNNVNNVNN", Code.VENTRICULAR_TRIGEMINY),
        ("NNNNVVVVVNNN", Code.VENTRICULAR_TACHYCARDIA),
    ],
)
def test_ventricular_beats_are_counted_and_their_pattern_named(pattern: str, code: Code) -> None:
    result = screen(signal_of(with_ventricular(pattern)))
    assert "".join(beat.label for beat in result.beats) == pattern
    found = next(each for each in result.findings if each.code is code)
    assert set(found.evidence.beats) <= {k for k, letter in enumerate(pattern) if letter == "V"}


def flutter(period_s: float, every: int) -> Samples:
    """Return rounded saw teeth of 0.3 mV with a narrow QRS and a small T at some of them."""
    turn = 2.0 * np.pi * AT / period_s
    teeth = 140.0 * (np.sin(turn) + 0.35 * np.sin(2.0 * turn))
    times = np.arange(0.4, 9.8, period_s * every)
    lead = one_lead(times, FS, 10.0, p_uv=0.0, t_uv=60.0) + teeth
    noise = np.random.default_rng(1).normal(0.0, 5.0, (12, lead.size))
    return np.asarray(GAINS[:, np.newaxis] * lead + noise)


@pytest.mark.parametrize("every", [3, 4])
def test_saw_teeth_between_qrs_are_suspected_flutter(every: int) -> None:
    codes = said(flutter(0.21, every))
    assert Code.SUSPECTED_ATRIAL_FLUTTER in codes
    assert not {Code.SINUS_RHYTHM, Code.SUSPECTED_ATRIAL_FIBRILLATION} & set(codes)


def chaos(seed: int, lowest_hz: float, highest_hz: float, height_uv: float = 400.0) -> Samples:
    """Return band-limited noise shared by the leads."""
    rng = np.random.default_rng(seed)
    spectrum = np.zeros(2501, dtype=np.complex128)
    hz = np.arange(2501) / 10.0
    band = (hz >= lowest_hz) & (hz <= highest_hz)
    spectrum[band] = rng.normal(size=band.sum()) + 1j * rng.normal(size=band.sum())
    wave = np.fft.irfft(spectrum, 5000)
    wave *= height_uv / wave.std()
    return np.asarray(GAINS[:, np.newaxis] * wave + rng.normal(0.0, 5.0, (12, 5000)))


@pytest.mark.parametrize("seed", range(4))
def test_coarse_ventricular_fibrillation_is_critical_and_never_just_uninterpretable(
    seed: int,
) -> None:
    assert said(chaos(seed, 4.0, 5.5))[Code.VENTRICULAR_FIBRILLATION] is Severity.RED


@pytest.mark.parametrize("band", [(0.1, 1.0), (20.0, 150.0), (49.0, 51.0)])
def test_wander_muscle_and_mains_are_no_fibrillation(band: tuple[float, float]) -> None:
    codes = said(chaos(1, *band))
    assert Code.VENTRICULAR_FIBRILLATION not in codes
    assert Code.WITHIN_NORMAL_LIMITS not in codes


def paced(offset_s: float) -> Samples:
    """Return beats with a spike of 2 ms before each R."""
    times = np.arange(0.5, 9.8, 0.85)
    samples = twelve(times_s=times, width_s=0.03, p_uv=0.0)
    for time in times:
        samples[:, round((time + offset_s) * FS)] += 900.0 * GAINS
    return samples


def test_spikes_before_qrs_are_ventricular_pacing_and_label_the_beats() -> None:
    result = screen(signal_of(paced(-0.06)))
    found = next(each for each in result.findings if each.code is Code.PACED_RHYTHM)
    assert found.qualifiers == (Qualifier.VENTRICULAR_PACING,)
    assert {beat.label for beat in result.beats} == {BeatLabel.PACED}
    assert Code.PACED_RHYTHM not in said(twelve(70.0, width_s=0.03, p_uv=0.0))


def dissociated() -> Samples:
    """Return P waves at 80 a minute that march through QRS complexes at 38."""
    lead = sum((150.0 * bump(AT, time, 0.022) for time in np.arange(0.1, 10.0, 0.75)), 0.0 * AT)
    return twelve(38.0, p_uv=0.0) + np.asarray(GAINS[:, np.newaxis] * lead)


def test_p_waves_independent_of_qrs_are_complete_block() -> None:
    assert said(dissociated())[Code.COMPLETE_AV_BLOCK] is Severity.RED
    assert Code.COMPLETE_AV_BLOCK not in said(twelve(38.0))


def test_a_community_sets_its_own_limit_of_a_slow_rate() -> None:
    assert Code.EXTREME_BRADYCARDIA not in said(twelve(39.0))
    own = CriticalValues(slow_red_bpm=40.0)
    assert said(twelve(39.0), own)[Code.EXTREME_BRADYCARDIA] is Severity.RED


def test_fibrillation_is_said_of_a_child_too_but_no_rhythm_is_named() -> None:
    result = screen(signal_of(chaos(2, 4.0, 5.5), FS, Patient(age_years=9.0)))
    assert Code.VENTRICULAR_FIBRILLATION in result.critical
