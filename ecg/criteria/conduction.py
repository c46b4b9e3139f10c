"""Bundle branches, fascicles and pre-excitation (AHA/ACCF/HRS 2009, part III)."""

from dataclasses import replace

import numpy as np

from ecg.criteria.subject import Subject, made, over_leads
from ecg.findings import AHA_2009, Evidence, Finding, FindingCode

PART_3 = f"{AHA_2009} part III (Surawicz et al., JACC 53:976, 2009)"

WIDE_QRS_MS = 120.0
INCOMPLETE_QRS_MS = 110.0
PREEXCITED_QRS_MS = 110.0
SHORT_PR_MS = 120.0
LATE_RIGHT_R_MS = 50.0
TERMINAL_R_MV = 0.1
TERMINAL_SHARE = 0.5
WIDE_S_MS = 40.0
LATE_R_MS = 60.0
SEPTAL_Q_MV = 0.05
LAFB_AXIS_DEG = -45.0
LPFB_AXIS_DEG = 90.0
DELTA_MS = 30.0
DELTA_LEADS = 4
DELTA_SHARE = (0.04, 0.35)
RIGHT_BLOCKS = frozenset(
    (
        FindingCode.RIGHT_BUNDLE_BRANCH_BLOCK,
        FindingCode.INCOMPLETE_RIGHT_BUNDLE_BRANCH_BLOCK,
    )
)


def _right_terminal(subject: Subject) -> dict[str, float]:
    """Return V1's last R where it is late and large, and S is wide in I, V5 or V6.

    Of rsR' the second, of qR and of a broad R the only one.
    """
    if not subject.has("V1"):
        return {}
    each = subject.leads["V1"]
    late_mv = each.r2_mv or 0.0
    only_r = each.s_mv is None or (each.r_mv or 0.0) > subject.s_mv("V1")
    if each.r2_mv is None and only_r and subject.r_peak_ms("V1") > LATE_RIGHT_R_MS:
        late_mv = each.r_mv or 0.0
    if late_mv < max(TERMINAL_R_MV, each.r_mv or 0.0 if each.r2_mv else 0.0):
        return {}
    if late_mv < TERMINAL_SHARE * subject.s_mv("V1"):
        return {}
    wide_s = [
        lead
        for lead in subject.only(("I", "V5", "V6"))
        if (subject.leads[lead].s_ms or 0.0) >= WIDE_S_MS or subject.s_mv(lead) > subject.r_mv(lead)
    ]
    return {"V1": late_mv} if wide_s else {}


def _left_delayed(subject: Subject) -> dict[str, float]:
    """Return the R of I, V5 and V6 where it is broad and late, without septal Q, and V1 is down."""
    if not subject.has("V1") or subject.s_mv("V1") < 3.0 * subject.r_mv("V1"):
        return {}
    left = subject.only(("I", "V5", "V6"))
    if len(left) < 2 or any(subject.q_mv(lead) > SEPTAL_Q_MV for lead in left):
        return {}
    late = {lead: subject.r_mv(lead) for lead in left if subject.r_peak_ms(lead) >= LATE_R_MS}
    upright = [lead for lead in left if subject.r_mv(lead) > subject.s_mv(lead)]
    return late if late and upright else {}


def _bundle(subject: Subject) -> list[Finding]:
    qrs_ms = subject.measured.qrs_ms
    if qrs_ms is None or qrs_ms < INCOMPLETE_QRS_MS:
        return []
    wide = qrs_ms >= WIDE_QRS_MS
    code = FindingCode
    if right := _right_terminal(subject):
        kind = code.RIGHT_BUNDLE_BRANCH_BLOCK if wide else code.INCOMPLETE_RIGHT_BUNDLE_BRANCH_BLOCK
        return made(kind, over_leads(subject, "terminal_r", right, f">= {TERMINAL_R_MV:g}"), PART_3)
    if left := _left_delayed(subject):
        kind = code.LEFT_BUNDLE_BRANCH_BLOCK if wide else code.INCOMPLETE_LEFT_BUNDLE_BRANCH_BLOCK
        return made(kind, over_leads(subject, "late_r", left, f"peak >= {LATE_R_MS:g} ms"), PART_3)
    if not wide:
        return []
    evidence = Evidence("qrs", qrs_ms, "ms", f">= {WIDE_QRS_MS:g}")
    return made(code.INTRAVENTRICULAR_CONDUCTION_DELAY, evidence, PART_3)


