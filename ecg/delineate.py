"""Beat classes, their median beats, and P, QRS and T boundaries on each median beat.

Method
------
The baseline is a straight line between the isoelectric points before successive QRS complexes: it
leaves the ST segment as it is, which a high-pass filter does not. Beats are grouped by correlation
of their QRS over all leads; each group's beats are aligned and their median taken, which lowers
noise by about the square root of their number. On a median beat

- QRS begins and ends where the spatial velocity (root mean square slope over leads) falls under a
  share of its maximum and stays there (Hermans et al., BMC Med Inform Decis Mak 17:177, 2017, name
  this the vector magnitude approach);
- T and P are looked for in the first principal component over leads of their window, so that every
  lead adds what it has; their ends are where a trapezium's area is largest (Vázquez-Seisdedos et
  al., BioMedical Engineering OnLine 10:80, 2011).

Each beat of a group takes the group's boundaries at its own place.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ecg.filters import Array, low_pass, smoothed

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

QRS_LOW_PASS_HZ = 60.0
QRS_ONSET_SHARE = 0.055
QRS_OFFSET_SHARE = 0.07
QRS_QUIET_MS = 14.0
QRS_SEARCH_MS = 150.0
WAVE_LOW_PASS_HZ = 25.0
T_FROM_MS = 30.0
T_TO_RR = 0.58
T_BEYOND_MS = 60.0
T_BEFORE_P_MS = 10.0
T_MIN_UV = 20.0
P_TO_MS = 8.0
P_MAX_MS = 330.0
P_BEFORE_MS = 90.0
P_AFTER_MS = 70.0
T_HALF_MS = 180.0
T_END_BIAS_MS = 8.0
P_MIN_UV = 20.0
P_NOISE_RATIO = 1.8


@dataclass(frozen=True)
class Fiducials:
    """Boundaries in samples from the start of a median beat; None where the wave is not seen."""

    p_on: int | None
    p_peak: int | None
    p_off: int | None
    qrs_on: int
    r: int
    qrs_off: int
    t_on: int | None
    t_peak: int | None
    t_off: int | None


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


def _samples(milliseconds: float, fs_hz: float) -> int:
    return round(milliseconds / 1000.0 * fs_hz)


def without_baseline(samples_uv: Array, beats: NDArray[np.int64], fs_hz: float) -> Array:
    """Subtract straight lines between the levels before each QRS; shape unchanged."""
    start, stop = _samples(BASELINE_FROM_MS, fs_hz), _samples(BASELINE_TO_MS, fs_hz)
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
    before, after = _samples(QRS_BEFORE_MS, fs_hz), _samples(QRS_AFTER_MS, fs_hz)
    reach = _samples(ALIGN_MS, fs_hz)
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


def _quiet_edge(
    velocity: Array, start: int, step: int, limit: int, level: float, quiet: int
) -> int:
    """Walk from ``start`` by ``step`` until ``quiet`` samples in a row lie under ``level``."""
    at, calm = start, 0
    while at != limit:
        calm = calm + 1 if velocity[at] < level else 0
        if calm >= quiet:
            return at - step * (quiet - 1)
        at += step
    return limit


def _qrs_bounds(median_uv: Array, trigger: int, fs_hz: float) -> tuple[int, int]:
    smooth = low_pass(median_uv, fs_hz, QRS_LOW_PASS_HZ)
    slope = np.gradient(smooth, axis=-1) * fs_hz / 1000.0
    velocity = np.sqrt((slope * slope).mean(axis=0))
    last = velocity.size - 1
    near = _samples(QRS_SEARCH_MS, fs_hz)
    lower, upper = max(0, trigger - near), min(last, trigger + near)
    core_from = max(0, trigger - _samples(80.0, fs_hz))
    core = velocity[core_from : min(last, trigger + _samples(80.0, fs_hz)) + 1]
    top = float(core.max())
    steep = np.flatnonzero(core > 0.35 * top) + core_from
    noise = float(np.percentile(velocity, 20.0))
    quiet = max(2, _samples(QRS_QUIET_MS, fs_hz))
    onset_level = max(QRS_ONSET_SHARE * top, 1.5 * noise)
    offset_level = max(QRS_OFFSET_SHARE * top, 1.5 * noise)
    onset = _quiet_edge(velocity, int(steep[0]), -1, lower, onset_level, quiet)
    offset = _quiet_edge(velocity, int(steep[-1]), 1, upper, offset_level, quiet)
    return onset, offset


def _component(segment: Array) -> Array:
    """Return the leads' weights in the first principal component, of norm 1, shape (n_leads,).

    What all leads share grows with the root of their number in it, as do the limits it meets.
    """
    centred = segment - segment.mean(axis=-1, keepdims=True)
    weights: Array = np.linalg.eigh(centred @ centred.T)[1][:, -1]
    return weights


def _upright(trace: Array) -> tuple[Array, int]:
    """Remove the line through the ends, make the main deflection positive, return its place."""
    line = np.linspace(trace[0], trace[-1], trace.size)
    level = trace - line
    peak = int(np.argmax(np.abs(level)))
    return (level if level[peak] >= 0 else -level), peak


def trapezium_end(trace: Array, peak: int, stop: int) -> int:
    """Return where the trapezium's area is largest between the steepest descent and ``stop``."""
    if stop - peak < 3:
        return stop
    slope = np.diff(trace[peak : stop + 1])
    steepest = peak + int(np.argmin(slope))
    at = np.arange(steepest, stop + 1)
    area = 0.5 * (trace[steepest] - trace[at]) * (2 * stop - at - steepest)
    return int(at[np.argmax(area)])


