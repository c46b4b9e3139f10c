from dataclasses import replace

import pytest

from ecg.findings import FindingCode as Code
from ecg.signal import Patient, Sex
from tests.ecg.criteria.subjects import Drawn, Wave

LEFT = {
    "I": Wave(((0.7, 140.0),), st=-0.05, t=-0.2),
    "V1": Wave(((0.1, 20.0), (-1.5, 118.0)), st=0.1),
    "V5": Wave(((0.9, 140.0),), st=-0.05, t=-0.3),
    "V6": Wave(((0.9, 140.0),), st=-0.05, t=-0.3),
}
RIGHT = {
    "I": Wave(((0.7, 60.0), (-0.4, 60.0))),
    "V1": Wave(((0.2, 24.0), (-0.4, 34.0), (0.9, 60.0)), t=-0.2),
    "V6": Wave(((0.9, 60.0), (-0.4, 60.0))),
}
TURNED_LEFT = {
    "I": Wave(((-0.06, 12.0), (0.7, 60.0))),
    "aVL": Wave(((-0.1, 12.0), (0.9, 60.0))),
    "II": Wave(((0.2, 24.0), (-0.7, 60.0))),
    "III": Wave(((0.2, 24.0), (-1.3, 60.0))),
    "aVF": Wave(((0.2, 24.0), (-1.0, 60.0))),
}
TURNED_RIGHT = {
    "I": Wave(((0.2, 24.0), (-0.8, 60.0))),
    "aVL": Wave(((0.2, 24.0), (-0.9, 60.0))),
    "III": Wave(((-0.1, 14.0), (1.2, 60.0))),
    "aVF": Wave(((-0.1, 14.0), (0.9, 60.0))),
}
BLOCKS = {
    Code.LEFT_BUNDLE_BRANCH_BLOCK,
    Code.RIGHT_BUNDLE_BRANCH_BLOCK,
    Code.INCOMPLETE_LEFT_BUNDLE_BRANCH_BLOCK,
    Code.INCOMPLETE_RIGHT_BUNDLE_BRANCH_BLOCK,
    Code.INTRAVENTRICULAR_CONDUCTION_DELAY,
    Code.LEFT_ANTERIOR_FASCICULAR_BLOCK,
    Code.LEFT_POSTERIOR_FASCICULAR_BLOCK,
    Code.BIFASCICULAR_BLOCK,
    Code.PREEXCITATION,
}


@pytest.mark.parametrize(
    ("drawn", "blocks"),
    [
        (Drawn(), set()),
        (Drawn(LEFT, qrs_ms=142.0), {Code.LEFT_BUNDLE_BRANCH_BLOCK}),
        (Drawn(LEFT, qrs_ms=116.0), {Code.INCOMPLETE_LEFT_BUNDLE_BRANCH_BLOCK}),
        (Drawn(RIGHT, qrs_ms=124.0), {Code.RIGHT_BUNDLE_BRANCH_BLOCK}),
        (Drawn(RIGHT, qrs_ms=116.0), {Code.INCOMPLETE_RIGHT_BUNDLE_BRANCH_BLOCK}),
        (Drawn(RIGHT, qrs_ms=100.0), set()),
        (Drawn(qrs_ms=126.0), {Code.INTRAVENTRICULAR_CONDUCTION_DELAY}),
        (Drawn(TURNED_LEFT), {Code.LEFT_ANTERIOR_FASCICULAR_BLOCK}),
        (Drawn(TURNED_RIGHT), {Code.LEFT_POSTERIOR_FASCICULAR_BLOCK}),
        (
            Drawn({**RIGHT, **TURNED_LEFT}, qrs_ms=124.0),
            {
                Code.RIGHT_BUNDLE_BRANCH_BLOCK,
                Code.LEFT_ANTERIOR_FASCICULAR_BLOCK,
                Code.BIFASCICULAR_BLOCK,
            },
        ),
        (Drawn(LEFT, qrs_ms=142.0, paced=True), set()),
    ],
    ids=[
        "narrow", "left", "left incomplete", "right", "right incomplete", "narrow rsR'",
        "neither", "anterior", "posterior", "bifascicular", "paced",
    ],
)  # fmt: skip
def test_each_block_has_its_shape(drawn: Drawn, blocks: set[Code]) -> None:
    assert set(drawn.findings()) & BLOCKS == blocks


def test_septal_q_speaks_against_left_bundle_branch_block() -> None:
    leads = {**LEFT, "V6": Wave(((-0.2, 20.0), (0.9, 118.0)))}
    found = Drawn(leads, qrs_ms=142.0).findings()
    assert Code.LEFT_BUNDLE_BRANCH_BLOCK not in found
    assert Code.INTRAVENTRICULAR_CONDUCTION_DELAY in found


SLOW = Wave(((0.15, 34.0), (1.2, 50.0)), t=-0.2)


def test_preexcitation_needs_a_short_pr_a_delta_wave_and_a_broad_qrs() -> None:
    delta = dict.fromkeys(("I", "II", "V4", "V5", "V6"), SLOW)
    found = Drawn(delta, qrs_ms=118.0, pr_ms=100.0).findings()
    assert Code.PREEXCITATION in found
    assert set(found[Code.PREEXCITATION].evidence.leads) >= set(delta)
    for drawn in (
        Drawn(delta, qrs_ms=118.0, pr_ms=160.0),
        Drawn(delta, qrs_ms=90.0, pr_ms=100.0),
        Drawn(qrs_ms=118.0, pr_ms=100.0),
    ):
        assert Code.PREEXCITATION not in drawn.findings()


def test_preexcitation_silences_what_it_brings_with_it() -> None:
    delta = dict.fromkeys(("I", "II", "V4", "V5", "V6"), replace(SLOW, st=-0.08))
    quick, slow = Drawn(delta, 118.0, pr_ms=100.0), Drawn(delta, 118.0, pr_ms=160.0)
    assert Code.ST_DEPRESSION in slow.findings()
    assert not {Code.ST_DEPRESSION, Code.T_INVERSION} & set(quick.findings())


def test_a_broad_r_of_v1_is_right_bundle_branch_block_whatever_small_s_follows() -> None:
    broad = Wave(((0.15, 30.0), (1.1, 80.0), (-0.1, 10.0)), t=-0.2)
    leads = {**RIGHT, "V1": broad}
    assert Code.RIGHT_BUNDLE_BRANCH_BLOCK in Drawn(leads, qrs_ms=124.0).findings()


@pytest.mark.parametrize(
    ("pr_ms", "age", "code"),
    [
        (200.0, 45.0, None),
        (202.0, 45.0, Code.LONG_PR),
        (202.0, None, Code.LONG_PR),
        (220.0, 60.0, None),
        (222.0, 60.0, Code.LONG_PR),
        (118.0, 60.0, Code.SHORT_PR),
    ],
)
def test_the_old_may_have_a_longer_pr(pr_ms: float, age: float | None, code: Code | None) -> None:
    found = Drawn(pr_ms=pr_ms, patient=Patient(age_years=age, sex=Sex.MALE)).findings()
    assert {each for each in found if each in {Code.LONG_PR, Code.SHORT_PR}} == (
        {code} if code else set()
    )
