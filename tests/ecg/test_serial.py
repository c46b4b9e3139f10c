import datetime as dt
import json
from dataclasses import replace

import numpy as np
import pytest
from scipy import signal as scipy_signal

from ecg import EcgSignal, screen
from ecg.findings import FindingCode, Severity
from ecg.serial import compare
from ecg.serial_result import (
    BLOCKING,
    RESERVATION_TEXTS,
    ChangeKind,
    Comparison,
    Difference,
    Reservation,
)
from ecg.signal import STANDARD_LEADS, FilterInfo, Patient, Sex
from tests.ecg.samples import GAINS, Samples, bump, real, signal_of, twelve

KNOWN = Patient(50.0, Sex.MALE, "A-1", "王模拟", dt.date(1976, 1, 2))
BEATS_S = np.arange(0.4, 9.9, 0.8)


def signal(samples: Samples | None = None, patient: Patient = KNOWN) -> EcgSignal:
    return signal_of(twelve(75.0) if samples is None else samples, patient=patient)


def compared(before: EcgSignal, after: EcgSignal) -> Comparison:
    return compare(screen(before), screen(after))


def kinds(found: Comparison) -> set[ChangeKind]:
    return {change.kind for change in found.changes}


def number(found: Comparison, quantity: str, lead: str | None = None) -> Difference:
    return next(d for d in found.differences if (d.quantity, d.lead) == (quantity, lead))


def with_wave(leads: tuple[str, ...], height_uv: float, after_s: float, width_s: float) -> Samples:
    """Return the usual twelve leads with a bump added to some of them after every beat."""
    samples, at = twelve(75.0), np.arange(5000) / 500.0
    for beat in BEATS_S:
        for lead in leads:
            samples[STANDARD_LEADS.index(lead)] += height_uv * bump(at, beat + after_s, width_s)
    return samples


def test_the_same_recording_has_not_changed() -> None:
    found = compared(signal(), signal())
    assert found.comparable
    assert found.reservations == ()
    assert found.changes == ()
    assert found.severity is Severity.NORMAL
    assert all(each.by == pytest.approx(0.0, abs=1e-9) for each in found.differences)
    assert {each.quantity for each in found.differences} >= {
        "pr_ms", "qrs_ms", "qt_ms", "qtc_fridericia_ms", "axis_qrs_deg", "st_j_mv", "t_mv",
        "qrs_correlation",
    }  # fmt: skip


def test_another_noise_another_rate_of_sampling_and_another_gain_step_are_no_change() -> None:
    other = signal_of(np.round(twelve(75.0, fs_hz=1000.0, seed=9) / 5.0) * 5.0, 1000.0, KNOWN)
    found = compared(signal(), other)
    assert found.changes == ()
    assert all(d.after > 0.98 for d in found.differences if d.quantity == "qrs_correlation")


def test_st_that_rose_in_contiguous_leads_is_said_lead_by_lead() -> None:
    risen = with_wave(("II", "III", "aVF"), 250.0, 0.11, 0.045)
    found = compared(signal(), signal(risen))
    change = next(c for c in found.changes if c.kind is ChangeKind.ST_RISE)
    assert set(change.leads) == {"II", "III", "aVF"}
    assert change.severity is Severity.ORANGE
    shift = number(found, "st_j_mv", "II")
    assert 0.1 <= shift.by <= 0.25
    assert f"II {shift.by:+.2f}" in change.text_zh
    back = compared(signal(risen), signal())
    assert ChangeKind.ST_FALL in kinds(back)
    assert ChangeKind.ST_RISE not in kinds(back)


def test_st_in_one_lead_alone_is_in_turn() -> None:
    found = compared(signal(), signal(with_wave(("V1",), 250.0, 0.11, 0.045)))
    change = next(c for c in found.changes if c.kind is ChangeKind.ST_RISE)
    assert change.leads == ("V1",)
    assert change.severity is Severity.ROUTINE


