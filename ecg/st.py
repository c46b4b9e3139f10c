"""ST elevation at the J point of the dominant median beat, and the suspected AMI it makes.

Method
------
The median beat's baseline is a straight line between the levels before each QRS; it was never
high-pass filtered, so ST stands as it was recorded. J is the end of QRS over all leads, the zero
the level just before QRS. A lead is elevated where J reaches the limit of the Fourth Universal
Definition of Myocardial Infarction (Thygesen et al., Circulation 138:e618, 2018, table 2) and ST
is still there 40 ms later: a slur at the end of QRS is not. Two contiguous leads make the finding.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from itertools import pairwise
from types import MappingProxyType

import numpy as np

from ecg.delineate import BeatClass
from ecg.filters import Array
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

WIDE_QRS_MS = 120.0
FAST_BPM = 130.0
MIN_BEATS = 3
YOUNG_MAN_YEARS = 40.0
YOUNG_MAN_RIGHT_YEARS = 30.0
RECIPROCAL_MV = 0.05
LATER_MS = 40.0
SPAN_MS = 8.0
HIGH_VOLTAGE_SHARE = 0.25
SOKOLOW_MV = 3.5
CORNELL_MALE_MV = 2.8
CORNELL_FEMALE_MV = 2.0
ST_HIGH_PASS_HZ = 0.5
"""From here on a high-pass filter distorts ST (AHA/ACC/HRS 2007 part I: 0.05 Hz is asked for)."""

CONTIGUOUS = (
    ("aVL", "I"),
    ("II", "aVF"),
    ("aVF", "III"),
    ("II", "III"),
    *pairwise(CHEST_LEADS),
    ("V6", "V7"),
    ("V7", "V8"),
    ("V8", "V9"),
    ("V3R", "V4R"),
    ("V4R", "V5R"),
)
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


@dataclass(frozen=True)
class StLevel:
    """One lead's ST over the level before QRS, in millivolts.

    Attributes
    ----------
    j_mv
        At the J point, the mean of 8 ms.
    later_mv
        40 ms after it.
    r_mv, s_mv
        Height of QRS above and depth below that level, both 0 or more.
    """

    j_mv: float
    later_mv: float
    r_mv: float
    s_mv: float


@dataclass(frozen=True)
class StSetting:
    """What decides whether ST elevation may be judged at all.

    Attributes
    ----------
    qrs_ms, heart_rate_bpm
        As measured, None where they are not.
    poor_leads
        Leads too poor to be looked at.
    low_cut_hz
        High-pass filter the file states.
    beats
        Positions of the median beat's members in the screening's list of beats.
    """

    qrs_ms: float | None
    heart_rate_bpm: float | None
    poor_leads: tuple[str, ...]
    low_cut_hz: float | None
    beats: tuple[int, ...]


def st_levels(beat: BeatClass, leads: tuple[str, ...], fs_hz: float) -> dict[str, StLevel]:
    """Measure ST of a median beat, lead by lead.

    Parameters
    ----------
    beat, leads
        A median beat, zero before QRS, and the names of its rows.
    fs_hz
        Its sampling rate.
    """
    marks = beat.fiducials

    def level_mv(from_ms: float) -> Array:
        first, last = (
            min(marks.qrs_off + round(edge / 1000.0 * fs_hz), beat.median_uv.shape[-1] - 1)
            for edge in (from_ms, from_ms + SPAN_MS)
        )
        return np.asarray(beat.median_uv[:, first : last + 1].mean(axis=-1) / 1000.0)

    qrs_mv = beat.median_uv[:, marks.qrs_on : marks.qrs_off + 1] / 1000.0
    at_j, later = level_mv(0.0), level_mv(LATER_MS)
    return {
        lead: StLevel(
            j_mv=round(float(at_j[row]), 3),
            later_mv=round(float(later[row]), 3),
            r_mv=max(0.0, float(qrs_mv[row].max())),
            s_mv=max(0.0, -float(qrs_mv[row].min())),
        )
        for row, lead in enumerate(leads)
    }


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


def _strained(levels: Mapping[str, StLevel], sex: Sex | None) -> frozenset[str]:
    """Return the leads of V1-V3 whose ST goes with a deep S of high left ventricular voltage.

    Voltage by Sokolow-Lyon or Cornell; ST under a quarter of QRS is strain's (Armstrong 2012).
    """
    cornell_mv = CORNELL_FEMALE_MV if sex is Sex.FEMALE else CORNELL_MALE_MV
    r_left_mv = max((levels[lead].r_mv for lead in ("V5", "V6") if lead in levels), default=0.0)
    sokolow = "V1" in levels and levels["V1"].s_mv + r_left_mv >= SOKOLOW_MV
    both = {"aVL", "V3"} <= set(levels)
    cornell = both and levels["aVL"].r_mv + levels["V3"].s_mv > cornell_mv
    if not (sokolow or cornell):
        return frozenset()
    return frozenset(
        lead
        for lead in ("V1", "V2", "V3")
        if lead in levels
        and levels[lead].j_mv < HIGH_VOLTAGE_SHARE * (levels[lead].r_mv + levels[lead].s_mv)
    )


def _contiguous(leads: Iterable[str]) -> frozenset[str]:
    """Return those of ``leads`` that have a neighbour among them."""
    own = set(leads)
    return frozenset(lead for pair in CONTIGUOUS if own.issuperset(pair) for lead in pair)


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


def _barrier(setting: StSetting) -> tuple[Qualifier, Evidence] | None:
    """Return what keeps the limits from being used at all."""
    qrs_ms, rate_bpm, beats = setting.qrs_ms, setting.heart_rate_bpm, len(setting.beats)
    if qrs_ms is not None and qrs_ms >= WIDE_QRS_MS:
        return Qualifier.WIDE_QRS, Evidence("qrs", qrs_ms, "ms", f">= {WIDE_QRS_MS:g}")
    if rate_bpm is not None and rate_bpm > FAST_BPM:
        return Qualifier.FAST_RATE, Evidence("heart_rate", rate_bpm, "bpm", f"> {FAST_BPM:g}")
    if beats < MIN_BEATS:
        return Qualifier.FEW_BEATS, Evidence("beats", float(beats), "beats", f"< {MIN_BEATS}")
    return None


def _suspected(
    levels: Mapping[str, StLevel],
    elevated: frozenset[str],
    patient: Patient,
    setting: StSetting,
) -> Finding:
    walls = territories(elevated)
    opposite = frozenset[str]().union(*(_RECIPROCAL[wall] for wall in walls)) - elevated
    by_lead = [
        LeadEvidence(lead, levels[lead].j_mv, f">= {limit_mv(lead, patient):g}", LeadRole.ELEVATION)
        for lead in levels
        if lead in elevated
    ]
    by_lead += [
        LeadEvidence(lead, level.j_mv, f"<= {-RECIPROCAL_MV:g}", LeadRole.RECIPROCAL)
        for lead, level in levels.items()
        if lead in opposite and level.j_mv <= -RECIPROCAL_MV
    ]
    highest = max(
        (each for each in by_lead if each.role is LeadRole.ELEVATION), key=lambda each: each.value
    )
    evidence = Evidence(
        "st_at_j",
        highest.value,
        "mV",
        highest.threshold,
        leads=tuple(each.lead for each in by_lead if each.role is LeadRole.ELEVATION),
        beats=setting.beats,
        by_lead=tuple(by_lead),
    )
    filtered = setting.low_cut_hz is not None and setting.low_cut_hz >= ST_HIGH_PASS_HZ
    return Finding(
        FindingCode.SUSPECTED_STEMI,
        Severity.RED,
        evidence,
        UDMI_2018,
        (*walls, Qualifier.LOW_CUT) if filtered else walls,
    )


def st_findings(
    levels: Mapping[str, StLevel], patient: Patient, setting: StSetting
) -> list[Finding]:
    """Return the suspected AMI, or why ST elevation was not judged; adults only.

    Parameters
    ----------
    levels
        From `st_levels`, of the leads good enough to be judged.
    patient
        Age and sex decide the limits.
    setting
        What may stand against judging.

    Returns
    -------
    list of Finding
        Empty where ST was judged and is not elevated, and where no two contiguous leads were
        recorded.
    """
    poor_leads = tuple(lead for lead in setting.poor_leads if lead in _JUDGED)
    if not _contiguous((*levels, *poor_leads)):
        return []
    against = _barrier(setting)
    if against is None:
        reached = [
            lead
            for lead, level in levels.items()
            if min(level.j_mv, level.later_mv) >= limit_mv(lead, patient)
        ]
        strained = _strained(levels, patient.sex)
        elevated = _contiguous(lead for lead in reached if lead not in strained)
        if elevated:
            return [_suspected(levels, elevated, patient, setting)]
        doubtful = tuple(lead for lead in levels if lead in _contiguous(reached))
        if doubtful:
            highest_mv = max(levels[lead].j_mv for lead in doubtful)
            evidence = Evidence("st_at_j", highest_mv, "mV", leads=doubtful)
            against = Qualifier.HIGH_VOLTAGE, evidence
        elif poor_leads:
            against = Qualifier.POOR_LEADS, Evidence("quality", "poor", leads=poor_leads)
    if against is None:
        return []
    why, evidence = against
    severity, source = Severity.ROUTINE, UDMI_2018
    if why is Qualifier.HIGH_VOLTAGE:
        # Elevated, and perhaps not by strain alone: somebody looks early.
        severity, source = Severity.ORANGE, f"{UDMI_2018}; {ARMSTRONG_2012}"
    return [Finding(FindingCode.ST_NOT_ASSESSED, severity, evidence, source, (why,))]
