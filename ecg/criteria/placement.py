"""Electrodes exchanged, or the heart on the right."""

from ecg.criteria.subject import Subject, made
from ecg.electrodes import electrode_findings
from ecg.findings import Evidence, Finding, FindingCode, Severity

RUDIGER_2007 = "Rudiger et al., Swiss Med Wkly 137:190-195, 2007 (inverted P-QRS-T in lead I)"
DEXTROCARDIA = "Mozayan and Levine, J Emerg Med 52:e111, 2017 (R falls from V1 to V6)"

NET_MV = 0.05
P_MV = -0.02
T_MV = -0.025


def _net_mv(subject: Subject, lead: str) -> float:
    row = subject.qrs_row_mv(lead)
    return float(row.max() + row.min())


def placement_findings(subject: Subject) -> list[Finding]:
    """Report what the regressions of `ecg.electrodes` suspect, else lead I upside down."""
    upside_down = _upside_down(subject)
    if any(each.code is FindingCode.DEXTROCARDIA for each in upside_down):
        return upside_down
    suspected = electrode_findings(subject.beat, tuple(subject.rows), frozenset(subject.leads))
    limbs = any(each.code is not FindingCode.CHEST_LEADS_REVERSED for each in suspected)
    return suspected if limbs else [*upside_down, *suspected]


def _upside_down(subject: Subject) -> list[Finding]:
    """Report lead I upside down in P, QRS and T; V6 says whether arms or heart are to blame."""
    marks = subject.marks
    if not {"I", "V6"} <= set(subject.rows):
        return []
    if marks.p_peak is None or marks.p_on is None or marks.t_peak is None:
        return []
    one = subject.row_mv("I")
    net_mv = _net_mv(subject, "I")
    upside_down = one[marks.p_peak] - one[marks.p_on] <= P_MV and one[marks.t_peak] <= T_MV
    if net_mv > -NET_MV or not upside_down:
        return []
    evidence = Evidence("net_qrs_lead_i", round(net_mv, 3), "mV", f"< {-NET_MV:g}", ("I", "V6"))
    if _net_mv(subject, "V6") >= NET_MV:
        return made(FindingCode.ARM_LEADS_REVERSED, evidence, RUDIGER_2007, Severity.ORANGE)
    if not subject.has("V1", "V3", "V6"):
        return []
    falling = subject.r_mv("V1") > subject.r_mv("V3") > subject.r_mv("V6")
    return made(FindingCode.DEXTROCARDIA, evidence, DEXTROCARDIA) if falling else []
