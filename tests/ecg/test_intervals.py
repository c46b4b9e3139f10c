import numpy as np
import pytest

from ecg import EcgSignal, read, screen
from ecg.intervals import (
    qtc_bazett_ms,
    qtc_framingham_ms,
    qtc_fridericia_ms,
    qtc_hodges_ms,
    rr_measurements,
)
from tests.dicom.build import wheel_file
from tests.ecg.samples import signal_of, twelve


def test_corrected_qt_is_qt_at_sixty_a_minute() -> None:
    assert qtc_bazett_ms(400.0, 1000.0) == pytest.approx(400.0)
    assert qtc_fridericia_ms(400.0, 1000.0) == pytest.approx(400.0)
    assert qtc_framingham_ms(400.0, 1000.0) == pytest.approx(400.0)
    assert qtc_hodges_ms(400.0, 1000.0) == pytest.approx(400.0)


def test_corrected_qt_follows_the_published_formulas() -> None:
    assert qtc_bazett_ms(360.0, 640.0) == pytest.approx(450.0)
    assert qtc_fridericia_ms(360.0, 512.0) == pytest.approx(450.0)
    assert qtc_framingham_ms(360.0, 500.0) == pytest.approx(437.0)
    assert qtc_hodges_ms(360.0, 500.0) == pytest.approx(465.0)


def test_rr_intervals_are_described_and_sdnn_leaves_ectopic_beats_out() -> None:
    rr_ms = np.array([800.0, 820.0, 780.0, 400.0, 1200.0, 800.0, 840.0])
    normal = np.array([True, True, True, True, False, True, True, True])
    found = rr_measurements(rr_ms, normal)
    assert (found.rr_mean_ms, found.rr_min_ms, found.rr_max_ms) == (805.7, 400.0, 1200.0)
    assert found.sdnn_ms == pytest.approx(np.std([800, 820, 780, 800, 840], ddof=1), abs=0.05)
    assert rr_measurements(rr_ms[:2]).sdnn_ms is None
    assert rr_measurements(rr_ms[:0]).heart_rate_bpm is None


def test_measurements_agree_with_the_cart_that_recorded_the_sample() -> None:
    """The Mortara ELI 250 wrote RR 982, PR 161, QRS 75, QT 368 ms; axes P 74, QRS 52, T 57."""
    measured = screen(read(wheel_file("waveform_ecg.dcm"))).measurements
    assert measured.heart_rate_bpm == pytest.approx(60_000 / 982, abs=0.5)
    assert measured.pr_ms == pytest.approx(161, abs=12)
    assert measured.qrs_ms == pytest.approx(75, abs=12)
    assert measured.qt_ms == pytest.approx(368, abs=15)
    assert measured.qtc_bazett_ms == pytest.approx(370, abs=15)
    assert measured.axis_p_deg == pytest.approx(74, abs=15)
    assert measured.axis_qrs_deg == pytest.approx(52, abs=10)
    assert measured.axis_t_deg == pytest.approx(57, abs=10)


@pytest.mark.parametrize("angle", [-120.0, -60.0, 0.0, 45.0, 85.0, 150.0])
def test_the_axis_is_the_direction_of_a_known_vector(angle: float) -> None:
    source = twelve(70.0, noise_uv=0.0)[1]
    along, down = np.cos(np.radians(angle)), np.sin(np.radians(angle))
    lead_i, lead_ii = along * source, (0.5 * along + np.sqrt(3) / 2 * down) * source
    samples = np.stack([lead_i, lead_ii, lead_ii - lead_i])
    samples = samples + np.random.default_rng(2).normal(0.0, 2.0, samples.shape)
    signal = EcgSignal(samples, 500.0, ("I", "II", "III"))
    assert screen(signal).measurements.axis_qrs_deg == pytest.approx(angle, abs=4)


@pytest.mark.parametrize("rate_bpm", [45.0, 60.0, 75.0, 110.0])
def test_the_rate_is_that_of_the_beats(rate_bpm: float) -> None:
    measured = screen(signal_of(twelve(rate_bpm))).measurements
    assert measured.heart_rate_bpm == pytest.approx(rate_bpm, abs=0.5)


@pytest.mark.parametrize("fs_hz", [250.0, 500.0, 1000.0, 2000.0])
def test_intervals_do_not_depend_on_the_sampling_rate(fs_hz: float) -> None:
    reference = screen(signal_of(twelve(70.0, fs_hz=500.0))).measurements
    measured = screen(signal_of(twelve(70.0, fs_hz=fs_hz), fs_hz)).measurements
    assert measured.qrs_ms == pytest.approx(reference.qrs_ms, abs=8)
    assert measured.pr_ms == pytest.approx(reference.pr_ms, abs=12)
    assert measured.qt_ms == pytest.approx(reference.qt_ms, abs=12)


def test_too_slow_a_sampling_gives_a_rate_but_no_intervals() -> None:
    measured = screen(signal_of(twelve(70.0, fs_hz=80.0), 80.0)).measurements
    assert measured.heart_rate_bpm == pytest.approx(70.0, abs=0.5)
    assert measured.qrs_ms is None
    assert measured.qt_ms is None
