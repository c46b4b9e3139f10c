"""T wave alternans, drawn: how much each T wave differs is known."""

import numpy as np
import pytest

from ecg import screen
from ecg.findings import Finding, Severity
from ecg.findings import FindingCode as Code
from tests.ecg.samples import GAINS, Samples, bump, signal_of, twelve


def with_t(
    heights_uv: Samples, rate_bpm: float = 80.0, fs_hz: float = 500.0, noise_uv: float = 5.0
) -> Samples:
    """Return beats with ``heights_uv``, in turn, added to their T waves."""
    times = np.arange(0.4, 9.9, 60.0 / rate_bpm)
    samples = twelve(rate_bpm, fs_hz=fs_hz, noise_uv=noise_uv)
    at = np.arange(samples.shape[-1]) / fs_hz
    qt_s = 0.26 * min(1.0, float(np.sqrt(60.0 / rate_bpm)))
    for beat, time in enumerate(times):
        height = heights_uv[beat % len(heights_uv)]
        samples += GAINS[:, np.newaxis] * height * bump(at, time + qt_s, 0.04)
    return samples


def alternans(samples: Samples, fs_hz: float = 500.0) -> list[Finding]:
    result = screen(signal_of(samples, fs_hz))
    return [each for each in result.findings if each.code is Code.T_WAVE_ALTERNANS]


@pytest.mark.parametrize("fs_hz", [250.0, 500.0])
@pytest.mark.parametrize("noise_uv", [5.0, 20.0])
@pytest.mark.parametrize("rate_bpm", [65.0, 110.0])
@pytest.mark.parametrize("height_uv", [250.0, 400.0, -500.0])
def test_alternating_t_waves_are_critical(
    height_uv: float, rate_bpm: float, noise_uv: float, fs_hz: float
) -> None:
    drawn = with_t(np.array([0.0, height_uv]), rate_bpm, fs_hz, noise_uv)
    result = screen(signal_of(drawn, fs_hz))
    codes = {each.code for each in result.findings}
    assert Code.WITHIN_NORMAL_LIMITS not in codes
    (found,) = [each for each in result.findings if each.code is Code.T_WAVE_ALTERNANS]
    assert found.severity is Severity.RED
    by_lead = {each.lead: each.value for each in found.evidence.by_lead}
    assert by_lead["II"] == pytest.approx(abs(height_uv) / 1000.0, rel=0.2)


@pytest.mark.parametrize(
    "heights_uv",
    [
        (0.0,),
        (0.0, 60.0),
        (0.0, 100.0, 200.0, 100.0),
        (0.0, 250.0, 250.0),
        tuple(np.random.default_rng(3).uniform(-150.0, 150.0, 16)),
    ],
)
def test_t_waves_that_vary_otherwise_are_no_alternans(heights_uv: tuple[float, ...]) -> None:
    assert alternans(with_t(np.array(heights_uv))) == []


def test_alternating_beats_are_no_alternation_of_t() -> None:
    times = np.arange(0.4, 9.9, 0.75)
    other = twelve(times_s=times[1::2], seed=3)
    assert alternans(twelve(times_s=times) - 0.4 * other) == []


def test_alternating_intervals_are_no_alternation_of_t() -> None:
    times = 0.4 + np.cumsum(np.tile([0.7, 0.85], 6))
    samples = twelve(times_s=times)
    at = np.arange(samples.shape[-1]) / 500.0
    for time in times[::2]:
        samples += GAINS[:, np.newaxis] * 250.0 * bump(at, time + 0.26, 0.04)
    assert alternans(samples) == []
