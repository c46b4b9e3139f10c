"""Screen a live signal: beats within a second, a `Screening` for every window.

Method
------
Work is done at fixed places of the signal, whatever the chunks it comes in. Every `STEP_S` the
last `LOOK_S` are searched by `ecg.beats.detect_beats`; a beat is told once `HOLD_S` lie behind it,
by when neither the T wave guard nor the refractory time can take it back. A beat is thus told
0.45-0.70 s after it was recorded, in the first second up to 1 s, plus the computing, a few
milliseconds. What only later beats show comes too late to be told live: a beat found by searching
back, and that a peak told as a beat was the T wave of an ectopic one. Beats told live carry no
label: labels, waves, findings and the last word on what is a beat are those of the window's
`Screening`, which is `ecg.screen.screen` of its samples.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from ecg.beats import REFRACTORY_MS, detect_beats
from ecg.critical import DEFAULT_CRITICAL_VALUES, CriticalValues
from ecg.filters import Array
from ecg.screen import MIN_DURATION_S, screen
from ecg.screening import Screening
from ecg.signal import MAX_ABS_UV, EcgSignal, FilterInfo, Patient

STEP_S = 0.25
HOLD_S = 0.45
LOOK_S = 10.0
LATEST_S = 1.0
MAX_WINDOW_S = 600.0


@dataclass(frozen=True)
class LiveBeat:
    """A QRS complex just seen.

    Attributes
    ----------
    sample
        The centre of its energy, counted from the first sample pushed.
    at_s
        The same in seconds.
    """

    sample: int
    at_s: float


@dataclass(frozen=True)
class ScreenedWindow:
    """A window's screening.

    Attributes
    ----------
    first_sample
        Where the window begins, counted from the first sample pushed; the beats of ``screening``
        count from there.
    screening
        Equal to ``screen()`` of the window's samples.
    """

    first_sample: int
    screening: Screening


Event = LiveBeat | ScreenedWindow


@dataclass(kw_only=True)
class Stream:
    """One live recording.

    Attributes
    ----------
    fs_hz, leads, patient, filters
        As `EcgSignal` takes them.
    window_s, hop_s
        Length of the windows that are screened, 2-600 s, and the time from the begin of one to that
        of the next; by default the windows follow each other without overlap.
    started_at
        When the first sample is taken, where known.
    critical
        The community's critical values.

    Raises
    ------
    ValueError
        If `EcgSignal` would refuse these, or a window or hop is out of its limits.

    Notes
    -----
    Memory holds the samples of the longer of a window and `LOOK_S`, and one step more. The events
    are the same, in the same order, however the samples are cut into chunks.
    """

    fs_hz: float
    leads: Sequence[str]
    window_s: float = 10.0
    hop_s: float | None = None
    patient: Patient = field(default_factory=Patient)
    filters: FilterInfo = field(default_factory=FilterInfo)
    started_at: datetime | None = None
    critical: CriticalValues = DEFAULT_CRITICAL_VALUES

    def __post_init__(self) -> None:
        """Check by building what will be built, and set up the memory."""
        hop_s = self.window_s if self.hop_s is None else self.hop_s
        if not MIN_DURATION_S <= self.window_s <= MAX_WINDOW_S:
            raise ValueError(
                f"window_s must lie in {MIN_DURATION_S:g}-{MAX_WINDOW_S:g}, not {self.window_s!r}"
            )
        if not STEP_S <= hop_s <= self.window_s:
            raise ValueError(f"hop_s must lie in {STEP_S:g}-{self.window_s:g}, not {hop_s!r}")
        leads = (self.leads,) if isinstance(self.leads, str) else tuple(self.leads)
        self.leads = EcgSignal(np.zeros((max(1, len(leads)), 1)), self.fs_hz, leads).leads
        self._step = max(1, round(STEP_S * self.fs_hz))
        self._window = round(self.window_s * self.fs_hz)
        self._hop = round(hop_s * self.fs_hz)
        self._look = round(LOOK_S * self.fs_hz)
        self._kept = np.empty((len(leads), 2 * max(self._window, self._look) + self._step))
        self._first = 0
        """The signal's sample that the memory begins with."""
        self._count = 0
        """Samples pushed so far."""
        self._window_at = 0
        self._told_to = -round(REFRACTORY_MS / 1000.0 * self.fs_hz)

    def push(self, samples_uv: ArrayLike) -> list[Event]:
        """Take the next samples and return what they show, in the order it became known.

        Parameters
        ----------
        samples_uv
            Microvolts, shape (n_leads, n), any n; NaN where nothing was recorded.

        Raises
        ------
        ValueError
            If they are of another shape or type, infinite or beyond 10 V; nothing was taken then.
        """
        chunk = self._checked(samples_uv)
        events: list[Event] = []
        taken = 0
        while taken < chunk.shape[1]:
            size = min(chunk.shape[1] - taken, self._next_work() - self._count)
            self._store(chunk[:, taken : taken + size])
            taken += size
            if self._count % self._step == 0:
                events += self._beats(self._count - round(HOLD_S * self.fs_hz))
            if self._count == self._window_at + self._window:
                events.append(self._screened(self._window_at))
                self._window_at += self._hop
        return events

    def finish(self) -> list[Event]:
        """Return the last beats, and the last window where samples came that none has covered."""
        events: list[Event] = list(self._beats(self._count))
        covered = self._window_at - self._hop + self._window if self._window_at else 0
        if self._count > covered:
            events.append(self._screened(max(0, self._count - self._window)))
        return events

    def _checked(self, samples_uv: ArrayLike) -> NDArray[np.floating[Any]]:
        raw = np.asarray(samples_uv)
        if raw.dtype.kind not in "iuf" or raw.ndim != 2 or raw.shape[0] != len(self.leads):
            raise ValueError(
                f"samples_uv must be real numbers of shape ({len(self.leads)}, n), "
                f"not {raw.dtype} of shape {raw.shape}"
            )
        if raw.size and np.fmax(np.fmax.reduce(raw, axis=None), -np.fmin.reduce(raw, axis=None)) > (
            MAX_ABS_UV
        ):
            raise ValueError(f"samples_uv exceeds {MAX_ABS_UV:g} microvolts")
        return raw

    def _next_work(self) -> int:
        """Return the sample at which something is due next."""
        step = (self._count // self._step + 1) * self._step
        return min(step, self._window_at + self._window)

    def _store(self, piece: NDArray[np.floating[Any]]) -> None:
        """Append, after moving what is still needed to the front where the memory is full."""
        used = self._count - self._first
        if used + piece.shape[1] > self._kept.shape[1]:
            needed = min(used, max(self._window, self._look))
            self._kept[:, :needed] = self._kept[:, used - needed : used]
            self._first, used = self._count - needed, needed
        self._kept[:, used : used + piece.shape[1]] = piece
        self._count += piece.shape[1]

    def _samples(self, start: int, stop: int) -> Array:
        return self._kept[:, start - self._first : stop - self._first]

    def _beats(self, until: int) -> list[LiveBeat]:
        """Tell the beats before sample ``until`` that were not told yet."""
        start = max(0, self._count - self._look)
        refractory = round(REFRACTORY_MS / 1000.0 * self.fs_hz)
        latest = self._count - round(LATEST_S * self.fs_hz)
        earliest = max(self._told_to + refractory, latest)
        told: list[LiveBeat] = []
        for found in detect_beats(self._samples(start, self._count), self.fs_hz):
            sample = start + int(found)
            if earliest <= sample < until:
                earliest = sample + refractory
                self._told_to = sample
                told.append(LiveBeat(sample, sample / self.fs_hz))
        return told

    def _screened(self, start: int) -> ScreenedWindow:
        stop = min(self._count, start + self._window)
        at = self.started_at
        signal = EcgSignal(
            self._samples(start, stop),
            self.fs_hz,
            self.leads,
            acquired_at=at + timedelta(seconds=start / self.fs_hz) if at else None,
            patient=self.patient,
            filters=self.filters,
        )
        return ScreenedWindow(start, screen(signal, self.critical))
