"""What the rules of rhythm read: every beat's time, label and shape, and what was measured."""

from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from ecg.filters import Array
from ecg.findings import Evidence, Finding, FindingCode, Severity
from ecg.intervals import Measurements
from ecg.rhythm.alternans import Alternans
from ecg.rhythm.atria import Flutter
from ecg.rhythm.conduction import Conduction
from ecg.rhythm.dissociation import Atrial
from ecg.rhythm.labels import BeatLabel
from ecg.rhythm.statistics import RrStatistics, rr_statistics
from ecg.rhythm.view import COLUMN

MAX_EVIDENCE_BEATS = 50


@dataclass(frozen=True, eq=False)
class Strip:
    """One recording's beats.

    Attributes
    ----------
    duration_ms
        Of the whole recording.
    times_ms
        Of each beat's R peak, shape (n_beats,).
    gaps_ms
        Time before the first beat, between beats, and after the last, less what was not recorded;
        shape (n_beats + 1,).
    labels
        One a beat.
    shapes
        From `ecg.rhythm.view.look`, shape (n_beats, n_features).
    p_seen
        Beats whose shape class shows a P wave, shape (n_beats,).
    measured
        Of the dominant beat.
    flutter
        What repeats between the QRS complexes, or None.
    atrial
        What repeats independently of them, or None.
    conduction
        What each P wave did, or None.
    alternans
        Where T alternates, or None.
    """

    duration_ms: float
    times_ms: Array
    gaps_ms: Array
    labels: tuple[BeatLabel, ...]
    shapes: Array
    p_seen: NDArray[np.bool_]
    measured: Measurements
    flutter: Flutter | None = None
    atrial: Atrial | None = None
    conduction: Conduction | None = None
    alternans: Alternans | None = None

    @cached_property
    def rr_ms(self) -> Array:
        """RR intervals, shape (n_beats - 1,)."""
        return np.asarray(np.diff(self.times_ms), dtype=np.float64)

    @cached_property
    def statistics(self) -> RrStatistics | None:
        """RR statistics; None with fewer than two beats."""
        return rr_statistics(self.rr_ms, self.labels)

    @cached_property
    def usual_ms(self) -> float:
        """Median RR interval; 1,000 with fewer than two beats."""
        return self.statistics.median_ms if self.statistics else 1000.0

    @cached_property
    def p_like(self) -> float:
        """How alike what stands before each QRS is, the median over the beats, up to 1."""
        values = np.sort(self.shape("p_like_others"))
        return float(values[values.size // 2])

    def shape(self, name: str) -> Array:
        """Return one of `SHAPE_FEATURES`, shape (n_beats,)."""
        column: Array = self.shapes[:, COLUMN[name]]
        return column

    def labelled(self, *labels: BeatLabel) -> NDArray[np.bool_]:
        """Return which beats bear one of the labels, shape (n_beats,)."""
        return np.array([each in labels for each in self.labels], dtype=bool)


def where(mask: NDArray[np.bool_]) -> tuple[int, ...]:
    """Return the first `MAX_EVIDENCE_BEATS` positions that are true."""
    return tuple(int(index) for index in np.flatnonzero(mask)[:MAX_EVIDENCE_BEATS])


def runs(mask: NDArray[np.bool_]) -> list[tuple[int, int]]:
    """Return begin and end (exclusive) of each run of true values."""
    edges = np.flatnonzero(np.diff(np.concatenate([[False], mask, [False]]).astype(np.int8)))
    return [(int(edges[k]), int(edges[k + 1])) for k in range(0, edges.size, 2)]


def finding(
    code: FindingCode,
    severity: Severity,
    quantity: str,
    value: float | str | None,
    unit: str | None,
    threshold: str | None,
    source: str,
    *,
    beats: tuple[int, ...] = (),
    leads: tuple[str, ...] = (),
) -> Finding:
    """Return a finding with its evidence."""
    evidence = Evidence(quantity, value, unit, threshold, leads=leads, beats=beats)
    return Finding(code, severity, evidence, source)
