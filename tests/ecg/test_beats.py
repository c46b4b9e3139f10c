import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from benchmarks.ecg.accuracy_qrs import score
from ecg.beats import detect_beats
from tests.ecg.samples import one_lead, real, twelve


@pytest.mark.parametrize(
    ("name", "leads", "beats", "wrong"),
    [
        ("mitdb_119_0s", 1, 65, 0),
        ("mitdb_119_0s", 2, 65, 0),
        ("mitdb_201_60s", 1, 89, 0),
        ("mitdb_201_60s", 2, 89, 0),
        ("mitdb_208_0s", 1, 106, 0),
        ("mitdb_208_0s", 2, 106, 0),
    ],
)
def test_beats_of_real_minutes_are_found(name: str, leads: int, beats: int, wrong: int) -> None:
    minute = real(name)
    found = detect_beats(minute.samples_uv[:leads], minute.fs_hz)
    hits, false, missed = score(found, minute.marks["beats"], 0.15 * minute.fs_hz)
    assert (hits, false + missed) == (beats, wrong)


@pytest.mark.parametrize("fs_hz", [50.0, 128.0, 250.0, 360.0, 500.0, 1000.0, 4096.0])
def test_beats_are_where_they_are_at_any_rate(fs_hz: float) -> None:
    truth = np.arange(0.5, 19.5, 0.83)
    found = detect_beats(one_lead(truth, fs_hz, 20.0)[np.newaxis], fs_hz)
    assert found.size == truth.size
    assert np.abs(found / fs_hz - truth).max() < 0.04


@pytest.mark.parametrize("rate_bpm", [25, 30, 40, 60, 100, 150, 200, 240])
def test_every_rate_is_counted_once_a_beat(rate_bpm: int) -> None:
    truth = np.arange(0.5, 29.5, 60.0 / rate_bpm)
    samples = one_lead(truth, 500.0, 30.0, qt_s=0.26 * min(1.0, (60 / rate_bpm) ** 0.5))
    assert detect_beats(samples[np.newaxis], 500.0).size == truth.size


def test_no_beat_is_made_of_silence_or_of_nothing() -> None:
    assert detect_beats(np.zeros((2, 5000)), 500.0).size == 0
    assert detect_beats(np.full((2, 5000), np.nan), 500.0).size == 0
    assert detect_beats(np.zeros((1, 3)), 500.0).size == 0


def test_a_noisy_lead_does_not_spoil_a_clean_one() -> None:
    truth = np.arange(0.5, 29.5, 0.8)
    clean = one_lead(truth, 500.0, 30.0)
    noise = np.random.default_rng(3).normal(0.0, 800.0, clean.size)
    assert detect_beats(np.stack([noise, clean]), 500.0).size == truth.size


def test_a_dead_lead_with_one_click_does_not_silence_the_others() -> None:
    truth = np.arange(0.5, 29.5, 0.8)
    clean = one_lead(truth, 500.0, 30.0)
    dead = np.zeros((6, clean.size))
    dead[:, 722:726] = 80.0
    assert detect_beats(np.vstack([dead, clean[np.newaxis]]), 500.0).size == truth.size


def test_blocks_of_a_long_recording_join_without_seam() -> None:
    truth = np.arange(0.5, 1500.0, 0.8)
    samples = one_lead(truth[:1], 100.0, 0.8)
    long = np.tile(samples, 1900)
    found = detect_beats(long[np.newaxis], 100.0)
    assert np.ptp(np.diff(found)) <= 2
    assert found.size == 1900


@settings(deadline=None, max_examples=25)
@given(
    gain=st.floats(0.2, 5.0),
    offset_uv=st.floats(-50_000.0, 50_000.0),
    flip=st.booleans(),
    drift_uv=st.floats(0.0, 1000.0),
)
def test_gain_offset_polarity_and_drift_change_no_beat(
    gain: float, offset_uv: float, flip: bool, drift_uv: float
) -> None:
    plain = twelve(70.0, noise_uv=2.0)[1:2]
    drift = drift_uv * np.sin(2 * np.pi * 0.2 * np.arange(plain.shape[1]) / 500.0)
    changed = plain * gain * (-1.0 if flip else 1.0) + offset_uv + drift
    expected = detect_beats(plain, 500.0)
    found = detect_beats(changed, 500.0)
    assert found.size == expected.size
    assert np.abs(found - expected).max() <= 5
