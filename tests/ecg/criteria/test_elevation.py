"""The suspected infarction: J points shifted by a known height, on real and synthetic ECGs."""

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from ecg import EcgSignal, Screening, read, screen
from ecg.criteria.elevation import territories
from ecg.findings import Finding, FindingCode, LeadRole, Qualifier, Severity
from ecg.signal import STANDARD_LEADS, FilterInfo, Patient, Sex
from server.demo_recordings import INFERIOR_UV, limb_shifts_uv, st_shift_uv
from tests.ecg.criteria.subjects import Drawn, Wave, changed, every
from tests.ecg.samples import GAINS, one_lead, signal_of, twelve
from tests.support.dicom_files import sample

Code = FindingCode
DEMO = Path(__file__).resolve().parents[3] / "server" / "demo_files"
REAL = [
    sample("waveform_ecg.dcm"),
    DEMO / "ptbxl_103.dcm",
    DEMO / "ptbxl_152.dcm",
    DEMO / "ptbxl_7.dcm",
]
ANTERIOR_UV = {"V1": 200.0, "V2": 450.0, "V3": 500.0, "V4": 300.0, **limb_shifts_uv(0.0, -90.0)}
HIGH_LATERAL_UV = limb_shifts_uv(220.0, 40.0)
real = pytest.mark.parametrize("path", REAL, ids=lambda path: path.stem)


def shifted(signal: EcgSignal, shifts_uv: Mapping[str, float]) -> EcgSignal:
    """Return the recording with its J point shifted."""
    shift_uv = st_shift_uv(screen(signal), shifts_uv)
    return replace(signal, samples_uv=signal.samples_uv + shift_uv)


def finding(result: Screening, code: FindingCode) -> Finding | None:
    """Return the finding of a code."""
    return next((each for each in result.findings if each.code is code), None)


def stemi(result: Screening) -> Finding:
    """Return the suspected infarction, which must be there."""
    found = finding(result, Code.SUSPECTED_STEMI)
    assert found is not None
    return found


@real
def test_an_unshifted_recording_is_silent(path: Path) -> None:
    result = screen(read(path))
    assert result.critical == ()
    assert not {Code.SUSPECTED_STEMI, Code.ST_NOT_ASSESSED} & {x.code for x in result.findings}


@real
@pytest.mark.parametrize(
    ("shifts_uv", "wall", "leads"),
    [
        (INFERIOR_UV, Qualifier.INFERIOR, {"II", "III", "aVF"}),
        (HIGH_LATERAL_UV, Qualifier.HIGH_LATERAL, {"I", "aVL"}),
    ],
    ids=["inferior", "high lateral"],
)
def test_a_shift_above_the_limits_is_critical(
    path: Path, shifts_uv: Mapping[str, float], wall: Qualifier, leads: set[str]
) -> None:
    before, result = screen(read(path)), screen(shifted(read(path), shifts_uv))
    found = stemi(result)
    assert found.severity is Severity.RED
    assert result.critical == (Code.SUSPECTED_STEMI,)
    assert result.findings[0] is found
    assert wall in found.qualifiers
    assert leads <= set(found.evidence.leads)
    for lead in leads:
        moved_mv = result.st_j_mv[lead] - before.st_j_mv[lead]
        assert moved_mv == pytest.approx(shifts_uv[lead] / 1000.0, abs=0.05)
    assert finding(result, Code.WITHIN_NORMAL_LIMITS) is None


@pytest.mark.parametrize("path", [REAL[0], REAL[1], REAL[3]], ids=lambda path: path.stem)
def test_an_anterior_shift_above_the_limits_is_critical(path: Path) -> None:
    found = stemi(screen(shifted(read(path), ANTERIOR_UV)))
    assert Qualifier.ANTERIOR in found.qualifiers
    assert {"V2", "V3", "V4"} <= set(found.evidence.leads)
    assert {x.lead for x in found.evidence.by_lead if x.role is LeadRole.RECIPROCAL} & {"II", "aVF"}


