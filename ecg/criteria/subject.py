"""What the criteria look at: one adult's dominant median beat, measured."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from itertools import pairwise

from ecg.amplitudes import LeadMeasurements
from ecg.critical import DEFAULT_CRITICAL_VALUES, CriticalValues
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
from ecg.intervals import Measurements
from ecg.signal import CHEST_LEADS, Patient, Sex
from ecg.waves import Fiducials

WIDE_QRS_MS = 120.0
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
"""Neighbours that look at one wall."""


@dataclass(frozen=True)
class Subject:
    """One adult's dominant median beat with all that the criteria need to know of it.

    Attributes
    ----------
    beat, rows, fs_hz
        The median beat, zero before QRS, the row of each lead in it, and its rate.
    leads
        The measurements of the leads good enough to be judged.
    measured, patient
        Intervals and axes; age and sex.
    members
        Positions of the median beat's members in the screening's list of beats.
    poor_leads
        Leads too poor to be judged.
    low_cut_hz
        High-pass filter the file states.
    paced
        Whether the ventricles are paced.
    critical
        The community's critical values.
    known
        Codes found so far: rhythm and conduction come before what depends on them.
    """

    beat: BeatClass
    rows: Mapping[str, int]
    fs_hz: float
    leads: Mapping[str, LeadMeasurements]
    measured: Measurements
    patient: Patient
    members: tuple[int, ...] = ()
    poor_leads: tuple[str, ...] = ()
    low_cut_hz: float | None = None
    paced: bool = False
    critical: CriticalValues = DEFAULT_CRITICAL_VALUES
    known: frozenset[FindingCode] = field(default_factory=frozenset)

    @property
    def marks(self) -> Fiducials:
        """Boundaries over all leads, in samples of the median beat."""
        return self.beat.fiducials

    @property
    def woman(self) -> bool:
        """Whether the limits of women hold; an unknown sex takes men's."""
        return self.patient.sex is Sex.FEMALE

    @property
    def wide(self) -> bool:
        """Whether QRS lasts 120 ms or more."""
        return (self.measured.qrs_ms or 0.0) >= WIDE_QRS_MS

    def has(self, *leads: str) -> bool:
        """Whether all of these leads may be judged."""
        return all(lead in self.leads for lead in leads)

    def only(self, leads: Iterable[str]) -> tuple[str, ...]:
        """Return those of the leads that may be judged, in the order given."""
        return tuple(lead for lead in leads if lead in self.leads)

    def q_mv(self, lead: str) -> float:
        """Return the depth of Q, or of QS; 0 where there is none."""
        return -(self.leads[lead].q_mv or 0.0)

    def r_mv(self, lead: str) -> float:
        """Return the height of the higher of R and R'; 0 where there is none."""
        return max(self.leads[lead].r_mv or 0.0, self.leads[lead].r2_mv or 0.0)

    def s_mv(self, lead: str) -> float:
        """Return the depth of the deepest of S, S' and QS; 0 where there is none.

        A Q deeper than R is QS with ST's shoulder behind it, or as good as one for voltage.
        """
        each = self.leads[lead]
        depth = self.q_mv(lead)
        qs_mv = depth if depth > self.r_mv(lead) else 0.0
        return max(-(each.s_mv or 0.0), -(each.s2_mv or 0.0), qs_mv)

    def t_mv(self, lead: str) -> float:
        """Return T's larger phase, signed; 0 where T is flat."""
        return self.leads[lead].t_mv or 0.0

    def t_lowest_mv(self, lead: str) -> float:
        """Return the depth of T's negative phase, 0 or less."""
        return min(0.0, self.leads[lead].t_mv or 0.0, self.leads[lead].t2_mv or 0.0)

    def st_mv(self, lead: str, after_ms: int = 0) -> float:
        """Return ST at J, or 40, 60 or 80 ms after it."""
        each = self.leads[lead]
        levels = {0: each.st_j_mv, 40: each.st_j40_mv, 60: each.st_j60_mv, 80: each.st_j80_mv}
        return levels[after_ms] or 0.0

    def row_mv(self, lead: str) -> Array:
        """Return the lead's median beat in millivolts."""
        row: Array = self.beat.median_uv[self.rows[lead]] / 1000.0
        return row

    def qrs_row_mv(self, lead: str) -> Array:
        """Return the lead's QRS in millivolts."""
        return self.row_mv(lead)[self.marks.qrs_on : self.marks.qrs_off + 1]

    def r_peak_ms(self, lead: str) -> float:
        """Return the time from the begin of QRS to the lead's highest point in it."""
        return float(self.qrs_row_mv(lead).argmax()) / self.fs_hz * 1000.0


def contiguous(leads: Iterable[str]) -> frozenset[str]:
    """Return those of ``leads`` that have a neighbour among them."""
    own = set(leads)
    return frozenset(lead for pair in CONTIGUOUS if own.issuperset(pair) for lead in pair)


def by_lead(
    values: Mapping[str, float], threshold: str, role: LeadRole = LeadRole.CRITERION
) -> tuple[LeadEvidence, ...]:
    """Return one entry a lead with a common limit."""
    return tuple(
        LeadEvidence(lead, round(value, 3), threshold, role) for lead, value in values.items()
    )


def made(
    code: FindingCode,
    evidence: Evidence,
    source: str,
    severity: Severity = Severity.ROUTINE,
    qualifiers: tuple[Qualifier, ...] = (),
) -> list[Finding]:
    """Return the finding as a list of one, as every criterion does."""
    return [Finding(code, severity, evidence, source, qualifiers)]


def over_leads(
    subject: Subject, quantity: str, values: Mapping[str, float], threshold: str
) -> Evidence:
    """Return evidence of one quantity in several leads, its most extreme value first."""
    extreme = max(values.values(), key=abs)
    return Evidence(
        quantity,
        round(extreme, 3),
        "mV",
        threshold,
        leads=tuple(values),
        beats=subject.members,
        by_lead=by_lead(values, threshold),
    )
