from dataclasses import replace

import numpy as np
import pytest

from ecg import Screening, screen
from ecg.findings import DEFINITIONS, FindingCode, Severity
from ecg.signal import Patient, Sex
from tests.ecg.samples import ADULT, GAINS, Samples, one_lead, signal_of, twelve

Code = FindingCode


def said(samples: Samples, patient: Patient = ADULT) -> dict[FindingCode, Severity]:
    """Return codes with severities."""
    return {
        each.code: each.severity for each in screen(signal_of(samples, 500.0, patient)).findings
    }


def test_every_code_has_texts_in_both_languages() -> None:
    assert set(DEFINITIONS) == set(FindingCode)
    assert all(each.text_zh and each.text_en for each in DEFINITIONS.values())


def test_a_clean_ordinary_ecg_is_sinus_rhythm_within_normal_limits() -> None:
    codes = said(twelve(75.0))
    assert codes == {
        Code.SINUS_RHYTHM: Severity.NORMAL,
        Code.WITHIN_NORMAL_LIMITS: Severity.NORMAL,
    }


@pytest.mark.parametrize(
    ("rate_bpm", "code", "severity"),
    [
        (30.0, Code.EXTREME_BRADYCARDIA, Severity.RED),
        (35.0, Code.EXTREME_BRADYCARDIA, Severity.RED),
        (45.0, Code.SINUS_BRADYCARDIA, Severity.ROUTINE),
        (54.0, Code.SINUS_BRADYCARDIA, Severity.ROUTINE),
        (75.0, Code.SINUS_RHYTHM, Severity.NORMAL),
        (115.0, Code.SINUS_TACHYCARDIA, Severity.ROUTINE),
        (190.0, Code.SUPRAVENTRICULAR_TACHYCARDIA, Severity.ORANGE),
    ],
)
def test_the_rate_decides_what_is_said_of_it(
    rate_bpm: float, code: FindingCode, severity: Severity
) -> None:
    codes = said(twelve(rate_bpm))
    assert codes[code] is severity
    assert (Code.WITHIN_NORMAL_LIMITS in codes) is (50.0 <= rate_bpm <= 100.0)


@pytest.mark.parametrize("rate_bpm", [160.0, 200.0])
def test_a_fast_wide_rhythm_is_critical(rate_bpm: float) -> None:
    result = screen(signal_of(twelve(rate_bpm, width_s=0.03, p_uv=0.0)))
    assert Code.WIDE_QRS_TACHYCARDIA in result.critical
    assert Code.WIDE_QRS in {each.code for each in result.findings}


def test_an_irregular_rhythm_without_p_is_suspected_fibrillation() -> None:
    times = 0.4 + np.cumsum(np.random.default_rng(7).uniform(0.45, 0.95, 14))
    codes = said(twelve(times_s=times[times < 9.6], p_uv=0.0))
    assert Code.SUSPECTED_ATRIAL_FIBRILLATION in codes
    assert not {Code.SINUS_RHYTHM, Code.WITHIN_NORMAL_LIMITS} & set(codes)


@pytest.mark.parametrize(
    ("rate_bpm", "code"),
    [(48.0, Code.JUNCTIONAL_RHYTHM), (70.0, Code.ACCELERATED_JUNCTIONAL_RHYTHM)],
)
def test_a_regular_narrow_rhythm_without_p_is_suspected_junctional(
    rate_bpm: float, code: FindingCode
) -> None:
    assert said(twelve(rate_bpm, p_uv=0.0)) == {code: Severity.ROUTINE}


def test_an_irregular_rhythm_with_sinus_p_is_sinus_arrhythmia() -> None:
    times = 0.4 + np.cumsum(np.random.default_rng(7).uniform(0.6, 0.95, 12))
    codes = said(twelve(times_s=times[times < 9.6]))
    assert codes[Code.SINUS_ARRHYTHMIA] is Severity.NORMAL
    assert Code.WITHIN_NORMAL_LIMITS in codes
    assert Code.SUSPECTED_ATRIAL_FIBRILLATION not in codes


@pytest.mark.parametrize(
    ("pause_s", "severity"),
    [(1.9, None), (2.4, Severity.ROUTINE), (3.4, Severity.ORANGE), (5.4, Severity.RED)],
)
def test_a_pause_is_graded_by_its_length(pause_s: float, severity: Severity | None) -> None:
    before = np.arange(0.4, 3.0, 0.8)
    after = np.arange(before[-1] + pause_s, 9.6, 0.8)
    codes = said(twelve(times_s=np.concatenate([before, after])))
    assert codes.get(Code.PAUSE) is severity


