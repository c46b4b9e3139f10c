"""ST elevation at the J point, and the suspected acute infarction it makes.

Method
------
The median beat's baseline is a straight line between the levels before each QRS; it was never
high-pass filtered, so ST stands as it was recorded. J is the end of QRS over all leads, the zero
the level just before QRS. A lead is elevated where J reaches the limit of the Fourth Universal
Definition of Myocardial Infarction (Thygesen et al., Circulation 138:e618, 2018, table 2) and ST
is still there 40 ms later: a slur at the end of QRS is not. Two contiguous leads make the finding.
In left bundle branch block and paced rhythm Sgarbossa's criteria take the limits' place.
"""

from collections.abc import Mapping
from types import MappingProxyType

from ecg.criteria.chambers import (
    CORNELL_FEMALE_MV,
    CORNELL_MALE_MV,
    SOKOLOW_MV,
    cornell_mv,
    sokolow_mv,
)
from ecg.criteria.subject import CONTIGUOUS, Subject, contiguous, made
from ecg.findings import (
    Evidence,
    Finding,
    FindingCode,
    LeadEvidence,
    LeadRole,
    Qualifier,
    Severity,
)
from ecg.signal import CHEST_LEADS, Patient, Sex

UDMI_2018 = "Fourth Universal Definition of MI, Circulation 138:e618, 2018, table 2"
ARMSTRONG_2012 = "Armstrong et al., Am J Cardiol 110:977, 2012 (25 % of QRS in high voltage)"
SGARBOSSA = (
    "Sgarbossa et al., N Engl J Med 334:481, 1996; Smith et al., Ann Emerg Med 60:766, 2012 "
    "(ST/S <= -0.25)"
)

FAST_BPM = 130.0
MIN_BEATS = 3
YOUNG_MAN_YEARS = 40.0
YOUNG_MAN_RIGHT_YEARS = 30.0
RECIPROCAL_MV = 0.05
HIGH_VOLTAGE_SHARE = 0.25
CONCORDANT_MV = 0.1
DISCORDANT_MV = 0.1
DISCORDANT_SHARE = 0.25
ST_HIGH_PASS_HZ = 0.5
"""From here on a high-pass filter distorts ST (AHA/ACC/HRS 2007 part I: 0.05 Hz is asked for)."""

_JUDGED = frozenset(lead for pair in CONTIGUOUS for lead in pair)
_INFERIOR = frozenset(("II", "III", "aVF"))
_HIGH_LATERAL = frozenset(("I", "aVL"))
_POSTERIOR = frozenset(("V7", "V8", "V9"))
_RIGHT = frozenset(("V3R", "V4R", "V5R"))
_RECIPROCAL: Mapping[Qualifier, frozenset[str]] = MappingProxyType(
    {
        Qualifier.INFERIOR: frozenset(("I", "aVL", "V1", "V2", "V3")),
        Qualifier.HIGH_LATERAL: _INFERIOR,
        Qualifier.LATERAL: frozenset(("III", "aVF", "V1", "V2")),
        Qualifier.ANTEROLATERAL: _INFERIOR,
        Qualifier.ANTERIOR: _INFERIOR,
        Qualifier.ANTEROSEPTAL: _INFERIOR,
        Qualifier.EXTENSIVE_ANTERIOR: _INFERIOR,
        Qualifier.POSTERIOR: frozenset(("V1", "V2", "V3")),
        Qualifier.RIGHT_VENTRICULAR: _HIGH_LATERAL,
    }
)


def limit_mv(lead: str, patient: Patient) -> float:
    """Return a lead's limit; an unknown sex takes men's, an unknown age that of 40 and over."""
    woman = patient.sex is Sex.FEMALE
    age = YOUNG_MAN_YEARS if patient.age_years is None else patient.age_years
    if lead in {"V2", "V3"}:
        if woman:
            return 0.15
        return 0.25 if age < YOUNG_MAN_YEARS else 0.2
    if lead in _POSTERIOR:
        return 0.1 if not woman and age < YOUNG_MAN_YEARS else 0.05
    if lead in _RIGHT:
        return 0.1 if not woman and age < YOUNG_MAN_RIGHT_YEARS else 0.05
    return 0.1