def test_the_same_shift_beside_an_s_of_four_millivolts_is_orange() -> None:
    result = screen(shifted(read(DEMO / "ptbxl_152.dcm"), ANTERIOR_UV))
    assert result.critical == ()
    said = finding(result, Code.ST_NOT_ASSESSED)
    assert said is not None
    assert (said.severity, said.qualifiers) == (Severity.ORANGE, (Qualifier.HIGH_VOLTAGE,))


@real
def test_a_shift_below_the_limits_is_silent(path: Path) -> None:
    signal = read(path)
    own_mv = screen(signal).st_j_mv
    room_uv = min(1000.0 * (0.1 - own_mv[lead]) for lead in ("II", "III", "aVF"))
    result = screen(shifted(signal, limb_shifts_uv(0.0, 0.5 * room_uv)))
    assert finding(result, Code.SUSPECTED_STEMI) is None


@real
def test_one_lead_alone_is_silent(path: Path) -> None:
    result = screen(shifted(read(path), {"V4": 400.0}))
    assert result.st_j_mv["V4"] > 0.3
    assert finding(result, Code.SUSPECTED_STEMI) is None


def test_each_lead_shows_value_and_limit_and_opposite_leads_are_evidence() -> None:
    result = screen(shifted(signal_of(twelve(75.0)), INFERIOR_UV))
    found = stemi(result)
    assert found.text_zh == "疑似急性ST段抬高型心肌梗死，下壁"
    assert found.text_en == "Suspected acute ST-elevation myocardial infarction, inferior"
    by_lead = {each.lead: each for each in found.evidence.by_lead}
    raised = {lead for lead, each in by_lead.items() if each.role is LeadRole.ELEVATION}
    assert raised == {"II", "III", "aVF"} == set(found.evidence.leads)
    assert {lead: each.threshold for lead, each in by_lead.items()} == {
        "II": ">= 0.1", "III": ">= 0.1", "aVF": ">= 0.1", "I": "<= -0.05", "aVL": "<= -0.05",
    }  # fmt: skip
    for lead, each in by_lead.items():
        assert each.value == result.st_j_mv[lead]
        assert each.value == pytest.approx(INFERIOR_UV[lead] / 1000.0, abs=0.03)
    assert found.evidence.value == by_lead["III"].value
    assert len(found.evidence.beats) == len(result.beats)


@pytest.mark.parametrize(
    ("patient", "limit_mv"),
    [
        (Patient(35.0, Sex.MALE), 0.25),
        (Patient(40.0, Sex.MALE), 0.2),
        (Patient(35.0, Sex.FEMALE), 0.15),
        (Patient(70.0, Sex.FEMALE), 0.15),
        (Patient(), 0.2),
    ],
)
def test_the_limit_of_v2_and_v3_depends_on_age_and_sex(patient: Patient, limit_mv: float) -> None:
    signal = signal_of(twelve(75.0), patient=patient)
    own_mv = screen(signal).st_j_mv
    for above_mv, alarms in ((-0.03, False), (0.03, True)):
        wanted = {lead: 1000.0 * (limit_mv + above_mv - own_mv[lead]) for lead in ("V2", "V3")}
        found = finding(screen(shifted(signal, wanted)), Code.SUSPECTED_STEMI)
        assert (found is not None) is alarms
        if found is not None:
            assert found.evidence.threshold == f">= {limit_mv:g}"
            assert found.qualifiers == (Qualifier.ANTEROSEPTAL,)


@pytest.mark.parametrize(
    ("drawn", "why"),
    [
        (Drawn(every(("II", "III", "aVF"), st=0.2), qrs_ms=126.0), Qualifier.WIDE_QRS),
        (Drawn(every(("II", "III", "aVF"), st=0.2), rate_bpm=140.0), Qualifier.FAST_RATE),
    ],
    ids=["wide", "fast"],
)
def test_what_the_limits_are_not_made_for_is_said_and_not_judged(
    drawn: Drawn, why: Qualifier
) -> None:
    found = drawn.findings()
    assert Code.SUSPECTED_STEMI not in found
    assert found[Code.ST_NOT_ASSESSED].qualifiers == (why,)