def test_t_that_turned_over_is_seen_both_ways() -> None:
    turned = with_wave(("V3", "V4", "V5"), -700.0, 0.26 * np.sqrt(60 / 75), 0.04)
    found = compared(signal(), signal(turned))
    change = next(c for c in found.changes if c.kind is ChangeKind.T_INVERTED)
    assert set(change.leads) == {"V3", "V4", "V5"}
    assert change.severity is Severity.ORANGE
    assert ChangeKind.T_UPRIGHT in kinds(compared(signal(turned), signal()))


def test_a_wider_qrs_is_said_and_makes_st_secondary() -> None:
    wide = twelve(75.0, width_s=0.028) + 0.2 * with_wave(("V4", "V5"), 3000.0, 0.14, 0.05)
    found = compared(signal(), signal(wide))
    widened = next(c for c in found.changes if c.kind is ChangeKind.QRS)
    assert "延长" in widened.text_zh
    assert number(found, "qrs_ms").by > 18.8
    rises = [c for c in found.changes if c.kind in {ChangeKind.ST_RISE, ChangeKind.ST_FALL}]
    assert rises
    assert all(c.severity is Severity.ROUTINE and "继发" in c.text_zh for c in rises)


def test_a_longer_pr_is_a_change_from_its_limit_on() -> None:
    def shifted(by_s: float) -> EcgSignal:
        samples, at = twelve(75.0, p_uv=0.0), np.arange(5000) / 500.0
        for beat in BEATS_S:
            samples += GAINS[:, np.newaxis] * 150.0 * bump(at, beat - 0.16 - by_s, 0.022)
        return signal(samples)

    assert ChangeKind.PR not in kinds(compared(shifted(0.0), shifted(0.008)))
    longer = compared(shifted(0.0), shifted(0.06))
    assert ChangeKind.PR in kinds(longer)
    assert number(longer, "pr_ms").by == pytest.approx(60.0, abs=8.0)
    assert number(longer, "pr_ms").source


def test_the_axis_turns_the_short_way() -> None:
    def towards(degrees: float) -> EcgSignal:
        lead_i, lead_ii = np.cos(np.radians(degrees)), np.cos(np.radians(degrees - 60.0))
        source = twelve(75.0, noise_uv=0.0)[1]
        samples = twelve(75.0)
        one, two = lead_i * source, lead_ii * source
        limb = (one, two, two - one, -(one + two) / 2, one - two / 2, two - one / 2)
        for row, lead in enumerate(limb):
            samples[row] = lead
        return signal(samples)

    found = compared(towards(170.0), towards(-145.0))
    assert number(found, "axis_qrs_deg").by == pytest.approx(45.0, abs=3.0)
    assert ChangeKind.AXIS in kinds(found)
    assert ChangeKind.AXIS not in kinds(compared(towards(40.0), towards(60.0)))


def test_a_rhythm_that_changed_and_findings_new_and_gone_are_named() -> None:
    slow, fast = signal(twelve(45.0)), signal(twelve(120.0))
    found = compared(slow, fast)
    rhythm = next(c for c in found.changes if c.kind is ChangeKind.RHYTHM)
    assert "窦性心动过缓→窦性心动过速" in rhythm.text_zh
    small = compared(signal(), signal(twelve(75.0) * 0.3))
    new = [c for c in small.changes if c.kind is ChangeKind.NEW_FINDING]
    assert any("低电压" in c.text_zh for c in new)
    gone = compared(signal(twelve(75.0) * 0.3), signal())
    assert any(c.kind is ChangeKind.GONE_FINDING and "低电压" in c.text_zh for c in gone.changes)


def test_another_shape_of_qrs_is_seen_in_a_real_record() -> None:
    minute = real("ludb_118")
    one = EcgSignal(minute.samples_uv, minute.fs_hz, minute.leads, patient=KNOWN)
    halved = scipy_signal.resample_poly(minute.samples_uv, 1, 2, axis=-1)
    same = compared(one, EcgSignal(halved, minute.fs_hz / 2, minute.leads, patient=KNOWN))
    assert ChangeKind.QRS_SHAPE not in kinds(same)
    assert ChangeKind.QRS_SHAPE in kinds(compared(one, signal()))


