"""Beat classes and their median beats.

Method
------
The baseline is a straight line between the isoelectric points before successive QRS complexes: it
leaves the ST segment as it is, which a high-pass filter does not. Beats are grouped by correlation
of their QRS over all leads; each group's beats are aligned and their median taken, which lowers
noise by about the square root of their number. `ecg.waves` finds the boundaries on it.

Each beat of a group takes the group's boundaries at its own place.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ecg.filters import Array, smoothed
from ecg.waves import Fiducials, fiducials_of, samples_of

BEFORE_MS = 420.0
AFTER_MS = 640.0
QRS_BEFORE_MS = 70.0
QRS_AFTER_MS = 90.0
SAME_CLASS_CORRELATION = 0.85
MAX_CLASSES = 8
SHAPE_LOW_PASS_HZ = 30.0
ALIGN_MS = 30.0
BASELINE_FROM_MS = 100.0
BASELINE_TO_MS = 76.0


@dataclass(frozen=True)
class BeatClass:
    """Beats of one shape.

    Attributes
    ----------
    members
        Positions in the window's list of beats, ascending.
    median_uv
        Median beat, shape (n_leads, width), zero at the level before QRS.
    fiducials
        Its boundaries.
    """

    members: NDArray[np.int64]
    median_uv: Array
    fiducials: Fiducials


@dataclass(frozen=True)
class Delineation:
    """The classes of one window, the largest first.

    Attributes
    ----------
    classes
        At least one where there was a beat far enough from the edges.
    triggers
        Aligned sample index of each beat; shape (n_beats,).
    class_of
        Index into ``classes`` of each beat, -1 for none; shape (n_beats,).
    before
        Samples of a median beat before its trigger.
    """

    classes: tuple[BeatClass, ...]
    triggers: NDArray[np.int64]
    class_of: NDArray[np.int64]
    before: int


def without_baseline(samples_uv: Array, beats: NDArray[np.int64], fs_hz: float) -> Array:
    """Subtract straight lines between the levels before each QRS; shape unchanged."""
    start, stop = samples_of(BASELINE_FROM_MS, fs_hz), samples_of(BASELINE_TO_MS, fs_hz)
    knots = beats[beats >= start]
    if knots.size == 0:
        return samples_uv - np.median(samples_uv, axis=-1, keepdims=True)
    span = np.arange(-start, -stop + 1)
    levels = samples_uv[:, knots[:, np.newaxis] + span].mean(axis=-1)
    at = np.arange(samples_uv.shape[-1])
    centres = knots - (start + stop) / 2.0
    baseline: Array = np.stack([np.interp(at, centres, level) for level in levels])
    return samples_uv - baseline


def _windows(samples: Array, triggers: NDArray[np.int64], before: int, after: int) -> Array:
    """Cut (n_beats, n_leads, before + after) around the triggers; NaN beyond the edges."""
    padded = np.pad(samples, ((0, 0), (before, after)), constant_values=np.nan)
    span = np.arange(before + after)
    cut: Array = padded[:, triggers[:, np.newaxis] + span].transpose(1, 0, 2)
    return cut


def _unit(shapes: Array) -> Array:
    flat: Array = shapes.reshape(shapes.shape[0], -1)
    flat = flat - flat.mean(axis=1, keepdims=True)
    norm = np.linalg.norm(flat, axis=1, keepdims=True)
    unit: Array = flat / np.maximum(norm, 1e-9)
    return unit


def _grouped(shapes: Array) -> NDArray[np.int64]:
    """Assign beats to classes by correlation with the running mean shape; -1 for no class."""
    units = _unit(shapes)
    sums: list[Array] = []
    assigned = np.full(len(units), -1, dtype=np.int64)
    for index, unit in enumerate(units):
        if not unit.any():
            continue
        best, best_value = -1, SAME_CLASS_CORRELATION
        for number, total in enumerate(sums):
            value = float(unit @ total / np.linalg.norm(total))
            if value > best_value:
                best, best_value = number, value
        if best < 0 and len(sums) < MAX_CLASSES:
            sums.append(np.zeros_like(unit))
            best = len(sums) - 1
        if best >= 0:
            sums[best] = sums[best] + unit
            assigned[index] = best
    return assigned


def _aligned(samples: Array, triggers: NDArray[np.int64], fs_hz: float) -> NDArray[np.int64]:
    """Shift each trigger to the best match of its QRS with the mean QRS, twice."""
    before, after = samples_of(QRS_BEFORE_MS, fs_hz), samples_of(QRS_AFTER_MS, fs_hz)
    reach = samples_of(ALIGN_MS, fs_hz)
    moved = triggers
    for _ in range(2):
        wide = np.nan_to_num(_windows(samples, moved, before + reach, after + reach))
        template = np.median(wide[:, :, reach : reach + before + after], axis=0)
        template = template - template.mean(axis=-1, keepdims=True)
        squares = np.cumsum((wide * wide).sum(axis=1), axis=-1)
        width = before + after
        scores = np.empty((len(moved), 2 * reach + 1))
        for lag in range(2 * reach + 1):
            match = np.einsum("blw,lw->b", wide[:, :, lag : lag + width], template)
            energy = squares[:, lag + width - 1] - (squares[:, lag - 1] if lag else 0.0)
            scores[:, lag] = match / np.sqrt(np.maximum(energy, 1e-9))
        moved = moved + (np.argmax(scores, axis=1) - reach)
    return moved


def delineate(samples_uv: Array, beats: NDArray[np.int64], fs_hz: float) -> Delineation:
    """Group beats, take median beats and find their boundaries.

    Parameters
    ----------
    samples_uv
        Microvolts, shape (n_leads, n_samples), no NaN, a few minutes at most.
    beats
        Sample indices from `ecg.beats.detect_beats`.
    fs_hz
        Sampling rate, 200 Hz or more.

    Returns
    -------
    Delineation
        Classes by falling size; empty when there is no beat.
    """
    before, after = samples_of(BEFORE_MS, fs_hz), samples_of(AFTER_MS, fs_hz)
    if beats.size == 0:
        return Delineation((), beats, beats, before)
    level = without_baseline(samples_uv, beats, fs_hz)
    smooth = smoothed(level, fs_hz, SHAPE_LOW_PASS_HZ)
    triggers = _aligned(smooth, beats, fs_hz)
    qrs = _windows(
        smooth, triggers, samples_of(QRS_BEFORE_MS, fs_hz), samples_of(QRS_AFTER_MS, fs_hz)
    )
    assigned = _grouped(np.nan_to_num(qrs))
    numbers, counts = np.unique(assigned[assigned >= 0], return_counts=True)
    order = numbers[np.argsort(-counts, kind="stable")]
    rr = np.diff(triggers)
    usual_rr = float(np.median(rr)) if rr.size else fs_hz
    following = np.append(rr, usual_rr)
    classes: list[BeatClass] = []
    class_of = np.full(len(beats), -1, dtype=np.int64)
    for rank, number in enumerate(order):
        members = np.flatnonzero(assigned == number)
        whole = members[
            (triggers[members] >= before) & (triggers[members] + after <= level.shape[-1])
        ]
        used = whole if whole.size else members
        cut = _windows(level, triggers[used], before, after)
        stack = np.nan_to_num(cut)
        median = np.median(stack, axis=0) if len(used) > 1 else stack[0]
        usual = float(np.median(following[members]))
        fiducials = fiducials_of(median, stack, before, usual, fs_hz)
        base = median[:, max(0, fiducials.qrs_on - samples_of(10.0, fs_hz)) : fiducials.qrs_on + 1]
        classes.append(BeatClass(members, median - base.mean(axis=-1, keepdims=True), fiducials))
        class_of[members] = rank
    return Delineation(tuple(classes), triggers, class_of, before)