def test_a_poor_lead_is_no_evidence_and_that_is_said() -> None:
    samples = np.array(shifted(signal_of(twelve(75.0)), {"V4": 300.0, "V5": 300.0}).samples_uv)
    samples[STANDARD_LEADS.index("V5")] = np.random.default_rng(2).normal(0.0, 900.0, 5000)
    result = screen(signal_of(samples))
    assert finding(result, Code.SUSPECTED_STEMI) is None
    said = finding(result, Code.ST_NOT_ASSESSED)
    assert said is not None
    assert (said.qualifiers, said.evidence.leads) == ((Qualifier.POOR_LEADS,), ("V5",))
    assert "V5" not in result.st_j_mv


def test_two_beats_are_too_few() -> None:
    lead = one_lead(np.array([0.8, 1.6]), 500.0, 2.4)
    samples = GAINS[:, np.newaxis] * lead + np.random.default_rng(1).normal(0, 5.0, (12, lead.size))
    said = finding(screen(signal_of(samples)), Code.ST_NOT_ASSESSED)
    assert said is not None
    assert said.qualifiers == (Qualifier.FEW_BEATS,)


def test_a_slur_at_the_end_of_qrs_is_no_elevation() -> None:
    slur = every(("V4", "V5", "V6"), st=0.15, slope=-0.4)
    assert Code.SUSPECTED_STEMI not in Drawn(slur).findings()
    assert Code.SUSPECTED_STEMI in Drawn(every(("V4", "V5", "V6"), st=0.15)).findings()


@pytest.mark.parametrize(("st_mv", "severe"), [(0.4, False), (0.9, True)])
def test_high_voltage_asks_for_a_quarter_of_qrs(st_mv: float, severe: bool) -> None:
    deep = {
        "V1": Wave(((0.1, 26.0), (-2.4, 60.0)), st=st_mv),
        "V2": Wave(((0.1, 26.0), (-2.8, 60.0)), st=st_mv),
        "V5": Wave(((2.0, 60.0), (-0.1, 26.0))),
    }
    found = Drawn(deep).findings()
    assert (Code.SUSPECTED_STEMI in found) is severe
    if not severe:
        said = found[Code.ST_NOT_ASSESSED]
        assert (said.severity, said.qualifiers) == (Severity.ORANGE, (Qualifier.HIGH_VOLTAGE,))


LEFT_BLOCK = {
    "I": Wave(((0.7, 150.0),), st=-0.08, t=-0.2),
    "aVL": Wave(((0.6, 150.0),), st=-0.08, t=-0.2),
    "V1": Wave(((0.1, 20.0), (-1.5, 124.0)), st=0.15, t=0.4),
    "V2": Wave(((0.1, 20.0), (-2.4, 124.0)), st=0.25, t=0.6),
    "V3": Wave(((0.1, 20.0), (-2.0, 124.0)), st=0.2, t=0.6),
    "V5": Wave(((0.9, 150.0),), st=-0.08, t=-0.3),
    "V6": Wave(((0.9, 150.0),), st=-0.08, t=-0.3),
}


def test_left_bundle_branch_block_brings_its_own_elevation() -> None:
    found = Drawn(LEFT_BLOCK, qrs_ms=150.0).findings()
    assert set(found) == {Code.LEFT_BUNDLE_BRANCH_BLOCK, Code.WIDE_QRS}