def _t_wave(
    smooth: Array, qrs_off: int, latest: float, fs_hz: float
) -> tuple[int, int, int] | None:
    """Find T between QRS and ``latest``, where the next P may begin."""
    start = qrs_off + _samples(T_FROM_MS, fs_hz)
    stop = min(smooth.shape[-1] - 1, int(latest))
    if stop - start < _samples(120.0, fs_hz):
        return None
    segment = smooth[:, start : stop + 1]
    trace, peak = _upright(_component(segment) @ segment)
    if trace[peak] < T_MIN_UV * np.sqrt(len(smooth)) or peak < 2 or peak > trace.size - 4:
        return None
    half = _samples(T_HALF_MS, fs_hz)
    end = trapezium_end(trace, peak, min(trace.size - 1, peak + half))
    begin = trace.size - 1 - trapezium_end(trace[::-1], trace.size - 1 - peak, trace.size - 1)
    end = max(peak + 1, end - _samples(T_END_BIAS_MS, fs_hz))
    return start + begin, start + peak, start + end


def _p_wave(
    smooth: Array, beats: Array, qrs_on: int, rr: float, fs_hz: float
) -> tuple[int, int, int] | None:
    """Find P before QRS, where it stands above what differs from beat to beat.

    Fibrillation leaves a hump in a median of ten beats; but each beat then has another one.
    """
    stop = qrs_on - _samples(P_TO_MS, fs_hz)
    reach = min(P_MAX_MS / 1000.0 * fs_hz, 0.42 * rr)
    start = max(0, int(qrs_on - reach))
    if stop - start < _samples(70.0, fs_hz):
        return None
    segment = smooth[:, start : stop + 1]
    weights = _component(segment)
    trace, peak = _upright(weights @ segment)
    if trace[peak] < P_MIN_UV * np.sqrt(len(smooth)) or peak < 2 or peak > trace.size - 3:
        return None
    each = np.tensordot(beats[:, :, start : stop + 1], weights, axes=(1, 0))
    each = low_pass(each - each.mean(axis=-1, keepdims=True), fs_hz, WAVE_LOW_PASS_HZ)
    varying = 1.48 * float(np.median(np.abs(each - np.median(each, axis=0)), axis=0).mean())
    if len(beats) >= 3 and trace[peak] < P_NOISE_RATIO * varying:
        return None
    late = min(trace.size - 1, peak + _samples(P_AFTER_MS, fs_hz))
    early = max(0, peak - _samples(P_BEFORE_MS, fs_hz))
    end = trapezium_end(trace, peak, late)
    back = trace[early : peak + 1][::-1]
    begin = peak - trapezium_end(back, 0, back.size - 1)
    return start + begin, start + peak, start + end


def _fiducials(median_uv: Array, beats: Array, trigger: int, rr: float, fs_hz: float) -> Fiducials:
    onset, offset = _qrs_bounds(median_uv, trigger, fs_hz)
    smooth = low_pass(median_uv, fs_hz, WAVE_LOW_PASS_HZ)
    p_wave = _p_wave(smooth, beats, onset, rr, fs_hz)
    latest = trigger + T_TO_RR * rr + _samples(T_BEYOND_MS, fs_hz)
    t_wave = None
    if p_wave is not None:
        next_p = p_wave[0] + rr - _samples(T_BEFORE_P_MS, fs_hz)
        t_wave = _t_wave(smooth, offset, min(latest, next_p), fs_hz)
    t_wave = t_wave or _t_wave(smooth, offset, latest, fs_hz)
    magnitude = np.abs(median_uv[:, onset : offset + 1]).sum(axis=0)
    r_peak = onset + int(np.argmax(magnitude))
    p_on, p_peak, p_off = p_wave or (None, None, None)
    t_on, t_peak, t_off = t_wave or (None, None, None)
    return Fiducials(p_on, p_peak, p_off, onset, r_peak, offset, t_on, t_peak, t_off)


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
    before, after = _samples(BEFORE_MS, fs_hz), _samples(AFTER_MS, fs_hz)
    if beats.size == 0:
        return Delineation((), beats, beats, before)
    level = without_baseline(samples_uv, beats, fs_hz)
    smooth = smoothed(level, fs_hz, SHAPE_LOW_PASS_HZ)
    triggers = _aligned(smooth, beats, fs_hz)
    qrs = _windows(smooth, triggers, _samples(QRS_BEFORE_MS, fs_hz), _samples(QRS_AFTER_MS, fs_hz))
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
        fiducials = _fiducials(median, stack, before, usual, fs_hz)
        base = median[:, max(0, fiducials.qrs_on - _samples(10.0, fs_hz)) : fiducials.qrs_on + 1]
        classes.append(BeatClass(members, median - base.mean(axis=-1, keepdims=True), fiducials))
        class_of[members] = rank
    return Delineation(tuple(classes), triggers, class_of, before)
