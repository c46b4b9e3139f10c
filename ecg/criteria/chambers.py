"""Axis, voltage and the chambers: hypertrophy of the ventricles, enlargement of the atria."""

import numpy as np

from ecg.criteria.subject import Subject, by_lead, made, over_leads
from ecg.findings import AHA_2009, Evidence, Finding, FindingCode, Qualifier, Severity
from ecg.signal import CHEST_LEADS, LIMB_LEADS

PART_5 = f"{AHA_2009} part V (Hancock et al., JACC 53:992, 2009)"
CHINESE = "Chinese limits of RV5+SV1 (4.0 mV men, 3.5 mV women), 诊断学 (人民卫生出版社)"
MORRIS_1964 = "Morris et al., Circulation 29:242, 1964 (P terminal force in V1)"

LOW_LIMB_MV = 0.5
LOW_CHEST_MV = 1.0
SOKOLOW_MV = 3.5
SOKOLOW_FROM_YEARS = 35.0
CORNELL_MALE_MV = 2.8
CORNELL_FEMALE_MV = 2.0
CHINESE_MALE_MV = 4.0
CHINESE_FEMALE_MV = 3.5
AVL_R_MV = 1.1
STRAIN_ST_MV = -0.05
STRAIN_T_MV = -0.1
RIGHT_R_MV = 0.7
RIGHT_SUM_MV = 1.05
RIGHT_AXIS_DEG = 100.0
RIGHT_POINTS = 3
P_FORCE_MV_MS = 4.0
P_NEGATIVE_MV = -0.01
P_POSITIVE_MV = 0.02
P_TALL_LIMB_MV = 0.25
P_TALL_CHEST_MV = 0.15
RIGHT_P_LEADS = ("II", "III", "aVF")


def axis_findings(subject: Subject) -> list[Finding]:
    """Judge the frontal axis of QRS."""
    angle = subject.measured.axis_qrs_deg
    if angle is None or -30.0 <= angle <= 90.0:
        return []
    if angle > 90.0:
        code, threshold = FindingCode.RIGHT_AXIS_DEVIATION, "> 90"
    elif angle >= -90.0:
        code, threshold = FindingCode.LEFT_AXIS_DEVIATION, "< -30"
    else:
        code, threshold = FindingCode.EXTREME_AXIS_DEVIATION, "< -90"
    evidence = Evidence("axis_qrs", angle, "deg", threshold, leads=("I", "aVF"))
    return made(code, evidence, f"{AHA_2009} part III")


def low_voltage_findings(subject: Subject) -> list[Finding]:
    """Report QRS under 0.5 mV in all limb leads, or under 1 mV in all chest leads."""
    for group, limit in ((LIMB_LEADS, LOW_LIMB_MV), (CHEST_LEADS, LOW_CHEST_MV)):
        if not set(group) <= set(subject.rows):
            continue
        highest = max(float(np.ptp(subject.qrs_row_mv(lead))) for lead in group)
        if highest < limit:
            evidence = Evidence(
                "qrs_peak_to_peak", round(highest, 3), "mV", f"< {limit:g}", leads=group
            )
            return made(FindingCode.LOW_VOLTAGE, evidence, PART_5)
    return []


def sokolow_mv(subject: Subject) -> float | None:
    """Return SV1 + the higher R of V5 and V6, or None where they were not recorded."""
    left = subject.only(("V5", "V6"))
    if not subject.has("V1") or not left:
        return None
    return subject.s_mv("V1") + max(subject.r_mv(lead) for lead in left)


def cornell_mv(subject: Subject) -> float | None:
    """Return RaVL + SV3, or None where they were not recorded."""
    return subject.r_mv("aVL") + subject.s_mv("V3") if subject.has("aVL", "V3") else None


def _sum_evidence(
    subject: Subject, quantity: str, r_lead: str, s_lead: str, threshold: str
) -> Evidence:
    values = {r_lead: subject.r_mv(r_lead), s_lead: -subject.s_mv(s_lead)}
    total = round(values[r_lead] - values[s_lead], 3)
    proof = by_lead(values, threshold)
    return Evidence(quantity, total, "mV", threshold, tuple(values), subject.members, proof)


def _voltages(subject: Subject) -> dict[str, Evidence]:
    """Return each voltage criterion that is met, by its name."""
    met: dict[str, Evidence] = {}
    sokolow, cornell = sokolow_mv(subject) or 0.0, cornell_mv(subject) or 0.0
    chinese = CHINESE_FEMALE_MV if subject.woman else CHINESE_MALE_MV
    limit = CORNELL_FEMALE_MV if subject.woman else CORNELL_MALE_MV
    if sokolow >= SOKOLOW_MV:
        left = max(subject.only(("V5", "V6")), key=subject.r_mv)
        met["sokolow"] = _sum_evidence(subject, "sokolow_lyon", left, "V1", f">= {SOKOLOW_MV:g}")
        if sokolow > chinese:
            met["chinese"] = _sum_evidence(subject, "rv5_plus_sv1", left, "V1", f"> {chinese:g}")
    if cornell > limit:
        met["cornell"] = _sum_evidence(subject, "cornell", "aVL", "V3", f"> {limit:g}")
    if subject.has("aVL") and subject.r_mv("aVL") > AVL_R_MV:
        value = round(subject.r_mv("aVL"), 3)
        met["avl"] = Evidence("r_avl", value, "mV", f"> {AVL_R_MV:g}", ("aVL",), subject.members)
    return met