def test_a_standstill_to_the_end_is_a_pause_and_an_unplugged_cable_is_not() -> None:
    samples = twelve(times_s=np.arange(0.4, 4.0, 0.8))
    assert said(samples)[Code.PAUSE] is Severity.RED
    assert said(twelve(times_s=np.arange(5.6, 9.9, 0.8)))[Code.PAUSE] is Severity.RED
    unplugged = samples.copy()
    unplugged[:, 2500:] = 0.0
    assert set(said(unplugged)) == {Code.UNINTERPRETABLE}


def stretched(qt_s: float) -> Samples:
    """Return twelve leads at 60 a minute whose T wave peaks at ``qt_s``."""
    lead = one_lead(np.arange(0.4, 9.9, 1.0), 500.0, 10.0, qt_s=qt_s)
    noise = np.random.default_rng(4).normal(0.0, 5.0, (12, lead.size))
    return np.asarray(GAINS[:, np.newaxis] * lead + noise)


@pytest.mark.parametrize(
    ("qt_s", "severity"),
    [(0.29, None), (0.35, Severity.ROUTINE), (0.4, Severity.ORANGE), (0.46, Severity.RED)],
)
def test_a_long_qtc_is_graded(qt_s: float, severity: Severity | None) -> None:
    assert said(stretched(qt_s)).get(Code.LONG_QTC) is severity


def test_the_qtc_limit_depends_on_sex_and_an_unknown_sex_is_stated() -> None:
    samples = stretched(0.328)
    value = screen(signal_of(samples)).measurements.qtc_fridericia_ms
    assert value is not None
    assert 450.0 <= value < 460.0
    assert Code.LONG_QTC in said(samples, replace(ADULT, sex=Sex.MALE))
    assert Code.LONG_QTC not in said(samples, replace(ADULT, sex=Sex.FEMALE))
    unknown = said(samples, replace(ADULT, sex=None))
    assert Code.LONG_QTC not in unknown
    assert Code.ASSUMED_SEX in unknown


def test_a_child_is_measured_and_told_apart() -> None:
    result = screen(signal_of(twelve(120.0), 500.0, Patient(age_years=3.0)))
    assert {each.code for each in result.findings} == {Code.NO_CHILD_TABLES}
    assert result.measurements.heart_rate_bpm == pytest.approx(120.0, abs=0.5)


def test_an_unknown_age_is_stated() -> None:
    assert Code.ASSUMED_ADULT in said(twelve(75.0), Patient())


def test_low_voltage_is_found_and_judged_on_all_limb_leads() -> None:
    assert Code.LOW_VOLTAGE in said(twelve(75.0, noise_uv=2.0) * 0.35)
    assert Code.LOW_VOLTAGE not in said(twelve(75.0))


def turned(samples: Samples) -> Samples:
    """Exchange the arms: I upside down, II with III, aVR with aVL."""
    out = samples.copy()
    out[0], out[[1, 2]], out[[3, 4]] = -samples[0], samples[[2, 1]], samples[[4, 3]]
    return out


def test_exchanged_arms_are_suspected_and_right_ones_are_not() -> None:
    assert said(turned(twelve(75.0)))[Code.ARM_LEADS_REVERSED] is Severity.ORANGE
    assert Code.ARM_LEADS_REVERSED not in said(twelve(75.0))


def test_limb_leads_that_break_einthovens_law_are_reported() -> None:
    samples = twelve(75.0)
    samples[2] *= -1.0
    codes = said(samples)
    assert Code.LIMB_LEADS_INCONSISTENT in codes
    assert Code.WITHIN_NORMAL_LIMITS not in codes


def test_wide_premature_beats_are_counted_where_they_are() -> None:
    times = np.arange(0.4, 9.6, 0.8)
    early = times[[3, 7]] - 0.25
    regular = np.delete(times, [3, 7])
    samples = twelve(times_s=regular) - twelve(times_s=early, width_s=0.035, p_uv=0.0, seed=2)
    result = screen(signal_of(samples))
    found = next(each for each in result.findings if each.code is Code.VENTRICULAR_ECTOPIC_BEATS)
    assert found.evidence.value == 2.0
    assert [result.beats[k].sample / 500.0 for k in found.evidence.beats] == pytest.approx(
        early.tolist(), abs=0.05
    )


def test_findings_carry_their_evidence_and_come_gravest_first() -> None:
    result: Screening = screen(signal_of(twelve(170.0, width_s=0.03, p_uv=0.0)))
    order = list(Severity)
    ranks = [order.index(each.severity) for each in result.findings]
    assert ranks == sorted(ranks)
    first = result.findings[0]
    assert first.code in {Code.WIDE_QRS_TACHYCARDIA, Code.VENTRICULAR_TACHYCARDIA}
    assert first.evidence.value == pytest.approx(170.0, abs=1.0)
    assert first.evidence.threshold is not None
    assert first.source
