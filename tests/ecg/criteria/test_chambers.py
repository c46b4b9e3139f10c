from dataclasses import replace

import pytest

from ecg.findings import FindingCode as Code
from ecg.findings import Qualifier
from ecg.signal import Patient, Sex
from tests.ecg.criteria.subjects import NORMAL, Drawn, Wave, changed, every
from tests.ecg.samples import ADULT

WOMAN = Patient(60.0, Sex.FEMALE)
LEFT = {Code.LEFT_VENTRICULAR_HYPERTROPHY, Code.LEFT_VENTRICULAR_HIGH_VOLTAGE}


def voltage(s_v1: float, r_v5: float) -> dict[str, Wave]:
    return {
        "V1": Wave(((0.2, 30.0), (-s_v1, 56.0))),
        "V5": Wave(((r_v5, 60.0), (-0.2, 26.0)), t=0.4),
    }


@pytest.mark.parametrize(
    ("sum_mv", "patient", "codes"),
    [
        (3.3, ADULT, set()),
        (3.7, ADULT, {Code.LEFT_VENTRICULAR_HYPERTROPHY}),
        (4.2, ADULT, LEFT),
        (3.7, WOMAN, LEFT),
        (3.7, Patient(25.0, Sex.MALE), set()),
        (4.2, Patient(25.0, Sex.MALE), LEFT),
        (3.7, Patient(), {Code.LEFT_VENTRICULAR_HYPERTROPHY}),
    ],
)
def test_sokolow_and_the_chinese_limits_are_both_shown(
    sum_mv: float, patient: Patient, codes: set[Code]
) -> None:
    found = Drawn(voltage(1.6, sum_mv - 1.6), patient=patient).findings()
    assert set(found) & LEFT == codes
    if Code.LEFT_VENTRICULAR_HYPERTROPHY in codes:
        evidence = found[Code.LEFT_VENTRICULAR_HYPERTROPHY].evidence
        assert evidence.value == pytest.approx(sum_mv, abs=0.03)
        assert set(evidence.leads) == {"V1", "V5"}


def test_cornells_limit_depends_on_sex_and_needs_strain_for_hypertrophy() -> None:
    leads = {
        "aVL": Wave(((1.0, 60.0),)),
        "V3": Wave(((0.5, 30.0), (-1.5, 56.0)), t=0.4),
    }
    assert not LEFT & set(Drawn(leads).findings())
    assert LEFT & set(Drawn(leads, patient=WOMAN).findings()) == {
        Code.LEFT_VENTRICULAR_HIGH_VOLTAGE
    }
    strained = {**leads, **every(("V5", "V6"), st=-0.1, t=-0.3)}
    found = Drawn(strained, patient=WOMAN).findings()
    assert found[Code.LEFT_VENTRICULAR_HYPERTROPHY].qualifiers == (Qualifier.STRAIN,)


def test_left_bundle_branch_block_silences_hypertrophy() -> None:
    leads = {
        "I": Wave(((0.7, 140.0),), t=-0.2),
        "V1": Wave(((0.1, 20.0), (-2.5, 118.0)), st=0.2),
        "V5": Wave(((2.5, 140.0),), t=-0.3),
        "V6": Wave(((0.9, 140.0),), t=-0.3),
    }
    found = Drawn(leads, qrs_ms=142.0).findings()
    assert Code.LEFT_BUNDLE_BRANCH_BLOCK in found
    assert not LEFT & set(found)


def test_right_hypertrophy_needs_a_tall_r_of_v1_and_a_right_axis() -> None:
    right = {
        "I": Wave(((0.2, 30.0), (-0.9, 56.0))),
        "aVL": Wave(((0.2, 30.0), (-0.8, 56.0))),
        "V1": Wave(((1.1, 50.0), (-0.3, 36.0)), t=-0.2),
        "V5": Wave(((0.4, 40.0), (-0.8, 46.0))),
        "V6": Wave(((0.4, 40.0), (-0.8, 46.0))),
    }
    assert Code.RIGHT_VENTRICULAR_HYPERTROPHY in Drawn(right).findings()
    assert Code.RIGHT_AXIS_DEVIATION in Drawn(right).findings()
    only = {"V1": right["V1"]}
    assert Code.RIGHT_VENTRICULAR_HYPERTROPHY not in Drawn(only).findings()


def test_the_atria_show_in_p() -> None:
    tall = every(("II", "III", "aVF"), p=0.32)
    assert Code.RIGHT_ATRIAL_ENLARGEMENT in Drawn(tall).findings()
    force = {"V1": changed("V1", p=0.05, p2=-0.16)}
    found = Drawn(force).findings()
    assert Code.LEFT_ATRIAL_ENLARGEMENT in found
    assert Code.LEFT_ATRIAL_ENLARGEMENT not in Drawn(tall).findings()
    assert not {Code.LEFT_ATRIAL_ENLARGEMENT, Code.RIGHT_ATRIAL_ENLARGEMENT} & set(
        Drawn({**tall, **force}, pr_ms=None).findings()
    )


def test_dextrocardia_and_exchanged_arms_are_told_apart_by_the_chest() -> None:
    one = {"I": Wave(((-0.7, 60.0),), t=-0.25, p=-0.1)}
    assert Code.ARM_LEADS_REVERSED in Drawn(one).findings()
    falling = {
        f"V{number}": Wave(((1.0 - 0.15 * number, 30.0), (-0.9, 56.0))) for number in range(1, 7)
    }
    found = Drawn({**one, **falling}).findings()
    assert Code.DEXTROCARDIA in found
    assert Code.ARM_LEADS_REVERSED not in found
    assert Code.RIGHT_AXIS_DEVIATION not in found


def test_low_voltage_is_judged_group_by_group() -> None:
    small = {
        name: replace(wave, qrs=tuple((0.3 * mv, ms) for mv, ms in wave.qrs))
        for name, wave in NORMAL.items()
    }
    limb = {name: wave for name, wave in small.items() if not name.startswith("V")}
    assert Code.LOW_VOLTAGE in Drawn(small).findings()
    assert Code.LOW_VOLTAGE in Drawn(limb).findings()
    assert Code.LOW_VOLTAGE not in Drawn().findings()