@pytest.mark.parametrize(
    ("lead", "st_mv"), [("concordant", 0.15), ("opposite", -0.15), ("a quarter of S", 0.7)]
)
def test_sgarbossas_criteria_hold_in_left_bundle_branch_block(lead: str, st_mv: float) -> None:
    names = ("V5", "V6") if lead == "concordant" else ("V2", "V3")
    leads = {**LEFT_BLOCK, **{name: replace(LEFT_BLOCK[name], st=st_mv) for name in names}}
    found = Drawn(leads, qrs_ms=150.0).findings()[Code.SUSPECTED_STEMI]
    assert found.severity is Severity.RED
    assert found.qualifiers == (Qualifier.LEFT_BUNDLE_BRANCH_BLOCK,)
    assert set(found.evidence.leads) == set(names)


def test_in_paced_rhythm_sgarbossas_criteria_hold_and_nothing_else_is_judged() -> None:
    wide = {**LEFT_BLOCK, **{name: replace(LEFT_BLOCK[name], st=0.15) for name in ("V5", "V6")}}
    found = Drawn(wide, qrs_ms=150.0, paced=True).findings()
    assert found[Code.SUSPECTED_STEMI].qualifiers == (Qualifier.PACED,)
    assert set(found) == {Code.SUSPECTED_STEMI, Code.WIDE_QRS}


def test_a_fast_rate_makes_an_elevation_early_and_no_infarction() -> None:
    lifted = every(("II", "III", "aVF"), st=0.2)
    said = Drawn(lifted, rate_bpm=140.0).findings()[Code.ST_NOT_ASSESSED]
    assert (said.severity, said.qualifiers) == (Severity.ORANGE, (Qualifier.FAST_RATE,))
    calm = Drawn(rate_bpm=140.0).findings()[Code.ST_NOT_ASSESSED]
    assert calm.severity is Severity.ROUTINE


def test_a_file_that_says_it_was_filtered_makes_the_finding_say_so() -> None:
    signal = shifted(signal_of(twelve(75.0)), INFERIOR_UV)
    filtered = replace(signal, filters=FilterInfo(low_cut_hz=0.5))
    assert Qualifier.LOW_CUT in stemi(screen(filtered)).qualifiers
    assert Qualifier.LOW_CUT not in stemi(screen(signal)).qualifiers


def test_a_child_is_measured_and_not_judged() -> None:
    signal = replace(shifted(signal_of(twelve(75.0)), INFERIOR_UV), patient=Patient(age_years=9.0))
    result = screen(signal)
    assert result.critical == ()
    assert result.st_j_mv["III"] > 0.2


def test_back_and_right_leads_have_limits_of_their_own() -> None:
    flat = changed("V6")
    further = {name: replace(flat, st=0.06) for name in ("V7", "V8", "V3R", "V4R")}
    found = Drawn({**further, "V5": changed("V5", st=0.06)}).findings()[Code.SUSPECTED_STEMI]
    assert found.qualifiers == (Qualifier.POSTERIOR, Qualifier.RIGHT_VENTRICULAR)
    assert "V5" not in found.evidence.leads


@pytest.mark.parametrize(
    ("leads", "walls"),
    [
        ({"V1", "V2", "V3"}, (Qualifier.ANTEROSEPTAL,)),
        ({"V3", "V4"}, (Qualifier.ANTERIOR,)),
        ({"V1", "V2", "V3", "V4"}, (Qualifier.ANTERIOR,)),
        (set(STANDARD_LEADS[6:]), (Qualifier.EXTENSIVE_ANTERIOR,)),
        ({"V4", "V5", "V6"}, (Qualifier.ANTEROLATERAL,)),
        ({"V5", "V6"}, (Qualifier.LATERAL,)),
        ({"I", "aVL"}, (Qualifier.HIGH_LATERAL,)),
        ({"V5", "V6", "II", "aVF"}, (Qualifier.LATERAL, Qualifier.INFERIOR)),
    ],
)
def test_leads_name_their_walls(leads: set[str], walls: tuple[Qualifier, ...]) -> None:
    assert territories(frozenset(leads)) == walls
