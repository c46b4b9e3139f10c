"""AV block of second degree, drawn: which P waves are conducted is known."""

from itertools import cycle, pairwise

import numpy as np
import pytest

from ecg import Screening, screen
from ecg.critical import CriticalValues
from ecg.findings import FindingCode as Code
from ecg.findings import Severity
from tests.ecg.samples import GAINS, Samples, bump, one_lead, signal_of, twelve

P_GAINS = np.array([0.7, 1.0, 0.3, -0.8, 0.2, 0.6, 0.5, 0.4, 0.4, 0.4, 0.4, 0.4])
BLOCKS = {
    Code.MOBITZ_I_AV_BLOCK,
    Code.MOBITZ_II_AV_BLOCK,
    Code.TWO_TO_ONE_AV_BLOCK,
    Code.HIGH_DEGREE_AV_BLOCK,
    Code.COMPLETE_AV_BLOCK,
}
WENCKEBACH = (0.16, 0.24, 0.28, None)
SHORT_WENCKEBACH = (0.18, 0.26, None)
MOBITZ_II = (0.18, 0.18, 0.18, 0.18, None)
TWO_TO_ONE = (0.18, None)
FOUR_TO_ONE = (0.18, None, None, None)
PAROXYSMAL = (0.16, 0.16, 0.16, 0.16, None, None, None)


def drawn(
    p_times_s: Samples,
    pr_s: tuple[float | None, ...],
    fs_hz: float = 500.0,
    noise_uv: float = 5.0,
    duration_s: float = 12.0,
) -> Samples:
    """Return P waves at ``p_times_s``, each with QRS and T after the next of ``pr_s``, if any."""
    pairs = list(zip(p_times_s, cycle(pr_s), strict=False))
    beats = np.array([time + pr for time, pr in pairs if pr is not None])
    beats = beats[beats < duration_s - 0.1]
    ventricles = one_lead(beats, fs_hz, duration_s, p_uv=0.0)
    at = np.arange(ventricles.size) / fs_hz
    atria = sum((120.0 * bump(at, time, 0.022) for time in p_times_s), np.zeros_like(at))
    noise = np.random.default_rng(1).normal(0.0, noise_uv, (12, at.size))
    return np.asarray(GAINS[:, np.newaxis] * ventricles + P_GAINS[:, np.newaxis] * atria + noise)


def blocks(result: Screening) -> dict[Code, Severity]:
    return {each.code: each.severity for each in result.findings if each.code in BLOCKS}


@pytest.mark.parametrize("fs_hz", [250.0, 500.0])
@pytest.mark.parametrize("noise_uv", [5.0, 20.0])
@pytest.mark.parametrize("rate_bpm", [70.0, 90.0])
@pytest.mark.parametrize(
    ("pr_s", "code", "severity"),
    [
        (WENCKEBACH, Code.MOBITZ_I_AV_BLOCK, Severity.ROUTINE),
        (SHORT_WENCKEBACH, Code.MOBITZ_I_AV_BLOCK, Severity.ROUTINE),
        (MOBITZ_II, Code.MOBITZ_II_AV_BLOCK, Severity.ORANGE),
        (TWO_TO_ONE, Code.TWO_TO_ONE_AV_BLOCK, Severity.ORANGE),
        (FOUR_TO_ONE, Code.HIGH_DEGREE_AV_BLOCK, Severity.RED),
        (PAROXYSMAL, Code.HIGH_DEGREE_AV_BLOCK, Severity.RED),
    ],
)
def test_blocked_p_waves_are_named_by_what_pr_does(
    pr_s: tuple[float | None, ...],
    code: Code,
    severity: Severity,
    rate_bpm: float,
    noise_uv: float,
    fs_hz: float,
) -> None:
    p_times_s = np.arange(0.35, 11.8, 60.0 / rate_bpm)
    result = screen(signal_of(drawn(p_times_s, pr_s, fs_hz, noise_uv), fs_hz))
    assert blocks(result) == {code: severity}
    said = {each.code for each in result.findings}
    assert not said & {Code.WITHIN_NORMAL_LIMITS, Code.SUSPECTED_ATRIAL_FIBRILLATION}
    found = next(each for each in result.findings if each.code is code)
    rr_s = np.diff([beat.sample for beat in result.beats]) / fs_hz
    assert found.evidence.beats
    assert all(rr_s[beat] > 1.3 * 60.0 / rate_bpm for beat in found.evidence.beats)


@pytest.mark.parametrize("rate_bpm", [100.0, 110.0, 120.0])
@pytest.mark.parametrize("pr_s", [FOUR_TO_ONE, (*FOUR_TO_ONE, None)])
def test_a_blocked_wave_in_t_does_not_make_two_to_one_of_more(
    pr_s: tuple[float | None, ...], rate_bpm: float
) -> None:
    p_times_s = np.arange(0.35, 11.8, 60.0 / rate_bpm)
    result = screen(signal_of(drawn(p_times_s, pr_s)))
    assert blocks(result) == {Code.HIGH_DEGREE_AV_BLOCK: Severity.RED}


def conducted(p_times_s: Samples) -> Samples:
    return drawn(p_times_s, (0.16,))


