"""Q waves, ST depression, T waves and the patterns, each where it is and where it is not."""

import pytest

from ecg.findings import FindingCode as Code
from ecg.findings import Qualifier, Severity
from tests.ecg.criteria.subjects import NORMAL, Drawn, Wave, changed, every

QS = Wave(((-0.9, 80.0),))
DEEP_Q = Wave(((-0.4, 40.0), (0.6, 40.0)))


def test_normal_leads_say_nothing() -> None:
    assert Drawn().findings() == {}


@pytest.mark.parametrize(
    ("leads", "code"),
    [
        (dict.fromkeys(("II", "III", "aVF"), DEEP_Q), Code.OLD_INFERIOR_INFARCTION),
        (dict.fromkeys(("I", "aVL"), DEEP_Q), Code.OLD_LATERAL_INFARCTION),
        (dict.fromkeys(("V1", "V2", "V3"), QS), Code.OLD_ANTEROSEPTAL_INFARCTION),
        (dict.fromkeys(("V2", "V3", "V4"), QS), Code.OLD_ANTERIOR_INFARCTION),
        (dict.fromkeys(("V3", "V4", "V5"), QS), Code.OLD_ANTEROLATERAL_INFARCTION),
        (dict.fromkeys(("V5", "V6"), DEEP_Q), Code.OLD_LATERAL_INFARCTION),
    ],
)
def test_q_waves_name_their_wall(leads: dict[str, Wave], code: Code) -> None:
    found = Drawn(leads).findings()
    assert [each for each in found if each.startswith("old_")] == [code]
    assert set(found[code].evidence.leads) == set(leads)
    assert Code.POOR_R_PROGRESSION not in found


@pytest.mark.parametrize(
    "leads",
    [
        {"III": DEEP_Q},
        dict.fromkeys(("V1", "V2"), QS),
        dict.fromkeys(("II", "III", "aVF"), Wave(((-0.15, 14.0), (0.9, 60.0)))),
    ],
    ids=["one lead", "V1 and V2", "narrow"],
)
def test_lesser_q_waves_are_no_scar(leads: dict[str, Wave]) -> None:
    assert not [each for each in Drawn(leads).findings() if each.startswith("old_")]


def test_r_that_does_not_grow_is_poor_progression() -> None:
    small = Wave(((0.15, 24.0), (-1.0, 60.0)), t=0.3)
    assert Code.POOR_R_PROGRESSION in Drawn({"V2": small, "V3": small}).findings()


@pytest.mark.parametrize(
    ("st_mv", "severity"), [(-0.03, None), (-0.07, Severity.ROUTINE), (-0.15, Severity.ORANGE)]
)
def test_st_depression_is_graded(st_mv: float, severity: Severity | None) -> None:
    found = Drawn(every(("V4", "V5", "V6"), st=st_mv)).findings().get(Code.ST_DEPRESSION)
    assert (found.severity if found else None) is severity


def test_a_rising_st_and_a_single_lead_are_no_depression() -> None:
    rising = every(("V4", "V5", "V6"), st=-0.12, slope=0.2)
    assert Code.ST_DEPRESSION not in Drawn(rising).findings()
    assert Code.ST_DEPRESSION not in Drawn({"V5": changed("V5", st=-0.15)}).findings()
    assert Code.ST_DEPRESSION not in Drawn(every(("V4", "V5"), st=-0.15), rate_bpm=130).findings()


def test_depression_of_v1_to_v3_under_tall_r_is_suspected_posterior_infarction() -> None:
    leads = {name: Wave(((0.9, 50.0), (-0.5, 36.0)), st=-0.15, t=0.4) for name in ("V2", "V3")}
    found = Drawn(leads).findings()
    assert found[Code.SUSPECTED_POSTERIOR_INFARCTION].severity is Severity.RED
    assert Code.ST_DEPRESSION not in found
    inverted = {name: Wave(((0.9, 50.0), (-0.5, 36.0)), st=-0.15, t=-0.3) for name in leads}
    assert Code.SUSPECTED_POSTERIOR_INFARCTION not in Drawn(inverted).findings()


def test_diffuse_depression_with_elevated_avr_is_left_main() -> None:
    low = every(("I", "II", "aVF", "V3", "V4", "V5", "V6"), st=-0.15)
    found = Drawn({**low, "aVR": changed("aVR", st=0.13)}).findings()
    assert found[Code.AVR_ELEVATION].severity is Severity.ORANGE
    assert Code.AVR_ELEVATION not in Drawn(low).findings()


def test_de_winter_rises_from_depression_into_a_tall_t() -> None:
    rising = every(("V2", "V3", "V4"), st=-0.2, slope=0.3, t=0.8)
    found = Drawn({**rising, "aVR": changed("aVR", st=0.08)}).findings()
    assert found[Code.DE_WINTER].severity is Severity.RED
    level = every(("V2", "V3", "V4"), st=-0.2, t=0.8)
    assert Code.DE_WINTER not in Drawn({**level, "aVR": changed("aVR", st=0.08)}).findings()
    fast = Drawn({**rising, "aVR": changed("aVR", st=0.08)}, rate_bpm=115.0)
    assert Code.DE_WINTER not in fast.findings()