def _fascicle(subject: Subject, *, right_block: bool) -> list[Finding]:
    axis = subject.measured.axis_qrs_deg
    if axis is None or not subject.has("I", "II", "III", "aVF", "aVL"):
        return []
    if subject.wide and not right_block:
        return []
    code = FindingCode

    def upright(lead: str) -> bool:
        return subject.r_mv(lead) > subject.s_mv(lead)

    def ends_down(lead: str) -> bool:
        return subject.s_mv(lead) > subject.r_mv(lead)

    found: list[Finding] = []
    evidence = Evidence("axis_qrs", axis, "deg", leads=("I", "aVL", "III", "aVF"))
    left = upright("I") and upright("aVL") and ends_down("III") and ends_down("aVF")
    if -90.0 <= axis <= LAFB_AXIS_DEG and left and subject.s_mv("III") > subject.s_mv("II"):
        evidence = replace(evidence, threshold=f"-90 to {LAFB_AXIS_DEG:g}")
        found = made(code.LEFT_ANTERIOR_FASCICULAR_BLOCK, evidence, PART_3)
    right = ends_down("I") and ends_down("aVL") and upright("III") and upright("aVF")
    begun = (subject.leads[lead].q_mv is not None for lead in ("III", "aVF"))
    if axis > LPFB_AXIS_DEG and right and all(begun):
        evidence = replace(evidence, threshold=f"> {LPFB_AXIS_DEG:g}")
        found = made(code.LEFT_POSTERIOR_FASCICULAR_BLOCK, evidence, PART_3)
    if found and right_block and subject.wide:
        found += made(code.BIFASCICULAR_BLOCK, found[0].evidence, PART_3)
    return found


def _delta(subject: Subject) -> dict[str, float]:
    """Return, lead by lead, the level reached `DELTA_MS` after QRS began where it rises slowly.

    A slow begin: a fair share of the lead's own height is reached in that time, by a slope that is
    less than half of the steepest one that follows.
    """
    first = round(DELTA_MS / 1000.0 * subject.fs_hz)
    slow: dict[str, float] = {}
    for lead in subject.only(("I", "II", "aVL", "aVF", "V2", "V3", "V4", "V5", "V6")):
        row = subject.qrs_row_mv(lead)
        peak = int(np.abs(row).argmax())
        height = float(row[peak])
        if height < 0.4 or peak <= first:
            continue
        share = float(row[first]) / height
        steepest = float(np.diff(row[: peak + 1]).max())
        early = float(row[first]) / first
        if DELTA_SHARE[0] <= share <= DELTA_SHARE[1] and early < 0.5 * steepest:
            slow[lead] = float(row[first])
    return slow


def _preexcitation(subject: Subject) -> list[Finding]:
    pr_ms, qrs_ms = subject.measured.pr_ms, subject.measured.qrs_ms
    if pr_ms is None or qrs_ms is None or pr_ms >= SHORT_PR_MS or qrs_ms < PREEXCITED_QRS_MS:
        return []
    slow = _delta(subject)
    if len(slow) < DELTA_LEADS:
        return []
    limit = f"PR < {SHORT_PR_MS:g} ms, QRS >= {PREEXCITED_QRS_MS:g} ms, slow begin"
    evidence = over_leads(subject, "delta_wave", slow, limit)
    return made(FindingCode.PREEXCITATION, evidence, PART_3)


def conduction_findings(subject: Subject) -> list[Finding]:
    """Name bundle branch and fascicular blocks, other delays, and pre-excitation."""
    if subject.paced:
        return []
    preexcited = _preexcitation(subject)
    if preexcited:
        return preexcited
    bundle = _bundle(subject)
    right_block = any(each.code in RIGHT_BLOCKS for each in bundle)
    return [*bundle, *_fascicle(subject, right_block=right_block)]
