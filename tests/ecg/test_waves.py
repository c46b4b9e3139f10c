import numpy as np
import pytest

from ecg import EcgSignal, screen
from tests.ecg.samples import Samples, bump, one_lead, signal_of, twelve

AT = np.arange(5000) / 500.0
TIMES = np.arange(0.6, 9.5, 0.8)


def lead_ii(samples: Samples) -> EcgSignal:
    return EcgSignal(samples[np.newaxis], 500.0, ("II",))


def test_a_p_wave_that_runs_into_qrs_does_not_widen_it() -> None:
    lead = one_lead(TIMES, 500.0, 10.0, p_uv=0.0)
    apart = screen(lead_ii(lead)).measurements.qrs_ms
    for time in TIMES:
        lead += 200.0 * bump(AT, time - 0.085, 0.02)
    near = screen(lead_ii(lead)).measurements
    assert apart is not None
    assert near.qrs_ms == pytest.approx(apart, abs=20)


def test_a_late_wave_is_not_taken_for_t() -> None:
    lead = one_lead(np.arange(0.6, 9.0, 1.1), 500.0, 10.0)
    plain = screen(lead_ii(lead)).measurements.qt_ms
    for time in np.arange(0.6, 9.0, 1.1):
        lead += 260.0 * bump(AT, time + 0.56, 0.03)
    with_u = screen(lead_ii(lead)).measurements.qt_ms
    assert plain is not None
    assert with_u == pytest.approx(plain, abs=60)


def test_a_very_long_qt_is_still_measured() -> None:
    times = np.arange(0.6, 9.0, 1.1)
    lead = one_lead(times, 500.0, 10.0, qt_s=0.46)
    measured = screen(lead_ii(lead)).measurements
    assert measured.qt_ms == pytest.approx(460 + 80 + 35, abs=40)


def test_boundaries_do_not_depend_on_the_number_of_like_leads() -> None:
    samples = twelve(70.0, noise_uv=1.0)
    all_leads = screen(signal_of(samples)).measurements
    alone = screen(lead_ii(samples[1])).measurements
    assert all_leads.qrs_ms == pytest.approx(alone.qrs_ms, abs=14)
    assert all_leads.qt_ms == pytest.approx(alone.qt_ms, abs=14)
    assert all_leads.pr_ms == pytest.approx(alone.pr_ms, abs=14)