def _strain(subject: Subject) -> bool:
    """Whether ST falls and T is upside down in two left leads whose R is high."""
    strained = [
        lead
        for lead in subject.only(("I", "aVL", "V4", "V5", "V6"))
        if subject.st_mv(lead, 40) <= STRAIN_ST_MV
        and subject.t_lowest_mv(lead) <= STRAIN_T_MV
        and subject.r_mv(lead) > subject.s_mv(lead)
    ]
    return len(strained) >= 2


def _left_ventricle(subject: Subject) -> list[Finding]:
    """Judge left ventricular voltage.

    Hypertrophy is suspected from Sokolow-Lyon (before 35 years, where the young are often above
    it, by the Chinese limits), and from Cornell's sum or R of aVL with secondary ST-T change
    beside it. High voltage alone is said by the Chinese limits and by Cornell's.
    """
    met = _voltages(subject)
    found: list[Finding] = []
    for name, source in (("chinese", CHINESE), ("cornell", PART_5)):
        if name in met and not found:
            found += made(FindingCode.LEFT_VENTRICULAR_HIGH_VOLTAGE, met[name], source)
    age = subject.patient.age_years
    young = age is not None and age < SOKOLOW_FROM_YEARS
    strain = _strain(subject)
    enough = ["chinese" if young else "sokolow", *(("cornell", "avl") if strain else ())]
    for name in enough:
        if name in met:
            said = (Qualifier.STRAIN,) if strain else ()
            code = FindingCode.LEFT_VENTRICULAR_HYPERTROPHY
            return [*found, *made(code, met[name], PART_5, Severity.ROUTINE, said)]
    return found


def _right_ventricle(subject: Subject) -> list[Finding]:
    """Suspect right hypertrophy from three of part V's signs, axis or left S among them."""
    axis = subject.measured.axis_qrs_deg
    if not subject.has("V1") or axis is None or subject.wide:
        return []
    left = subject.only(("V5", "V6"))
    r_mv, s_mv = subject.r_mv("V1"), subject.s_mv("V1")
    sum_mv = r_mv + max((subject.s_mv(lead) for lead in left), default=0.0)
    turned = RIGHT_AXIS_DEG <= axis <= 180.0
    reversed_left = bool(left) and all(subject.r_mv(lead) < subject.s_mv(lead) for lead in left)
    points = (
        r_mv >= RIGHT_R_MV and r_mv > s_mv,
        sum_mv >= RIGHT_SUM_MV,
        turned,
        reversed_left,
        subject.t_lowest_mv("V1") <= STRAIN_T_MV and r_mv > s_mv,
    )
    if sum(points) < RIGHT_POINTS or not (turned or reversed_left):
        return []
    evidence = Evidence("r_v1", round(r_mv, 3), "mV", f">= {RIGHT_R_MV:g}", ("V1", *left))
    return made(FindingCode.RIGHT_VENTRICULAR_HYPERTROPHY, evidence, PART_5)


def _p_terminal_force(subject: Subject) -> float:
    """Return depth times duration of P's negative end in V1, in mV ms; 0 where there is none.

    The end is what follows the positive phase. Where there is none it is the second half of P: an
    electrode placed too high turns all of it.
    """
    marks = subject.marks
    if not subject.has("V1") or marks.p_on is None or marks.p_off is None:
        return 0.0
    row = subject.row_mv("V1")[marks.p_on : marks.p_off + 1]
    if row.size < 4:
        return 0.0
    level = row - np.linspace(row[0], row[-1], row.size)
    middle = level.size // 2
    top = int(level[:middle].argmax())
    end = level[top:] if level[top] >= P_POSITIVE_MV else level[middle:]
    lasting_ms = float((end < P_NEGATIVE_MV).sum()) / subject.fs_hz * 1000.0
    return -min(0.0, float(end.min())) * lasting_ms


def _atria(subject: Subject) -> list[Finding]:
    marks = subject.marks
    if marks.p_on is None or marks.p_off is None:
        return []
    found: list[Finding] = []
    force = _p_terminal_force(subject)
    if force >= P_FORCE_MV_MS:
        evidence = Evidence(
            "p_terminal_force", round(force, 2), "mV ms", f">= {P_FORCE_MV_MS:g}", ("V1",)
        )
        found += made(FindingCode.LEFT_ATRIAL_ENLARGEMENT, evidence, MORRIS_1964)
    tall = {
        lead: height
        for leads, limit in ((RIGHT_P_LEADS, P_TALL_LIMB_MV), (("V1", "V2"), P_TALL_CHEST_MV))
        for lead in subject.only(leads)
        if (height := subject.leads[lead].p_mv or 0.0) >= limit
    }
    if tall:
        limits = f">= {P_TALL_LIMB_MV:g} limb, {P_TALL_CHEST_MV:g} chest"
        found += made(
            FindingCode.RIGHT_ATRIAL_ENLARGEMENT, over_leads(subject, "p", tall, limits), PART_5
        )
    return found


def chamber_findings(subject: Subject) -> list[Finding]:
    """Return what axis, voltage and P waves say."""
    return [
        *axis_findings(subject),
        *low_voltage_findings(subject),
        *_left_ventricle(subject),
        *_right_ventricle(subject),
        *_atria(subject),
    ]
