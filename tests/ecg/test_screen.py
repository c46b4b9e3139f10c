import datetime as dt
import json

import numpy as np
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from ecg import EcgSignal, screen
from ecg.findings import RULES_VERSION, FindingCode, Severity
from ecg.signal import STANDARD_LEADS, Patient, Sex
from tests.ecg.samples import signal_of, twelve

AT = np.arange(5000) / 500.0
MAINS = np.sin(2 * np.pi * 50.0 * AT)


def test_the_json_object_has_the_fields_of_the_contract() -> None:
    signal = EcgSignal(
        samples_uv=twelve(75.0),
        fs_hz=500.0,
        leads=STANDARD_LEADS,
        acquired_at=dt.datetime(2026, 11, 18, 10, 19, 48),  # noqa: DTZ001  # a device's wall clock
        patient=Patient(58.0, Sex.MALE, "E-1", "王模拟"),
        source_format="dicom",
    )
    result = screen(signal).to_dict()
    assert list(result) == [
        "format", "fs_hz", "duration_s", "leads", "patient", "acquired_at", "quality", "beats",
        "measurements", "st_j_mv", "leads_measured", "findings", "critical", "critical_values",
        "rules_version",
    ]  # fmt: skip
    assert result["patient"] == {"id": "E-1", "name": "王模拟", "age_years": 58.0, "sex": "male"}
    assert result["acquired_at"] == "2026-11-18T10:19:48"
    assert (result["format"], result["fs_hz"], result["duration_s"]) == ("dicom", 500.0, 10.0)
    assert result["quality"] == dict.fromkeys(STANDARD_LEADS, 1.0)
    assert result["rules_version"] == RULES_VERSION
    beats, findings = result["beats"], result["findings"]
    assert isinstance(beats, list)
    assert isinstance(findings, list)
    assert isinstance(beats[0], dict)
    assert isinstance(findings[0], dict)
    assert list(beats[0]) == [
        "sample", "label", "p_on", "p_peak", "p_off", "qrs_on", "r", "qrs_off", "t_on", "t_peak",
        "t_off",
    ]  # fmt: skip
    wanted = {"code", "text_zh", "text_en", "severity", "evidence", "source"}
    assert wanted <= set(findings[0])
    st_j_mv, measurements = result["st_j_mv"], result["measurements"]
    assert isinstance(st_j_mv, dict)
    assert list(st_j_mv) == list(STANDARD_LEADS)
    assert isinstance(measurements, dict)
    assert list(measurements) == [
        "heart_rate_bpm", "pr_ms", "qrs_ms", "qt_ms", "qtc_bazett_ms", "qtc_fridericia_ms",
        "axis_p_deg", "axis_qrs_deg", "axis_t_deg", "p_ms", "rr_mean_ms", "rr_min_ms", "rr_max_ms",
        "sdnn_ms",
    ]  # fmt: skip


def test_the_same_signal_gives_the_same_bytes_and_strict_json() -> None:
    one = json.dumps(screen(signal_of(twelve(75.0))).to_dict(), allow_nan=False)
    two = json.dumps(screen(signal_of(twelve(75.0))).to_dict(), allow_nan=False)
    assert one == two


def test_what_is_missing_is_null() -> None:
    result = screen(EcgSignal(np.zeros((1, 5000)), 500.0, ("II",))).to_dict()
    assert result["format"] is None
    assert result["acquired_at"] is None
    assert result["patient"] == dict.fromkeys(("id", "name", "age_years", "sex"))
    measurements = result["measurements"]
    assert isinstance(measurements, dict)
    assert set(measurements.values()) == {None}


def test_a_lead_that_fell_off_is_named_and_keeps_the_rest_from_being_normal() -> None:
    samples = twelve(75.0)
    samples[7] = np.random.default_rng(2).normal(0.0, 900.0, 5000)
    result = screen(signal_of(samples))
    poor = next(each for each in result.findings if each.code is FindingCode.POOR_LEADS)
    assert poor.evidence.leads == ("V2",)
    codes = {each.code for each in result.findings}
    assert FindingCode.SINUS_RHYTHM in codes
    assert FindingCode.WITHIN_NORMAL_LIMITS not in codes


