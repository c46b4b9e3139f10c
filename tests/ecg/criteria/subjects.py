"""Median beats drawn wave by wave, and the subjects made of them."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace

import numpy as np

from ecg.amplitudes import measure_leads
from ecg.criteria import Subject, criteria_findings
from ecg.delineate import BeatClass
from ecg.findings import Finding, FindingCode
from ecg.intervals import measure
from ecg.signal import Patient
from ecg.waves import Fiducials
from tests.ecg.samples import ADULT, Samples, bump

FS_HZ = 500.0
AT_S = np.arange(530) / FS_HZ
QRS_ON = 190


@dataclass(frozen=True)
class Wave:
    """One lead: QRS as (millivolts, milliseconds) half sines, and the levels of the rest in mV.

    ``st`` holds at J and rises by ``slope`` until 100 ms after it; ``t2`` and ``p2`` are second
    phases; ``u`` a wave after T.
    """

    qrs: tuple[tuple[float, float], ...] = ((0.8, 50.0), (-0.15, 36.0))
    st: float = 0.0
    slope: float = 0.0
    t: float = 0.25
    t2: float = 0.0
    t_width_s: float = 0.035
    p: float = 0.1
    p2: float = 0.0
    u: float = 0.0

    def row_uv(self, qrs_off: int) -> Samples:
        """Return the lead in microvolts, zero before QRS."""
        row = np.zeros(AT_S.size)
        at = QRS_ON + 1
        for height, lasting_ms in self.qrs:
            width = round(lasting_ms / 1000.0 * FS_HZ)
            row[at : at + width] += height * np.sin(np.pi * (np.arange(width) + 0.5) / width)
            at += width
        after = AT_S - qrs_off / FS_HZ
        level = np.clip(1.0 + after / 0.012, 0.0, 1.0) * (after > -0.012)
        level *= np.clip((0.36 - after) / 0.1, 0.0, 1.0)
        row += level * (self.st + self.slope * np.clip(after / 0.1, 0.0, 1.0))
        row += self.t * bump(AT_S, 0.68, self.t_width_s) + self.t2 * bump(AT_S, 0.75, 0.02)
        row += self.p * bump(AT_S, 0.25, 0.014) + self.p2 * bump(AT_S, 0.29, 0.014)
        row += self.u * bump(AT_S, 0.86, 0.03)
        return row * 1000.0


NORMAL: Mapping[str, Wave] = {
    "I": Wave(((-0.05, 14.0), (0.6, 42.0), (-0.1, 30.0))),
    "II": Wave(((-0.05, 14.0), (1.0, 42.0), (-0.1, 30.0))),
    "III": Wave(((0.4, 50.0), (-0.1, 36.0)), t=0.1),
    "aVR": Wave(((0.05, 14.0), (-0.8, 56.0)), t=-0.25, p=-0.1),
    "aVL": Wave(((-0.04, 14.0), (0.3, 42.0), (-0.1, 30.0)), t=0.15),
    "aVF": Wave(((0.7, 50.0), (-0.1, 36.0)), t=0.2),
    "V1": Wave(((0.2, 30.0), (-0.9, 56.0)), t=0.1),
    "V2": Wave(((0.4, 34.0), (-1.2, 52.0)), t=0.4),
    "V3": Wave(((0.7, 40.0), (-0.8, 46.0)), t=0.4),
    "V4": Wave(((-0.04, 12.0), (1.2, 40.0), (-0.4, 34.0)), t=0.4),
    "V5": Wave(((-0.06, 12.0), (1.2, 44.0), (-0.2, 30.0)), t=0.35),
    "V6": Wave(((-0.06, 12.0), (1.0, 44.0), (-0.1, 30.0)), t=0.3),
}


@dataclass(frozen=True)
class Drawn:
    """What is drawn: normal leads but for ``leads``, and what is known besides."""

    leads: Mapping[str, Wave] = field(default_factory=dict)
    qrs_ms: float = 88.0
    rate_bpm: float = 70.0
    pr_ms: float | None = 160.0
    patient: Patient = ADULT
    poor: tuple[str, ...] = ()
    paced: bool = False
    only: tuple[str, ...] | None = None
    low_cut_hz: float | None = None
    n_beats: int = 9
    known: frozenset[FindingCode] = frozenset()

    def subject(self) -> Subject:
        """Return the subject, measured as a screening measures."""
        drawn = {**NORMAL, **self.leads}
        names = tuple(drawn) if self.only is None else self.only
        off = QRS_ON + round(self.qrs_ms / 1000.0 * FS_HZ)
        rows = np.stack([drawn[name].row_uv(off) for name in names])
        marks = Fiducials(110, 125, 165, QRS_ON, QRS_ON + 20, off, 300, 340, 385)
        if self.pr_ms is None:
            marks = replace(marks, p_on=None, p_peak=None, p_off=None)
        beat = BeatClass(np.arange(self.n_beats), rows, marks)
        rr_ms = np.full(self.n_beats - 1, 60_000.0 / self.rate_bpm)
        usual = np.ones(self.n_beats, dtype=np.bool_)
        measured = measure(beat, names, rr_ms, FS_HZ, usual)
        measured = replace(measured, pr_ms=self.pr_ms, qrs_ms=self.qrs_ms)
        by_lead = measure_leads(beat, names, FS_HZ)
        return Subject(
            beat=beat,
            rows={name: row for row, name in enumerate(names)},
            fs_hz=FS_HZ,
            leads={name: each for name, each in by_lead.items() if name not in self.poor},
            measured=measured,
            patient=self.patient,
            members=tuple(range(self.n_beats)),
            poor_leads=self.poor,
            low_cut_hz=self.low_cut_hz,
            paced=self.paced,
            known=self.known,
        )

    def findings(self) -> dict[FindingCode, Finding]:
        """Return what the criteria find, by code."""
        return {each.code: each for each in criteria_findings(self.subject())}


def changed(name: str, **values: object) -> Wave:
    """Return a normal lead with some of its values changed."""
    return replace(NORMAL[name], **values)  # type: ignore[arg-type]  # by name


def every(names: tuple[str, ...], **values: object) -> dict[str, Wave]:
    """Return several normal leads with the same values changed."""
    return {name: changed(name, **values) for name in names}
