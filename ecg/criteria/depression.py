"""ST depression and what it may stand for: posterior infarction, left main disease, de Winter."""

from ecg.criteria.subject import Subject, contiguous, made, over_leads
from ecg.findings import Finding, FindingCode, Severity

UDMI_2018 = "Fourth Universal Definition of MI, Circulation 138:e618, 2018, table 2"
POSTERIOR = f"{UDMI_2018} and text: isolated depression in V1-V3 with a positive T"
AVR = f"{UDMI_2018}, text: depression in six leads with elevation in aVR"
DE_WINTER_2008 = "de Winter et al., N Engl J Med 359:2071, 2008"

DEPRESSED_MV = -0.05
DEEP_MV = -0.1
MAX_BPM = 120.0
DIFFUSE_LEADS = 6
AVR_MV = 0.1
AVR_LEAST_MV = 0.05
UPRIGHT_T_MV = 0.15
TALL_T_MV = 0.5
DE_WINTER_LEADS = 3
DE_WINTER_LOWEST_MV = -0.5
DE_WINTER_BPM = 100.0

_JUDGED = ("I", "II", "III", "aVL", "aVF", "V1", "V2", "V3", "V4", "V5", "V6")


def depressed(subject: Subject, limit_mv: float) -> dict[str, float]:
    """Return ST at J+60 ms where it and J lie under the limit and it does not rise from J."""
    low: dict[str, float] = {}
    for lead in subject.only(_JUDGED):
        at_j, later = subject.st_mv(lead), subject.st_mv(lead, 60)
        if max(at_j, later) <= limit_mv and later <= at_j + 0.02:
            low[lead] = later
    near = contiguous(low)
    return {lead: value for lead, value in low.items() if lead in near}


def _de_winter(subject: Subject) -> list[Finding]:
    """Report ST that falls at J and climbs into a tall T in the chest leads."""
    rising = {
        lead: subject.st_mv(lead)
        for lead in subject.only(("V2", "V3", "V4", "V5", "V6"))
        if DE_WINTER_LOWEST_MV <= subject.st_mv(lead) <= DEEP_MV
        and subject.st_mv(lead, 80) > subject.st_mv(lead) + 0.03
        and subject.t_mv(lead) >= TALL_T_MV
    }
    lifted = subject.has("aVR") and subject.st_mv("aVR") >= AVR_LEAST_MV
    rate = subject.measured.heart_rate_bpm or 0.0
    anterior = {"V2", "V3", "V4"} & set(rising)
    if len(rising) < DE_WINTER_LEADS or len(anterior) < 2 or not lifted or rate > DE_WINTER_BPM:
        return []
    evidence = over_leads(subject, "st_at_j", rising, f"<= {DEEP_MV:g}, T >= {TALL_T_MV:g}")
    return made(FindingCode.DE_WINTER, evidence, DE_WINTER_2008, Severity.RED)


def _posterior(subject: Subject) -> list[Finding]:
    low = depressed(subject, DEEP_MV)
    right = {lead: value for lead, value in low.items() if lead in {"V1", "V2", "V3"}}
    upright = [lead for lead in right if subject.t_mv(lead) >= UPRIGHT_T_MV]
    further = [
        lead
        for lead in low
        if lead in {"V5", "V6"} and low[lead] < min(right.values(), default=0.0)
    ]
    tall_r = [lead for lead in right if subject.r_mv(lead) >= subject.s_mv(lead)]
    if len(right) < 2 or len(upright) < 2 or further or not tall_r:
        return []
    evidence = over_leads(subject, "st_at_j_60", right, f"<= {DEEP_MV:g}, T upright")
    return made(FindingCode.SUSPECTED_POSTERIOR_INFARCTION, evidence, POSTERIOR, Severity.RED)


def _left_main(subject: Subject) -> list[Finding]:
    low = {
        lead: subject.st_mv(lead, 60)
        for lead in subject.only(_JUDGED)
        if max(subject.st_mv(lead), subject.st_mv(lead, 60)) <= DEEP_MV
    }
    if not subject.has("aVR") or len(low) < DIFFUSE_LEADS:
        return []
    if min(subject.st_mv("aVR"), subject.st_mv("aVR", 60)) < AVR_MV:
        return []
    evidence = over_leads(subject, "st_at_j_60", low, f"<= {DEEP_MV:g}; aVR >= {AVR_MV:g}")
    return made(FindingCode.AVR_ELEVATION, evidence, AVR, Severity.ORANGE)


def depression_findings(subject: Subject) -> list[Finding]:
    """Report depression in two contiguous leads, 0.1 mV and more early, and its patterns."""
    if subject.wide or (subject.measured.heart_rate_bpm or 0.0) > MAX_BPM:
        return []
    patterns = [*_de_winter(subject), *_posterior(subject), *_left_main(subject)]
    low = depressed(subject, DEPRESSED_MV)
    if not low:
        return patterns
    deep = depressed(subject, DEEP_MV)
    shown, limit = (deep, DEEP_MV) if deep else (low, DEPRESSED_MV)
    # Hypertrophy depresses ST by itself: as a hint at acute ischaemia it then weighs little.
    strained = FindingCode.LEFT_VENTRICULAR_HYPERTROPHY in subject.known
    severity = Severity.ORANGE if len(deep) >= 2 and not strained else Severity.ROUTINE
    evidence = over_leads(subject, "st_at_j_60", shown, f"<= {limit:g}")
    return [*patterns, *made(FindingCode.ST_DEPRESSION, evidence, UDMI_2018, severity)]
