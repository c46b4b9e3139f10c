"""Display filters: each takes away what it names, moves no wave and fills no gap."""

import numpy as np
import pytest

from ecg import EcgSignal
from ecg.display import DisplayFilter, filtered

FS_HZ = 500.0


def tone(hz: float, fs_hz: float = FS_HZ, seconds: float = 60.0) -> EcgSignal:
    at = np.arange(int(seconds * fs_hz)) / fs_hz
    return EcgSignal(1000.0 * np.cos(2.0 * np.pi * hz * at)[np.newaxis], fs_hz, ("II",))


def share_left(signal: EcgSignal, chosen: DisplayFilter) -> float:
    """Return the amplitude that is left, away from the ends."""
    middle = slice(signal.n_samples // 4, 3 * signal.n_samples // 4)
    left = filtered(signal, chosen).samples_uv[0, middle]
    return float(np.ptp(left) / np.ptp(signal.samples_uv[0, middle]))


@pytest.mark.parametrize(
    ("chosen", "kept_hz", "halved_hz"),
    [
        (DisplayFilter.LOW_35, 5.0, 35.0),
        (DisplayFilter.LOW_100, 20.0, 100.0),
        (DisplayFilter.HIGH_0_05, 1.0, 0.05),
        (DisplayFilter.HIGH_0_5, 5.0, 0.5),
        (DisplayFilter.BAND_0_5_35, 5.0, 35.0),
        (DisplayFilter.BAND_0_5_35, 5.0, 0.5),
    ],
)
def test_a_corner_halves_its_frequency_forwards_and_backwards(
    chosen: DisplayFilter, kept_hz: float, halved_hz: float
) -> None:
    assert share_left(tone(kept_hz), chosen) == pytest.approx(1.0, abs=0.02)
    assert share_left(tone(halved_hz), chosen) == pytest.approx(0.5, abs=0.03)


def test_the_notch_takes_the_mains_and_leaves_its_neighbours() -> None:
    assert share_left(tone(50.0), DisplayFilter.NOTCH_50) < 0.01
    assert share_left(tone(20.0), DisplayFilter.NOTCH_50) == pytest.approx(1.0, abs=0.02)


def test_no_wave_moves() -> None:
    at = np.arange(5000) / FS_HZ
    wave = EcgSignal(1000.0 * np.exp(-(((at - 5.0) / 0.03) ** 2))[np.newaxis], FS_HZ, ("II",))
    for chosen in DisplayFilter:
        peak = int(np.argmax(filtered(wave, chosen).samples_uv[0]))
        assert abs(peak - 2500) <= 1, chosen


def test_what_was_not_recorded_stays_missing_and_nothing_else_does() -> None:
    signal = tone(1.0)
    samples = signal.samples_uv.copy()
    samples[0, 1000:1200] = np.nan
    gap = EcgSignal(samples, FS_HZ, ("II",))
    for chosen in DisplayFilter:
        missing = np.isnan(filtered(gap, chosen).samples_uv[0])
        assert np.flatnonzero(missing).tolist() == list(range(1000, 1200))


def test_near_half_the_sampling_rate_there_is_nothing_to_take_away() -> None:
    slow = tone(20.0, fs_hz=100.0)
    for chosen in (DisplayFilter.LOW_100, DisplayFilter.NOTCH_50):
        assert np.array_equal(filtered(slow, chosen).samples_uv, slow.samples_uv)


def test_every_filter_is_said_in_words() -> None:
    assert len({chosen.text_zh for chosen in DisplayFilter}) == len(DisplayFilter)
