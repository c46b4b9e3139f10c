"""Pathological Q waves by territory, and poor R wave progression."""

from collections.abc import Mapping
from types import MappingProxyType

from ecg.criteria.subject import Subject, contiguous, made, over_leads
from ecg.findings import Evidence, Finding, FindingCode
from ecg.signal import CHEST_LEADS

UDMI_Q = "Fourth Universal Definition of MI, Circulation 138:e618, 2018, table 5 (prior infarction)"
ZEMA_1979 = "Zema and Kligfield, J Electrocardiol 12:3, 1979 (poor R wave progression)"

Q_WIDE_MS = 30.0
Q_WIDE_RIGHT_MS = 20.0
Q_DEEP_MV = 0.1
Q_SHARE_OF_R = 0.25
QS_MIN_MV = 0.15
QS_SHOULDER = 0.1
TINY_R_MV = 0.1
AVF_Q_MV = 0.08
R_V3_MV = 0.3
S_V3_MV = 0.5

_OTHERS = ("I", "II", "III", "aVL", "aVF", "V4", "V5", "V6")
_CODES: Mapping[FindingCode, frozenset[str]] = MappingProxyType(
    {
        FindingCode.OLD_INFERIOR_INFARCTION: frozenset(("II", "III", "aVF")),
        FindingCode.OLD_LATERAL_INFARCTION: frozenset(("I", "aVL")),
    }
)


def _pathological(subject: Subject) -> dict[str, float]:
    """Return the depth of Q, or QS, in each lead where it is pathological."""
    deep: dict[str, float] = {}
    for lead in subject.only((*_OTHERS, "V1", "V2", "V3")):
        each, depth, r_mv = subject.leads[lead], subject.q_mv(lead), subject.r_mv(lead)
        lasting = each.q_ms or 0.0
        # The shoulder that a raised ST leaves behind QS is no R.
        silent = depth >= QS_MIN_MV and r_mv <= QS_SHOULDER * depth
        if lead == "V3" and r_mv <= TINY_R_MV and subject.s_mv(lead) >= S_V3_MV:
            silent, depth = True, subject.s_mv(lead)
        if lead in {"V2", "V3"}:
            marked = silent or (lasting >= Q_WIDE_RIGHT_MS and depth >= Q_DEEP_MV)
        elif lead == "V1":
            marked = silent
        else:
            large = depth >= Q_SHARE_OF_R * r_mv
            marked = silent or (lasting >= Q_WIDE_MS and depth >= Q_DEEP_MV and large)
        if marked:
            deep[lead] = -depth
    return deep


def _with_avf(subject: Subject, deep: dict[str, float]) -> dict[str, float]:
    """Add aVF, half of whose Q is II's, where III's is pathological and its own is wide."""
    if "III" not in deep or "aVF" in deep or not subject.has("aVF"):
        return deep
    lasting, depth = subject.leads["aVF"].q_ms or 0.0, subject.q_mv("aVF")
    if lasting < Q_WIDE_RIGHT_MS or depth < AVF_Q_MV:
        return deep
    return {**deep, "aVF": -depth}


def _chest_code(chest: list[str]) -> FindingCode:
    right, left = chest[0] in {"V1", "V2"}, chest[-1] in {"V5", "V6"}
    if left:
        far = chest[0] in {"V5", "V6"}
        return (
            FindingCode.OLD_LATERAL_INFARCTION if far else FindingCode.OLD_ANTEROLATERAL_INFARCTION
        )
    if right and chest[-1] != "V4":
        return FindingCode.OLD_ANTEROSEPTAL_INFARCTION
    return FindingCode.OLD_ANTERIOR_INFARCTION


def _old_infarction(subject: Subject) -> list[Finding]:
    deep = _with_avf(subject, _pathological(subject))
    near = contiguous(deep)
    found: dict[FindingCode, dict[str, float]] = {}
    for code, leads in _CODES.items():
        own = {lead: deep[lead] for lead in subject.rows if lead in near & leads}
        if len(own) >= 2:
            found[code] = own
    chest = [lead for lead in CHEST_LEADS if lead in near]
    # V1 and V2 alone are as often a lead placed too high.
    if chest and set(chest) != {"V1", "V2"}:
        found.setdefault(_chest_code(chest), {}).update({lead: deep[lead] for lead in chest})
    limit = f"Q >= {Q_WIDE_MS:g} ms ({Q_WIDE_RIGHT_MS:g} in V2-V3) and {Q_DEEP_MV:g} mV, or QS"
    return [
        each
        for code, leads in found.items()
        for each in made(code, over_leads(subject, "q", leads, limit), UDMI_Q)
    ]


def _poor_progression(subject: Subject) -> list[Finding]:
    if not subject.has("V2", "V3", "V4"):
        return []
    r_mv = subject.r_mv("V3")
    if r_mv > R_V3_MV or subject.s_mv("V3") < S_V3_MV or subject.r_mv("V2") > r_mv:
        return []
    evidence = Evidence("r_v3", round(r_mv, 3), "mV", f"<= {R_V3_MV:g}", ("V2", "V3"))
    return made(FindingCode.POOR_R_PROGRESSION, evidence, ZEMA_1979)


def q_wave_findings(subject: Subject) -> list[Finding]:
    """Name the walls with pathological Q waves, or a poor R wave progression without them."""
    return [*_old_infarction(subject), *_poor_progression(subject)]