def test_mains_hum_is_seen_but_does_not_widen_qrs() -> None:
    samples = twelve(75.0)
    clean = screen(signal_of(samples)).measurements.qrs_ms
    humming = screen(signal_of(samples + 100.0 * MAINS)).measurements.qrs_ms
    assert clean is not None
    assert humming == pytest.approx(clean, abs=8)


def test_one_lead_is_judged_but_never_called_normal() -> None:
    result = screen(EcgSignal(twelve(75.0)[1:2], 500.0, ("II",)))
    codes = {each.code for each in result.findings}
    assert FindingCode.SINUS_RHYTHM in codes
    assert FindingCode.WITHIN_NORMAL_LIMITS not in codes


def test_an_hour_is_screened_in_windows_and_every_beat_delineated() -> None:
    minute = twelve(72.0, fs_hz=125.0, duration_s=60.0, times_s=np.arange(0.4, 60.0, 60 / 72))[:2]
    hour = np.tile(minute, (1, 60)).astype(np.float32)
    result = screen(EcgSignal(hour, 125.0, ("I", "II")))
    assert len(result.beats) == 72 * 60
    assert all(beat.qrs_on is not None for beat in result.beats)
    places = np.array([beat.sample for beat in result.beats])
    assert (np.diff(places) > 0).all()
    assert np.abs(np.diff(places) - 104.17).max() < 4


@pytest.mark.parametrize("fs_hz", [50.0, 75.0, 100.0, 250.0, 360.0, 1000.0, 5000.0, 10_000.0])
def test_every_sampling_rate_is_screened_to_the_same_rhythm(fs_hz: float) -> None:
    result = screen(signal_of(twelve(70.0, fs_hz=fs_hz), fs_hz))
    assert result.measurements.heart_rate_bpm == pytest.approx(70.0, abs=0.5)
    assert all(0 <= beat.sample < result.signal.n_samples for beat in result.beats)


@settings(deadline=None, max_examples=60)
@given(
    seed=st.integers(0, 2**32 - 1),
    n_leads=st.integers(1, 12),
    n_samples=st.integers(1, 3000),
    fs_hz=st.sampled_from([50.0, 100.0, 257.3, 500.0, 2000.0]),
    scale_uv=st.floats(0.0, 1e6),
    gap=st.floats(0.0, 1.0),
    quantum_uv=st.sampled_from([0.0, 5.0, 1000.0]),
    beats=st.booleans(),
)
@example(
    seed=0,
    n_leads=1,
    n_samples=110,
    fs_hz=50.0,
    scale_uv=300.0,
    gap=0.0,
    quantum_uv=0.0,
    beats=True,
)
def test_no_signal_raises_and_noise_is_never_normal(
    seed: int,
    n_leads: int,
    n_samples: int,
    fs_hz: float,
    scale_uv: float,
    gap: float,
    quantum_uv: float,
    beats: bool,
) -> None:
    random = np.random.default_rng(seed)
    samples = random.normal(0.0, scale_uv, (n_leads, n_samples))
    if beats:
        samples += 1000.0 * (np.arange(n_samples) % max(2, round(0.8 * fs_hz)) == 0)
    if quantum_uv:
        samples = np.round(samples / quantum_uv) * quantum_uv
    start = int(gap * n_samples)
    samples[: 1 + n_leads // 2, start:] = np.nan
    result = screen(signal_of(np.clip(samples, -1e7, 1e7), fs_hz))
    json.dumps(result.to_dict(), allow_nan=False)
    assert FindingCode.WITHIN_NORMAL_LIMITS not in {each.code for each in result.findings}
    assert result.findings
    assert result.interpretable or result.beats == ()
    assert all(isinstance(each.severity, Severity) for each in result.findings)