def breathing() -> Samples:
    """Return PP intervals that swing between 0.6 and 1.1 s."""
    turns = np.linspace(0.0, 6.0 * np.pi, 14)
    return conducted(0.3 + np.cumsum(0.85 + 0.25 * np.sin(turns)))


def blocked_premature(times: int, coupling_s: float = 0.45) -> Samples:
    """Return sinus P waves at 70 a minute; ``times`` premature ones without QRS, then a pause."""
    now = 0.3
    p_times: list[float] = []
    pr: list[float | None] = []
    for place in range(11):
        p_times.append(now)
        pr.append(0.16)
        if place % 3 == 2 and times:
            times -= 1
            p_times.append(now + coupling_s)
            pr.append(None)
            now += coupling_s
        now += 0.86
    return drawn(np.array(p_times), tuple(pr))


def sinus_pause() -> Samples:
    """Return an interval of twice the usual without any P wave in it: exit block of the node."""
    times = np.arange(0.3, 11.5, 0.8)
    return conducted(np.delete(times, 6))


def fibrillation() -> Samples:
    rng = np.random.default_rng(7)
    at = np.arange(6000) / 500.0
    waves = sum(
        (30.0 * np.sin(2.0 * np.pi * hz * at + rng.uniform(0.0, 6.3)) for hz in (5.1, 6.3, 7.4)),
        np.zeros_like(at),
    )
    beats = 0.4 + np.cumsum(rng.uniform(0.5, 1.4, 11))
    lead = one_lead(beats[beats < 11.8], 500.0, 12.0, p_uv=0.0) + waves
    return np.asarray(GAINS[:, np.newaxis] * lead + rng.normal(0.0, 5.0, (12, lead.size)))


def bigeminy() -> Samples:
    """Return a ventricular beat 0.5 s after each sinus beat; the P wave under it is not seen."""
    sinus = np.arange(0.5, 11.5, 1.6)
    wide = twelve(times_s=sinus + 0.5, width_s=0.028, p_uv=0.0, duration_s=12.0, seed=2)
    return conducted(sinus - 0.16) - 1.6 * wide


def with_u_waves(rate_bpm: float) -> Samples:
    """Return a slow sinus rhythm with U waves as high as P."""
    times = np.arange(0.4, 11.7, 60.0 / rate_bpm)
    at = np.arange(6000) / 500.0
    u_wave = sum((80.0 * bump(at, time + 0.5, 0.05) for time in times), np.zeros_like(at))
    return conducted(times - 0.16) + GAINS[:, np.newaxis] * u_wave


@pytest.mark.parametrize(
    "samples",
    [
        breathing(),
        blocked_premature(1),
        blocked_premature(3),
        blocked_premature(3, 0.55),
        sinus_pause(),
        fibrillation(),
        bigeminy(),
        *(with_u_waves(rate) for rate in (40.0, 45.0, 50.0, 55.0, 60.0)),
        conducted(np.arange(0.3, 11.7, 0.8)),
    ],
)
def test_pauses_of_another_kind_are_no_block(samples: Samples) -> None:
    assert blocks(screen(signal_of(samples))) == {}


@pytest.mark.parametrize("rate_bpm", [38.0, 42.0])
def test_independent_p_waves_stay_third_degree(rate_bpm: float) -> None:
    p_times_s = np.arange(0.1, 12.0, 0.75)
    ventricles = drawn(np.arange(0.3, 11.5, 60.0 / rate_bpm), (0.0,))
    ventricles -= drawn(np.arange(0.3, 11.5, 60.0 / rate_bpm), (None,))
    result = screen(signal_of(ventricles + drawn(p_times_s, (None,))))
    assert blocks(result) == {Code.COMPLETE_AV_BLOCK: Severity.RED}


def test_a_community_may_grade_it_otherwise() -> None:
    own = CriticalValues(severities={Code.HIGH_DEGREE_AV_BLOCK: Severity.ORANGE})
    p_times_s = np.arange(0.35, 11.8, 0.8)
    result = screen(signal_of(drawn(p_times_s, FOUR_TO_ONE)), own)
    assert blocks(result) == {Code.HIGH_DEGREE_AV_BLOCK: Severity.ORANGE}


def test_beats_of_the_evidence_are_followed_by_the_blocked_wave() -> None:
    p_times_s = np.arange(0.35, 11.8, 0.8)
    result = screen(signal_of(drawn(p_times_s, MOBITZ_II)))
    found = next(each for each in result.findings if each.code is Code.MOBITZ_II_AV_BLOCK)
    long = [
        place
        for place, (first, second) in enumerate(pairwise(result.beats))
        if second.sample - first.sample > 1.2 * 500
    ]
    assert set(found.evidence.beats) <= set(long)


def test_a_changing_pr_is_not_called_long() -> None:
    p_times_s = np.arange(0.35, 11.8, 0.86)
    result = screen(signal_of(drawn(p_times_s, (0.24, 0.3, 0.34, None))))
    assert blocks(result) == {Code.MOBITZ_I_AV_BLOCK: Severity.ROUTINE}
    assert Code.LONG_PR not in {each.code for each in result.findings}
    assert Code.LONG_PR in {
        each.code for each in screen(signal_of(drawn(p_times_s, (0.3,)))).findings
    }
