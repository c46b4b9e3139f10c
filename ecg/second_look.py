"""A second look at the peaks of the QRS decision function, by what usually surrounds a beat.

P and T waves follow and precede every beat at the same distance and height; an ectopic beat does
not. The median decision function around some tens of neighbouring beats is that usual height. A
peak that is no more than it was a wave; one that is much more was a beat, though it be low: a
ventricular beat is wide, and loses half of its height in the 8-24 Hz band.

The limits are ours (benchmarks/ecg/accuracy_qrs.py measures them).
"""

from dataclasses import dataclass
from typing import Any

import numpy as np
import scipy
from numpy.typing import NDArray

from ecg.filters import Array, running_median

MIN_BEATS = 6
GROUP = 64
REACH_S = 0.6
JITTER_MS = 40.0
RR_MEDIAN = 21
OVER_WAVES = 1.25
P_FROM_MS, P_TO_MS = 100.0, 300.0
T_FROM_MS, T_TO_MS = 200.0, 500.0
P_TO_RR, T_TO_RR = 0.35, 0.5

WAVE_HEIGHT_SHARE = 0.9
WAVE_NEXT_RR = 0.6
WAVE_BOTH_RR = 1.4
WAVE_EXCESS = 0.4
BEAT_LEVEL = 0.28
BEAT_EXCESS = 0.25
BEAT_BOTH_RR = 1.1
BEAT_APART_MS = 240.0

Samples = NDArray[np.int64]


@dataclass(frozen=True)
class Surroundings:
    """The usual decision function around the beats of each minute or so.

    Attributes
    ----------
    starts
        First beat of each group, shape (n_groups,).
    after, before
        Median height at each distance after and before a beat, shape (n_groups, width).
    """

    starts: Samples
    after: Array
    before: Array

    def group(self, places: Samples) -> Samples:
        """Return the group that each place belongs to."""
        found: Samples = np.maximum(np.searchsorted(self.starts, places, side="right") - 1, 0)
        return found

    def widened(self, fs_hz: float) -> "Surroundings":
        """Take the highest value within `JITTER_MS`: waves shift a little with the rate."""
        width = 2 * round(JITTER_MS / 1000.0 * fs_hz) + 1
        after, before = (
            scipy.ndimage.maximum_filter1d(rows, width, axis=-1)
            for rows in (self.after, self.before)
        )
        return Surroundings(self.starts, after, before)


def surroundings(beats: Samples, fused: Array, fs_hz: float) -> Surroundings:
    """Describe what stands around the beats, for each `GROUP` of them."""
    width = round(REACH_S * fs_hz)
    padded, steps = np.pad(fused, width), np.arange(width)
    groups = np.array_split(beats, max(1, round(beats.size / GROUP)))
    sides: list[Array] = []
    for sign in (1, -1):
        medians = [
            np.median(padded[sign * steps[:, np.newaxis] + group + width], axis=1)
            for group in groups
        ]
        sides.append(np.stack(medians))
    return Surroundings(np.array([group[0] for group in groups]), sides[0], sides[1])