@pytest.mark.parametrize(
    ("t_mv", "t2_mv", "kind"),
    [(0.4, -0.35, Qualifier.TYPE_A), (-0.5, 0.0, Qualifier.TYPE_B), (0.4, 0.0, None)],
)
def test_wellens_is_biphasic_or_deep(t_mv: float, t2_mv: float, kind: Qualifier | None) -> None:
    found = Drawn(every(("V2", "V3"), t=t_mv, t2=t2_mv)).findings().get(Code.WELLENS)
    assert (found.qualifiers if found else None) == ((kind,) if kind else None)


def test_inverted_t_needs_two_neighbours() -> None:
    found = Drawn(every(("V5", "V6"), t=-0.2)).findings()
    assert set(found) == {Code.T_INVERSION}
    assert Code.T_INVERSION not in Drawn({"V5": changed("V5", t=-0.2)}).findings()
    assert Code.T_INVERSION not in Drawn(every(("aVR", "V1"), t=-0.2)).findings()


def test_a_flat_t_is_non_specific() -> None:
    found = Drawn(every(("V5", "V6"), t=0.05)).findings()
    assert set(found) == {Code.NONSPECIFIC_ST_T}


def test_a_huge_broad_t_is_hyperacute_and_a_narrow_one_potassium() -> None:
    broad = every(("V3", "V4", "V5"), t=1.5, t_width_s=0.055, st=0.06)
    assert Drawn(broad).findings()[Code.HYPERACUTE_T].severity is Severity.ORANGE
    narrow = every(("II", "V3", "V4", "V5"), t=1.3, t_width_s=0.03)
    found = Drawn(narrow).findings()
    assert found[Code.HYPERKALAEMIA_PATTERN].severity is Severity.ORANGE
    severe = Drawn(narrow, qrs_ms=140.0, pr_ms=None).findings()
    assert severe[Code.HYPERKALAEMIA_PATTERN].severity is Severity.RED


def test_u_above_a_flat_t_with_depression_is_low_potassium() -> None:
    leads = every(("V2", "V3", "V4", "V5"), t=0.04, u=0.25, st=-0.08)
    assert Code.HYPOKALAEMIA_PATTERN in Drawn(leads).findings()
    assert Code.HYPOKALAEMIA_PATTERN not in Drawn(every(("V2", "V3"), u=0.25)).findings()


COVED = Wave(((0.2, 30.0), (-0.6, 40.0), (0.3, 14.0)), st=0.3, slope=-0.25, t=-0.3)
SADDLE = Wave(((0.3, 30.0), (-0.6, 40.0), (0.3, 14.0)), st=0.25, slope=-0.1, t=0.5)


def test_brugada_is_coved_or_a_saddle() -> None:
    assert Drawn({"V1": COVED}).findings()[Code.BRUGADA_TYPE_1].severity is Severity.ORANGE
    assert Code.BRUGADA_TYPE_2 in Drawn({"V2": SADDLE}).findings()
    assert not {Code.BRUGADA_TYPE_1, Code.BRUGADA_TYPE_2} & set(Drawn().findings())


def test_s1q3t3_needs_a_further_sign() -> None:
    triad = {
        "I": Wave(((0.6, 50.0), (-0.3, 36.0))),
        "III": Wave(((-0.25, 24.0), (0.6, 50.0)), t=-0.15),
    }
    assert Code.PULMONARY_EMBOLISM_PATTERN in Drawn(triad, rate_bpm=112.0).findings()
    assert Code.PULMONARY_EMBOLISM_PATTERN not in Drawn(triad).findings()


def test_early_repolarisation_stands_where_the_limits_are_not_reached() -> None:
    slur = every(("II", "aVF", "V4", "V5"), st=0.12, slope=-0.3, t=0.7)
    found = Drawn(slur).findings()
    assert Code.EARLY_REPOLARISATION in found
    assert Code.SUSPECTED_STEMI not in found


def test_diffuse_elevation_is_called_pericarditis_like_beside_the_suspicion() -> None:
    leads = every(("I", "II", "III", "aVF", "V2", "V3", "V4", "V5", "V6"), st=0.15)
    found = Drawn(leads).findings()
    assert found[Code.SUSPECTED_STEMI].severity is Severity.RED
    assert Code.PERICARDITIS_PATTERN in found
    opposite = {**leads, "aVL": changed("aVL", st=-0.1)}
    assert Code.PERICARDITIS_PATTERN not in Drawn(opposite).findings()


@pytest.mark.parametrize("lead", list(NORMAL))
def test_a_missing_lead_is_never_an_error(lead: str) -> None:
    Drawn(only=tuple(name for name in NORMAL if name != lead)).findings()
    Drawn(poor=(lead,)).findings()
    Drawn(only=(lead,)).findings()
