import numpy as np
import pytest

from ecg import EcgSignal, screen
from ecg.beats import detect_beats
from ecg.delineate import delineate, without_baseline
from ecg.waves import _qrs_bounds
from tests.ecg.samples import Samples, bump, one_lead, real, signal_of, twelve


def nearest(found: list[int], truth: np.ndarray) -> Samples:
    """Return the distance from each truth to the nearest found, in samples."""
    return np.array([np.array(found)[np.argmin(np.abs(np.array(found) - t))] - t for t in truth])


@pytest.mark.parametrize(
    ("boundary", "within_ms"),
    [("p_on", 20), ("p_off", 20), ("qrs_on", 20), ("qrs_off", 20), ("t_on", 45), ("t_off", 30)],
)
def test_boundaries_lie_where_cardiologists_put_them(boundary: str, within_ms: float) -> None:
    record = real("ludb_118")
    result = screen(EcgSignal(record.samples_uv, record.fs_hz, record.leads))
    found = [getattr(beat, boundary) for beat in result.beats]
    apart_ms = nearest([x for x in found if x is not None], record.marks[boundary]) * 2.0
    assert np.abs(np.median(apart_ms)) <= within_ms
    assert np.abs(apart_ms).max() <= within_ms + 20


def test_boundaries_are_in_order_and_inside_the_recording() -> None:
    signal = signal_of(twelve(75.0))
    for beat in screen(signal).beats:
        marks = [beat.p_on, beat.p_peak, beat.p_off, beat.qrs_on, beat.r, beat.qrs_off]
        marks += [beat.t_on, beat.t_peak, beat.t_off]
        seen = [mark for mark in marks if mark is not None]
        assert seen == sorted(seen)
        assert 0 <= seen[0] <= seen[-1] < signal.n_samples


def test_two_shapes_are_two_classes_and_the_larger_comes_first() -> None:
    times = np.arange(0.5, 19.5, 0.8)
    narrow, wide = np.delete(times, np.s_[3::4]), times[3::4]
    lead = one_lead(narrow, 500.0, 20.0) - one_lead(wide, 500.0, 20.0, width_s=0.04, p_uv=0.0)
    samples = lead[np.newaxis]
    result = delineate(samples, detect_beats(samples, 500.0), 500.0)
    assert [each.members.size for each in result.classes] == [narrow.size, wide.size]
    first, second = (each.fiducials for each in result.classes)
    assert second.qrs_off - second.qrs_on > 1.8 * (first.qrs_off - first.qrs_on)


def test_the_baseline_is_removed_but_not_the_st_segment() -> None:
    at = np.arange(5000) / 500.0
    times = np.arange(0.5, 9.5, 0.8)
    lifted = np.zeros(5000)
    for beat in times:
        lifted[(at > beat + 0.03) & (at < beat + 0.15)] += 200.0
    plain = one_lead(times, 500.0, 10.0, p_uv=0.0) + lifted
    drifting = plain + 300.0 * np.sin(2 * np.pi * 0.15 * at)
    beats = np.rint(times * 500).astype(np.int64)
    cleaned = without_baseline(drifting[np.newaxis], beats, 500.0)[0]
    inside = slice(500, 4500)
    assert np.abs(cleaned[inside] - plain[inside]).max() < 40.0


def test_no_beats_give_no_classes() -> None:
    empty = np.empty(0, dtype=np.int64)
    assert delineate(np.zeros((2, 1000)), empty, 500.0).classes == ()


def test_fibrillation_waves_are_no_p_wave() -> None:
    random = np.random.default_rng(5)
    times = 0.4 + np.cumsum(random.uniform(0.45, 0.95, 12))
    times = times[times < 9.5]
    at = np.arange(5000) / 500.0
    waves = 60.0 * np.sin(2 * np.pi * 6.1 * at + 2.0 * np.sin(2 * np.pi * 0.4 * at))
    samples = twelve(times_s=times, p_uv=0.0) + waves
    assert all(beat.p_on is None for beat in screen(signal_of(samples)).beats)


def test_a_late_r_of_one_lead_belongs_to_qrs_though_all_is_quiet_on_its_top() -> None:
    at = np.arange(530) / 500.0
    usual = 1000.0 * bump(at, 0.42, 0.008)
    late = np.where(np.abs(at - 0.475) <= 0.03, 1.0, 0.0) * 700.0
    late = np.convolve(late, np.hanning(13) / np.hanning(13).sum(), mode="same")
    rows = np.stack([usual] * 11 + [-0.3 * usual + late])
    _, offset = _qrs_bounds(rows, 210, 500.0)
    assert offset / 500.0 == pytest.approx(0.515, abs=0.012)