@pytest.mark.parametrize(
    ("patient", "reservation"),
    [
        (replace(KNOWN, id="B-7"), Reservation.OTHER_PATIENT_ID),
        (replace(KNOWN, sex=Sex.FEMALE), Reservation.OTHER_SEX),
        (replace(KNOWN, birth_date=dt.date(1980, 1, 1)), Reservation.OTHER_BIRTH_DATE),
    ],
)
def test_two_patients_are_never_compared(patient: Patient, reservation: Reservation) -> None:
    found = compared(signal(), signal(twelve(120.0), patient))
    assert found.reservations == (reservation,)
    assert not found.comparable
    assert found.changes == ()
    assert found.differences == ()
    assert found.severity is Severity.ROUTINE


def test_ids_of_two_institutions_are_compared_where_the_caller_matched_the_patient() -> None:
    before, after = screen(signal()), screen(signal(patient=replace(KNOWN, id="B-7")))
    assert compare(before, after, matched=True).comparable
    woman = screen(signal(patient=replace(KNOWN, sex=Sex.FEMALE)))
    assert not compare(before, woman, matched=True).comparable


@pytest.mark.parametrize("empty", [None, "", "  "])
def test_who_is_unknown_is_compared_with_a_reservation(empty: str | None) -> None:
    found = compared(signal(), signal(patient=replace(KNOWN, id=empty)))
    assert found.reservations == (Reservation.UNKNOWN_PATIENT,)
    assert found.comparable


def test_a_bad_recording_on_either_side_is_not_compared() -> None:
    bad = signal(np.zeros((12, 5000)))
    assert compared(bad, signal()).reservations == (Reservation.PREVIOUS_UNINTERPRETABLE,)
    assert compared(signal(), bad).reservations == (Reservation.CURRENT_UNINTERPRETABLE,)
    assert not compared(signal(), bad).comparable


def test_leads_filters_and_order_that_differ_are_said() -> None:
    few = EcgSignal(twelve(75.0)[:3], 500.0, ("I", "II", "III"), patient=KNOWN)
    found = compared(signal(), few)
    assert found.reservations == (Reservation.OTHER_LEADS,)
    assert {d.lead for d in found.differences if d.lead} <= {"I", "II", "III"}
    chest = EcgSignal(twelve(75.0)[6:], 500.0, STANDARD_LEADS[6:], patient=KNOWN)
    assert compared(chest, few).reservations == (Reservation.NO_COMMON_LEAD,)
    filtered = replace(signal(), filters=FilterInfo(0.5, 35.0))
    assert compared(signal(), filtered).reservations == (Reservation.OTHER_FILTERS,)
    old = replace(signal(), acquired_at=dt.datetime(2026, 1, 1, tzinfo=dt.UTC))
    naive = replace(signal(), acquired_at=dt.datetime(2026, 2, 1))  # noqa: DTZ001  # a device's
    assert compared(naive, old).reservations == (Reservation.WRONG_ORDER,)
    assert compared(old, naive).reservations == ()


def test_a_reversal_of_leads_is_a_reservation() -> None:
    before = screen(signal())
    after = screen(signal())
    finding = replace(before.findings[0], code=FindingCode.ARM_LEADS_REVERSED)
    found = compare(before, replace(after, findings=(*after.findings, finding)))
    assert Reservation.LEADS_REVERSED in found.reservations
    assert found.comparable


def test_the_json_is_strict_labelled_and_the_same_again() -> None:
    texts = [
        json.dumps(compared(signal(), signal(twelve(120.0))).to_dict(), allow_nan=False)
        for _ in range(2)
    ]
    assert texts[0] == texts[1]
    shown = json.loads(texts[0])
    assert "仅供参考" in shown["notice_zh"]
    assert {"kind", "severity", "text_zh", "text_en", "leads", "source"} == set(shown["changes"][0])
    assert all(each["source"] for each in shown["changes"])


def test_every_reservation_has_its_texts() -> None:
    assert set(RESERVATION_TEXTS) == set(Reservation)
    assert set(Reservation) > BLOCKING
