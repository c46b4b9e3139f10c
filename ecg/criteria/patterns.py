"""Patterns of the whole beat: Brugada, potassium, pulmonary embolism, early repolarisation."""

import numpy as np

from ecg.criteria.conduction import RIGHT_BLOCKS, WIDE_S_MS
from ecg.criteria.subject import Subject, contiguous, made, over_leads
from ecg.findings import Evidence, Finding, FindingCode, Severity

BRUGADA_2012 = "Bayés de Luna et al., J Electrocardiol 45:433, 2012 (Brugada patterns)"
MATTU_2000 = "Mattu et al., Am J Emerg Med 18:721, 2000 (hyperkalaemia)"
POTASSIUM_LOW = "Diercks et al., J Emerg Med 27:153, 2004 (hypokalaemia); limits ours"
MCGINN_1935 = "McGinn and White, JAMA 104:1473, 1935 (S1Q3T3)"
MACFARLANE_2015 = "Macfarlane et al., JACC 66:470, 2015 (early repolarisation)"
SPODICK_1973 = "Spodick, Circulation 48:575, 1973 (pericarditis)"

COVED_MV = 0.2
COVED_MOST_MV = 0.6
COVED_SHARE = 0.5
BRUGADA_MAX_BPM = 130.0
SADDLE_TROUGH_MV = 0.05
SADDLE_DROP_MV = 0.03
SADDLE_RISE_MV = 0.05
PEAKED_T_MV = 1.0
PEAKED_HALF_WIDTH_MS = 100.0
PEAKED_LEADS = 3
LONG_PR_MS = 200.0
LOW_POTASSIUM_T_MV = 0.1
LOW_POTASSIUM_U_MV = 0.1
LOW_POTASSIUM_ST_MV = -0.05
S1_MV = 0.15
Q3_MV = 0.15
T3_MV = -0.05
FAST_BPM = 100.0
REPOLARISATION_MV = 0.1
T_OVER_ST = 4.0
DIFFUSE_LEADS = 5
DIFFUSE_MV = 0.05


def _brugada(subject: Subject) -> list[Finding]:
    """Report a coved (type 1) or saddle-back (type 2) ST in V1 or V2."""
    late_s = any(
        (subject.leads[lead].s_ms or 0.0) >= WIDE_S_MS for lead in subject.only(("I", "V6"))
    )
    if (subject.measured.heart_rate_bpm or 0.0) > BRUGADA_MAX_BPM:
        return []
    for lead in subject.only(("V1", "V2")):
        at_j, middle, late = (subject.st_mv(lead, after) for after in (0, 40, 80))
        # The R' of a right delay falls at once, a coved ST slowly; and S of V6 is then wide.
        if not COVED_MV <= at_j <= COVED_MOST_MV or middle < COVED_SHARE * at_j or late_s:
            continue
        t_mv, lowest = subject.t_mv(lead), min(middle, late)
        if at_j > middle > late and t_mv < 0.0:
            limit = f">= {COVED_MV:g}, falling into a negative T"
            evidence = Evidence("st_at_j", at_j, "mV", limit, (lead,), subject.members)
            return made(FindingCode.BRUGADA_TYPE_1, evidence, BRUGADA_2012, Severity.ORANGE)
        second_r = subject.leads[lead].r2_mv is not None
        saddle = SADDLE_TROUGH_MV <= lowest < at_j - SADDLE_DROP_MV
        if second_r and saddle and t_mv > lowest + SADDLE_RISE_MV:
            limit = f">= {COVED_MV:g}, trough >= {SADDLE_TROUGH_MV:g}, T up"
            evidence = Evidence("st_at_j", at_j, "mV", limit, (lead,), subject.members)
            return made(FindingCode.BRUGADA_TYPE_2, evidence, BRUGADA_2012)
    return []


def _half_width_ms(subject: Subject, lead: str) -> float:
    """Return for how long T stays above half of its height."""
    row = subject.row_mv(lead)[subject.marks.qrs_off :]
    peak = int(row.argmax())
    below = row < 0.5 * row[peak]
    before, after = np.flatnonzero(below[:peak]), np.flatnonzero(below[peak:])
    start = int(before[-1]) if before.size else 0
    stop = peak + (int(after[0]) if after.size else row.size - peak)
    return (stop - start) / subject.fs_hz * 1000.0


def _hyperkalaemia(subject: Subject) -> list[Finding]:
    """Report tall narrow T; red where QRS is wide, PR long or P gone as well."""
    peaked = {
        lead: subject.t_mv(lead)
        for lead in subject.only(("II", "III", "aVF", "V2", "V3", "V4", "V5"))
        if subject.t_mv(lead) >= PEAKED_T_MV
        and subject.t_mv(lead) >= 0.5 * subject.r_mv(lead)
        and _half_width_ms(subject, lead) <= PEAKED_HALF_WIDTH_MS
    }
    if len(peaked) < PEAKED_LEADS:
        return []
    pr_ms = subject.measured.pr_ms
    severe = subject.wide and (pr_ms is None or pr_ms > LONG_PR_MS)
    severity = Severity.RED if severe else Severity.ORANGE
    limit = f">= {PEAKED_T_MV:g}, half width <= {PEAKED_HALF_WIDTH_MS:g} ms"
    evidence = over_leads(subject, "t", peaked, limit)
    return made(FindingCode.HYPERKALAEMIA_PATTERN, evidence, MATTU_2000, severity)