def _secondary(subject: Subject) -> frozenset[str]:
    """Return the leads whose elevation is no more than a deep S brings with it.

    Those of V1-V3 in high left ventricular voltage (Sokolow-Lyon or Cornell), and all in right
    bundle branch block, while ST stays under a quarter of S (Armstrong 2012, Smith 2012).
    """
    limit = CORNELL_FEMALE_MV if subject.woman else CORNELL_MALE_MV
    high = (sokolow_mv(subject) or 0.0) >= SOKOLOW_MV or (cornell_mv(subject) or 0.0) > limit
    leads: tuple[str, ...] = subject.only(("V1", "V2", "V3")) if high else ()
    if FindingCode.RIGHT_BUNDLE_BRANCH_BLOCK in subject.known:
        leads = tuple(lead for lead in subject.leads if subject.s_mv(lead) > subject.r_mv(lead))
    return frozenset(
        lead for lead in leads if subject.st_mv(lead) < HIGH_VOLTAGE_SHARE * subject.s_mv(lead)
    )


def _chest_wall(elevated: frozenset[str]) -> Qualifier | None:
    chest = [lead for lead in CHEST_LEADS if lead in elevated]
    if not chest:
        return None
    right, left = chest[0] in {"V1", "V2"}, chest[-1] in {"V5", "V6"}
    if right and left:
        return Qualifier.EXTENSIVE_ANTERIOR
    if right:
        return Qualifier.ANTERIOR if "V4" in chest else Qualifier.ANTEROSEPTAL
    if left:
        return Qualifier.LATERAL if chest[0] in {"V5", "V6"} else Qualifier.ANTEROLATERAL
    return Qualifier.ANTERIOR


def territories(elevated: frozenset[str]) -> tuple[Qualifier, ...]:
    """Name the walls that contiguous elevated leads look at."""
    found = [_chest_wall(elevated)]
    for leads, wall in (
        (_HIGH_LATERAL, Qualifier.HIGH_LATERAL),
        (_INFERIOR, Qualifier.INFERIOR),
        (_POSTERIOR, Qualifier.POSTERIOR),
        (_RIGHT, Qualifier.RIGHT_VENTRICULAR),
    ):
        found.append(wall if leads & elevated else None)
    return tuple(wall for wall in found if wall is not None)


def _suspected(subject: Subject, elevated: frozenset[str]) -> list[Finding]:
    walls = territories(elevated)
    opposite = frozenset[str]().union(*(_RECIPROCAL[wall] for wall in walls)) - elevated
    lifted = [
        LeadEvidence(
            lead,
            subject.st_mv(lead),
            f">= {limit_mv(lead, subject.patient):g}",
            LeadRole.ELEVATION,
        )
        for lead in subject.leads
        if lead in elevated
    ]
    fallen = [
        LeadEvidence(lead, subject.st_mv(lead), f"<= {-RECIPROCAL_MV:g}", LeadRole.RECIPROCAL)
        for lead in subject.leads
        if lead in opposite and subject.st_mv(lead) <= -RECIPROCAL_MV
    ]
    highest = max(lifted, key=lambda each: each.value)
    evidence = Evidence(
        "st_at_j",
        highest.value,
        "mV",
        highest.threshold,
        leads=tuple(each.lead for each in lifted),
        beats=subject.members,
        by_lead=(*lifted, *fallen),
    )
    filtered = subject.low_cut_hz is not None and subject.low_cut_hz >= ST_HIGH_PASS_HZ
    said = (*walls, Qualifier.LOW_CUT) if filtered else walls
    return made(FindingCode.SUSPECTED_STEMI, evidence, UDMI_2018, Severity.RED, said)


def _not_assessed(
    why: Qualifier,
    evidence: Evidence,
    severity: Severity = Severity.ROUTINE,
    source: str = UDMI_2018,
) -> list[Finding]:
    return made(FindingCode.ST_NOT_ASSESSED, evidence, source, severity, (why,))


