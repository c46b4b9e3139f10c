"""T waves: inversion, Wellens, hyperacute, and the non-specific rest of ST-T."""

import numpy as np

from ecg.criteria.subject import Subject, contiguous, made, over_leads
from ecg.findings import AHA_2009, Finding, FindingCode, Qualifier, Severity

PART_4 = f"{AHA_2009} part IV (Rautaharju et al., JACC 53:982, 2009)"
UDMI_T = "Fourth Universal Definition of MI, Circulation 138:e618, 2018, table 2 (T inversion)"
WELLENS_1982 = "de Zwaan, Bär and Wellens, Am Heart J 103:730, 1982"
HYPERACUTE = "Fourth Universal Definition of MI, text: prominent symmetrical T; limits ours"

INVERTED_MV = -0.1
DEEP_MV = -0.3
WELLENS_ST_MV = 0.1
BIPHASIC_UP_MV = 0.1
BIPHASIC_DOWN_MV = -0.15
R_LEAST_MV = 0.2
HYPERACUTE_MV = 1.0
HYPERACUTE_OVER_QRS = 0.75
HYPERACUTE_ST_MV = 0.05
FLAT_SHARE_OF_R = 0.1
FLAT_R_MV = 0.5
MINOR_ST_MV = -0.05

_LEFT = ("I", "II", "aVL", "V4", "V5", "V6")
_T_LEADS = ("I", "II", "aVL", "aVF", "V2", "V3", "V4", "V5", "V6")


def inverted(subject: Subject, limit_mv: float) -> dict[str, float]:
    """Return T's depth where T is upside down and R is the main wave (V2-V4: whatever QRS is)."""
    down: dict[str, float] = {}
    for lead in subject.only(_T_LEADS):
        upright_qrs = subject.r_mv(lead) > max(subject.s_mv(lead), subject.q_mv(lead))
        if subject.t_mv(lead) <= limit_mv and (upright_qrs or lead in {"V3", "V4"}):
            down[lead] = subject.t_mv(lead)
    near = contiguous(down)
    return {lead: value for lead, value in down.items() if lead in near}


def _biphasic(subject: Subject, lead: str) -> float | None:
    """Return the depth of T's second phase where T goes up first and then down, else None."""
    marks = subject.marks
    if marks.t_off is None:
        return None
    start = marks.qrs_off + round(0.04 * subject.fs_hz)
    stop = min(marks.t_off + round(0.04 * subject.fs_hz), subject.beat.median_uv.shape[-1])
    piece = subject.row_mv(lead)[start:stop]
    if piece.size < 4:
        return None
    low = int(piece.argmin())
    up = float(piece[: low + 1].max())
    down = float(piece[low])
    return down if up >= BIPHASIC_UP_MV and down <= BIPHASIC_DOWN_MV else None


def _wellens(subject: Subject) -> list[Finding]:
    """Report V2 and V3 with T biphasic (A) or deeply inverted (B), ST at rest and R preserved."""
    if not subject.has("V2", "V3") or subject.wide:
        return []
    for lead in ("V2", "V3"):
        if abs(subject.st_mv(lead)) > WELLENS_ST_MV or subject.r_mv(lead) < R_LEAST_MV:
            return []
    phases = {lead: _biphasic(subject, lead) for lead in ("V2", "V3")}
    second = {lead: value for lead, value in phases.items() if value is not None}
    if len(second) == 2:
        evidence = over_leads(subject, "t_second_phase", second, f"<= {BIPHASIC_DOWN_MV:g}")
        kind = Qualifier.TYPE_A
    else:
        deep = {
            lead: subject.t_mv(lead)
            for lead in subject.only(("V2", "V3", "V4"))
            if subject.t_mv(lead) <= DEEP_MV
        }
        if not {"V2", "V3"} <= set(deep):
            return []
        evidence = over_leads(subject, "t", deep, f"<= {DEEP_MV:g}")
        kind = Qualifier.TYPE_B
    return made(FindingCode.WELLENS, evidence, WELLENS_1982, Severity.ORANGE, (kind,))


def _hyperacute(subject: Subject) -> list[Finding]:
    tall: dict[str, float] = {}
    if subject.wide:
        return []
    for lead in subject.only(("V2", "V3", "V4", "V5", "II", "III", "aVF")):
        t_mv, swing = subject.t_mv(lead), float(np.ptp(subject.qrs_row_mv(lead)))
        lifted = subject.st_mv(lead) >= HYPERACUTE_ST_MV
        if t_mv >= HYPERACUTE_MV and t_mv >= HYPERACUTE_OVER_QRS * swing and lifted:
            tall[lead] = t_mv
    near = contiguous(tall)
    if not near:
        return []
    shown = {lead: value for lead, value in tall.items() if lead in near}
    limit = f">= {HYPERACUTE_MV:g} and {HYPERACUTE_OVER_QRS:g} of QRS"
    evidence = over_leads(subject, "t", shown, limit)
    return made(FindingCode.HYPERACUTE_T, evidence, HYPERACUTE, Severity.ORANGE)


def _non_specific(subject: Subject) -> list[Finding]:
    """Report T that is flat for its R, or slightly down, in two contiguous leads."""
    flat: dict[str, float] = {}
    for lead in subject.only(_LEFT):
        r_mv, t_mv = subject.r_mv(lead), subject.t_mv(lead)
        if r_mv < FLAT_R_MV or r_mv < subject.s_mv(lead):
            continue
        if INVERTED_MV < t_mv < FLAT_SHARE_OF_R * r_mv or subject.st_mv(lead, 60) <= MINOR_ST_MV:
            flat[lead] = t_mv
    near = contiguous(flat)
    if not near:
        return []
    shown = {lead: value for lead, value in flat.items() if lead in near}
    evidence = over_leads(subject, "t", shown, f"< {FLAT_SHARE_OF_R:g} R or ST <= {MINOR_ST_MV:g}")
    return made(FindingCode.NONSPECIFIC_ST_T, evidence, PART_4)


def repolarisation_findings(subject: Subject) -> list[Finding]:
    """Return what the T waves say, the plainest last."""
    if subject.marks.t_peak is None:
        return []
    found = [*_wellens(subject), *_hyperacute(subject)]
    down = inverted(subject, INVERTED_MV)
    if down:
        evidence = over_leads(subject, "t", down, f"<= {INVERTED_MV:g}")
        found += made(FindingCode.T_INVERSION, evidence, UDMI_T)
    return [*found, *_non_specific(subject)]