def _u_mv(subject: Subject, lead: str) -> float:
    """Return how far a hump after T stands above the trough between them; 0 without one."""
    marks = subject.marks
    rate = subject.measured.heart_rate_bpm
    if marks.t_peak is None or rate is None or rate > FAST_BPM:
        return 0.0
    row = subject.row_mv(lead)[marks.t_peak :]
    last = round(min(0.3, 0.45 * 60.0 / rate) * subject.fs_hz)
    row = row[:last]
    if row.size < round(0.12 * subject.fs_hz):
        return 0.0
    hump = round(0.08 * subject.fs_hz) + int(row[round(0.08 * subject.fs_hz) :].argmax())
    if hump >= row.size - 3:
        return 0.0
    return float(row[hump] - row[: hump + 1].min())


def _hypokalaemia(subject: Subject) -> list[Finding]:
    """Report U above T in two of V2-V5 with a low T and ST depression."""
    waves = {
        lead: _u_mv(subject, lead)
        for lead in subject.only(("V2", "V3", "V4", "V5"))
        if abs(subject.t_mv(lead)) <= LOW_POTASSIUM_T_MV
    }
    waves = {lead: value for lead, value in waves.items() if value >= LOW_POTASSIUM_U_MV}
    fallen = [
        lead
        for lead in subject.only(("II", "V3", "V4", "V5", "V6"))
        if subject.st_mv(lead, 60) <= LOW_POTASSIUM_ST_MV
    ]
    if len(waves) < 2 or len(fallen) < 2:
        return []
    evidence = over_leads(subject, "u", waves, f">= {LOW_POTASSIUM_U_MV:g}, T <= it, ST down")
    return made(FindingCode.HYPOKALAEMIA_PATTERN, evidence, POTASSIUM_LOW, Severity.ORANGE)


def _embolism(subject: Subject) -> list[Finding]:
    """Report S1Q3T3 with a fast rate, a right delay, a right axis or T down in V1-V3."""
    if not subject.has("I", "III"):
        return []
    triad = (
        subject.s_mv("I") >= S1_MV
        and subject.q_mv("III") >= Q3_MV
        and subject.leads["III"].r_mv is not None
        and subject.t_mv("III") <= T3_MV
    )
    if not triad:
        return []
    chest = [lead for lead in subject.only(("V1", "V2", "V3")) if subject.t_mv(lead) <= -0.1]
    signs = [
        (subject.measured.heart_rate_bpm or 0.0) > FAST_BPM,
        bool(RIGHT_BLOCKS & subject.known),
        (subject.measured.axis_qrs_deg or 0.0) > 90.0,
        len(chest) >= 3,
    ]
    if not any(signs):
        return []
    evidence = Evidence(
        "s1q3t3", round(subject.s_mv("I"), 3), "mV", f">= {S1_MV:g}", ("I", "III", *chest)
    )
    return made(FindingCode.PULMONARY_EMBOLISM_PATTERN, evidence, MCGINN_1935, Severity.ORANGE)


def _lifted(subject: Subject) -> list[Finding]:
    """Tell early repolarisation and a pericarditis-like picture from one wall's elevation."""
    leads = subject.only(("I", "II", "III", "aVL", "aVF", "V2", "V3", "V4", "V5", "V6"))
    lifted = {lead: subject.st_mv(lead) for lead in leads if subject.st_mv(lead) >= DIFFUSE_MV}
    opposite = [lead for lead in leads if subject.st_mv(lead) <= -DIFFUSE_MV]
    limb = [lead for lead in ("I", "II", "aVF") if lead in lifted]
    chest = [lead for lead in ("V3", "V4", "V5", "V6") if lead in lifted]
    high = {
        lead: value
        for lead, value in lifted.items()
        if value >= REPOLARISATION_MV and lead not in {"V2", "V3"}
    }
    if opposite or not contiguous(high):
        return []
    taller = [lead for lead in high if subject.t_mv(lead) >= T_OVER_ST * high[lead]]
    if (
        len(limb) == 3
        and len(chest) >= 3
        and len(taller) < len(high)
        and len(lifted) >= DIFFUSE_LEADS
    ):
        evidence = over_leads(subject, "st_at_j", lifted, f">= {DIFFUSE_MV:g}, none opposite")
        return made(FindingCode.PERICARDITIS_PATTERN, evidence, SPODICK_1973)
    if len(taller) == len(high):
        evidence = over_leads(subject, "st_at_j", high, f">= {REPOLARISATION_MV:g}, T >= 4 ST")
        return made(FindingCode.EARLY_REPOLARISATION, evidence, MACFARLANE_2015)
    return []


def pattern_findings(subject: Subject) -> list[Finding]:
    """Return the patterns found."""
    found = [*_brugada(subject), *_embolism(subject), *_hyperkalaemia(subject)]
    if subject.wide:
        return found
    return [*found, *_hypokalaemia(subject), *_lifted(subject)]