def _usual_rr(kept: Samples) -> Array:
    """Return the running median RR of each beat and the next, shape (n_beats,)."""
    rr = np.diff(kept).astype(np.float64)
    usual = running_median(rr, min(RR_MEDIAN, 2 * (rr.size // 2) + 1))
    return np.append(usual, usual[-1])


def _at(profile: Array, rows: Samples, gaps: NDArray[np.integer[Any]]) -> Array:
    """Return each row's height at a gap; 0 beyond the profile."""
    inside = gaps < profile.shape[-1]
    values: Array = profile[rows, np.minimum(gaps, profile.shape[-1] - 1)]
    return np.where(inside, values, 0.0)


def _wave_height(profile: Array, from_ms: float, to_ms: Array, fs_hz: float) -> Array:
    """Return the highest hump of each row between two distances; 0 where there is none."""
    inner = profile[:, 1:-1]
    hump = (inner >= profile[:, :-2]) & (inner >= profile[:, 2:])
    at_ms = np.arange(1, inner.shape[-1] + 1) * 1000.0 / fs_hz
    hump &= (at_ms >= from_ms) & (at_ms <= to_ms[:, np.newaxis])
    return np.asarray(np.where(hump, inner, 0.0).max(axis=-1), dtype=np.float64)


def plausible(
    candidates: Samples, beats: Samples, around: Surroundings, fused: Array, fs_hz: float
) -> Samples:
    """Leave out the candidates that are no higher than the usual P and T waves.

    In a pause P waves go on, and would be taken for the beat that is overdue.

    Parameters
    ----------
    candidates
        Peaks of ``fused``, ascending.
    beats, around
        Those already held for beats, and what stands around them.
    fused, fs_hz
        The decision function and its rate.
    """
    rr_ms = np.array([np.median(part) for part in _split(_usual_rr(beats), beats, around)])
    rr_ms *= 1000.0 / fs_hz
    p_to_ms, t_to_ms = np.minimum(P_TO_MS, P_TO_RR * rr_ms), np.minimum(T_TO_MS, T_TO_RR * rr_ms)
    p_height = _wave_height(around.before, P_FROM_MS, p_to_ms, fs_hz)
    t_height = _wave_height(around.after, T_FROM_MS, t_to_ms, fs_hz)
    waves = np.maximum(p_height, t_height)[around.group(candidates)]
    return candidates[fused[candidates] > OVER_WAVES * waves]


def _split(values: Array, beats: Samples, around: Surroundings) -> list[Array]:
    return np.split(values, np.searchsorted(beats, around.starts)[1:])


def _without_waves(beats: Samples, around: Surroundings, fused: Array) -> Samples:
    """Drop P waves held for beats: soon a beat follows, as usual, and as far from the last one."""
    usual_rr = _usual_rr(beats)[1:-1]
    level = running_median(fused[beats], min(RR_MEDIAN, 2 * (beats.size // 2) + 1))[1:-1]
    gaps, inner = np.diff(beats), beats[1:-1]
    height = fused[inner]
    expected = _at(around.before, around.group(inner), gaps[1:])
    wave = (
        (height < WAVE_HEIGHT_SHARE * level)
        & (gaps[1:] < WAVE_NEXT_RR * usual_rr)
        & (gaps[:-1] + gaps[1:] < WAVE_BOTH_RR * usual_rr)
        & (height - expected < WAVE_EXCESS)
    )
    kept: Samples = beats[np.concatenate([[True], ~wave, [True]])]
    return kept


def _with_low_beats(
    beats: Samples, candidates: Samples, around: Surroundings, fused: Array, fs_hz: float
) -> Samples:
    """Add the rejected peaks that no usual wave explains, the highest between two beats."""
    free = candidates[(fused[candidates] > BEAT_LEVEL) & ~np.isin(candidates, beats)]
    row, group = np.searchsorted(beats, free) - 1, around.group(free)
    usual_rr = _usual_rr(beats)[np.maximum(row, 0)]
    last = beats.size - 1
    # Beyond the first and the last beat the unseen neighbour is taken to be one interval away.
    since = np.where(row < 0, usual_rr, free - beats[np.maximum(row, 0)]).astype(np.int64)
    until = np.where(row == last, usual_rr, beats[np.minimum(row + 1, last)] - free)
    until = until.astype(np.int64)
    usual = np.maximum(_at(around.after, group, since), _at(around.before, group, until))
    unexplained = (
        (fused[free] - usual > BEAT_EXCESS)
        & (since + until > BEAT_BOTH_RR * usual_rr)
        & (np.minimum(since, until) > BEAT_APART_MS / 1000.0 * fs_hz)
    )
    free, row = free[unexplained], row[unexplained]
    order = np.lexsort((-fused[free], row))
    first = np.unique(row[order], return_index=True)[1]
    return np.sort(np.concatenate([beats, free[order][first]]))


def looked_again(
    beats: Samples, candidates: Samples, around: Surroundings, fused: Array, fs_hz: float
) -> Samples:
    """Return the beats without P waves and with low ectopic beats.

    Parameters
    ----------
    beats
        Peaks held for beats, `MIN_BEATS` or more.
    candidates, around, fused, fs_hz
        As `plausible` takes them.
    """
    wide = around.widened(fs_hz)
    beats = _without_waves(beats, wide, fused)
    return _with_low_beats(beats, candidates, wide, fused, fs_hz)