def _sgarbossa(subject: Subject, why: Qualifier) -> list[Finding]:
    """Apply Sgarbossa's first two criteria and the modified third."""
    met: list[LeadEvidence] = []
    against: list[LeadEvidence] = []
    for lead in subject.leads:
        if lead not in _JUDGED:
            continue
        st_mv, net_mv = subject.st_mv(lead), subject.r_mv(lead) - subject.s_mv(lead)
        steady = min(st_mv, subject.st_mv(lead, 40), key=abs)
        if net_mv > 0.0 and steady >= CONCORDANT_MV:
            met.append(LeadEvidence(lead, st_mv, f">= {CONCORDANT_MV:g}", LeadRole.ELEVATION))
        elif lead in {"V1", "V2", "V3"} and net_mv < 0.0 and steady <= -CONCORDANT_MV:
            met.append(LeadEvidence(lead, st_mv, f"<= {-CONCORDANT_MV:g}", LeadRole.ELEVATION))
        elif net_mv < 0.0 and steady >= max(DISCORDANT_MV, DISCORDANT_SHARE * subject.s_mv(lead)):
            against.append(
                LeadEvidence(lead, st_mv, f">= {DISCORDANT_SHARE:g} S", LeadRole.ELEVATION)
            )
    proof = met + against
    # J is least sure in a wide QRS: a single lead convinces only in its neighbour's company.
    near = contiguous(each.lead for each in proof)
    proof = [each for each in proof if each.lead in near]
    if not proof:
        return []
    first = max(proof, key=lambda each: abs(each.value))
    evidence = Evidence(
        "st_at_j",
        first.value,
        "mV",
        first.threshold,
        leads=tuple(each.lead for each in proof),
        beats=subject.members,
        by_lead=tuple(proof),
    )
    return made(FindingCode.SUSPECTED_STEMI, evidence, SGARBOSSA, Severity.RED, (why,))


def _wide(subject: Subject) -> list[Finding]:
    """Judge ST in a wide QRS where there are criteria for it; else say that there are none."""
    if subject.paced:
        return _sgarbossa(subject, Qualifier.PACED)
    if FindingCode.LEFT_BUNDLE_BRANCH_BLOCK in subject.known:
        return _sgarbossa(subject, Qualifier.LEFT_BUNDLE_BRANCH_BLOCK)
    evidence = Evidence("qrs", subject.measured.qrs_ms, "ms", ">= 120")
    return _not_assessed(Qualifier.WIDE_QRS, evidence)


def _narrow(subject: Subject, poor_leads: tuple[str, ...]) -> list[Finding]:
    """Judge ST by the limits of the Universal Definition."""
    reached = [
        lead
        for lead in subject.leads
        if min(subject.st_mv(lead), subject.st_mv(lead, 40)) >= limit_mv(lead, subject.patient)
    ]
    rate = subject.measured.heart_rate_bpm
    if rate is not None and rate > FAST_BPM:
        severity = Severity.ORANGE if contiguous(reached) else Severity.ROUTINE
        fast = Evidence("heart_rate", rate, "bpm", f"> {FAST_BPM:g}")
        return _not_assessed(Qualifier.FAST_RATE, fast, severity)
    secondary = _secondary(subject)
    elevated = contiguous(lead for lead in reached if lead not in secondary)
    if elevated:
        return _suspected(subject, elevated)
    if doubtful := tuple(lead for lead in subject.leads if lead in contiguous(reached)):
        highest_mv = max(subject.st_mv(lead) for lead in doubtful)
        evidence = Evidence("st_at_j", highest_mv, "mV", leads=doubtful)
        if subject.wide:
            return _not_assessed(Qualifier.WIDE_QRS, evidence)
        source = f"{UDMI_2018}; {ARMSTRONG_2012}"
        # Elevated, and perhaps not by strain alone: somebody looks early.
        return _not_assessed(Qualifier.HIGH_VOLTAGE, evidence, Severity.ORANGE, source)
    if poor_leads:
        return _not_assessed(Qualifier.POOR_LEADS, Evidence("quality", "poor", leads=poor_leads))
    return []


def elevation_findings(subject: Subject) -> list[Finding]:
    """Return the suspected infarction, or why ST elevation was not judged.

    Empty where ST was judged and is not elevated, and where no two contiguous leads were recorded.
    Above 130/min and with high voltage, an elevation is shown early and not called an infarction.
    """
    poor_leads = tuple(lead for lead in subject.poor_leads if lead in _JUDGED)
    if not contiguous((*subject.leads, *poor_leads)):
        return []
    if len(subject.members) < MIN_BEATS:
        few = Evidence("beats", float(len(subject.members)), "beats", f"< {MIN_BEATS}")
        return _not_assessed(Qualifier.FEW_BEATS, few)
    right = FindingCode.RIGHT_BUNDLE_BRANCH_BLOCK in subject.known
    if subject.paced or (subject.wide and not right):
        return _wide(subject)
    return _narrow(subject, poor_leads)
