"""P, QRS and T boundaries on one median beat.

Method
------
- QRS begins and ends where the spatial velocity (root mean square slope over leads) falls under a
  share of its maximum and stays there (Hermans et al., BMC Med Inform Decis Mak 17:177, 2017, name
  this the vector magnitude approach);
- T and P are looked for in the first principal component over leads of their window, so that every
  lead adds what it has; their ends are where a trapezium's area is largest (Vázquez-Seisdedos et
  al., BioMedical Engineering OnLine 10:80, 2011).

Biases in milliseconds were set on LUDB (benchmarks/ecg/accuracy_waves.py).
"""

from dataclasses import dataclass

import numpy as np

from ecg.filters import Array, low_pass

QRS_LOW_PASS_HZ = 60.0
QRS_ONSET_SHARE = 0.055
QRS_OFFSET_SHARE = 0.07
QRS_QUIET_MS = 14.0
QRS_RESUME_MS = 48.0
QRS_RESUME_SHARE = 0.1
QRS_RESUME_UV = 300.0
QRS_RESUME_LEADS = 3
QRS_SEARCH_MS = 150.0
QRS_FORE_MS = 55.0
QRS_UNSEEN_MS = 5.0
QRS_ONSET_HIGHER_SHARES = (0.0, 0.08, 0.11, 0.15)
WAVE_LOW_PASS_HZ = 25.0
T_FROM_MS = 30.0
T_TO_RR = 0.58
T_BEYOND_MS = 60.0
T_BEFORE_P_MS = 10.0
T_MIN_UV = 20.0
T_USUAL_S = 0.36
T_LATE_MS = 200.0
T_LATE_SHARE = 0.3
T_RISE_MS = 66.0
T_RISE_SHARE = 0.7
T_ALONE_MS = 6.0
P_TO_MS = 8.0
P_MAX_MS = 330.0
P_BEFORE_MS = 90.0
P_AFTER_MS = 80.0
T_HALF_MS = 180.0
T_END_BIAS_MS = 8.0
P_MIN_UV = 20.0
P_END_BIAS_MS = 4.0
P_NOISE_RATIO = 2.6


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


def samples_of(milliseconds: float, fs_hz: float) -> int:
    """Return a duration in samples, rounded."""
    return round(milliseconds / 1000.0 * fs_hz)


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


def _onset(velocity: Array, steep: int, lower: int, level: float, top: float, fs_hz: float) -> int:
    """Return where QRS begins; where P runs into it, at a level that keeps P out.

    A begin further than `QRS_FORE_MS` before the steep part is tried again at higher levels, and
    the first one that is nearer is taken: the foot of QRS is seldom that long.
    """
    quiet = max(2, samples_of(QRS_QUIET_MS, fs_hz))
    first = _quiet_edge(velocity, steep, -1, lower, level, quiet)
    for share in QRS_ONSET_HIGHER_SHARES:
        onset = _quiet_edge(velocity, steep, -1, lower, max(level, share * top), quiet)
        if steep - onset <= samples_of(QRS_FORE_MS, fs_hz):
            return onset
    return first


def _qrs_bounds(median_uv: Array, trigger: int, fs_hz: float) -> tuple[int, int]:
    smooth = low_pass(median_uv, fs_hz, QRS_LOW_PASS_HZ)
    slope = np.gradient(smooth, axis=-1) * fs_hz / 1000.0
    velocity = np.sqrt((slope * slope).mean(axis=0))
    last = velocity.size - 1
    near = samples_of(QRS_SEARCH_MS, fs_hz)
    lower, upper = max(0, trigger - near), min(last, trigger + near)
    core_from = max(0, trigger - samples_of(80.0, fs_hz))
    core = velocity[core_from : min(last, trigger + samples_of(80.0, fs_hz)) + 1]
    top = float(core.max())
    steep = np.flatnonzero(core > 0.35 * top) + core_from
    noise = float(np.percentile(velocity, 20.0))
    quiet = max(2, samples_of(QRS_QUIET_MS, fs_hz))
    onset_level = max(QRS_ONSET_SHARE * top, 1.5 * noise)
    offset_level = max(QRS_OFFSET_SHARE * top, 1.5 * noise)
    onset = _onset(velocity, int(steep[0]), lower, onset_level, top, fs_hz)
    offset = _quiet_edge(velocity, int(steep[-1]), 1, upper, offset_level, quiet)
    # On the top of a late R' (right bundle branch block) all is quiet, and QRS goes on.
    reach = min(upper, offset + samples_of(QRS_RESUME_MS, fs_hz))
    resumed = np.flatnonzero(velocity[offset : reach + 1] > max(QRS_RESUME_SHARE * top, 3 * noise))
    standing_uv = float(np.abs(smooth[:, offset] - smooth[:, onset]).max())
    if resumed.size and standing_uv >= QRS_RESUME_UV and len(median_uv) >= QRS_RESUME_LEADS:
        resumed_at = offset + int(resumed[-1])
        offset = _quiet_edge(velocity, resumed_at, 1, upper, offset_level, quiet)
    # One lead sees less of QRS than all: its ends are slower than their limits.
    unseen = samples_of(QRS_UNSEEN_MS / len(median_uv), fs_hz)
    return max(0, onset - unseen), min(last, offset + unseen)


def _component(segment: Array) -> Array:
    """Return the leads' weights in the first principal component, of norm 1, shape (n_leads,).

    What all leads share grows with the root of their number in it, as do the limits it meets.
    """
    centred = segment - segment.mean(axis=-1, keepdims=True)
    weights: Array = np.linalg.eigh(centred @ centred.T)[1][:, -1]
    return weights


def _upright(trace: Array, taper: Array | None = None) -> tuple[Array, int]:
    """Remove the line through the ends, make the main deflection positive, return its place.

    The main deflection is the highest times ``taper``.
    """
    line = np.linspace(trace[0], trace[-1], trace.size)
    level = trace - line
    peak = int(np.argmax(np.abs(level) * (1.0 if taper is None else taper)))
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
    smooth: Array, qrs_off: int, latest: float, usual_end: float, fs_hz: float
) -> tuple[int, int, int] | None:
    """Find T between QRS and ``latest``, where the next P may begin.

    Beyond ``usual_end``, the place of a long QT's end, a deflection counts for less: U waves and
    what is left of the baseline lie there. The begin of T has no corner; it is put a usual time
    before the half of its height.
    """
    start = qrs_off + samples_of(T_FROM_MS, fs_hz)
    stop = min(smooth.shape[-1] - 1, int(latest))
    if stop - start < samples_of(120.0, fs_hz):
        return None
    segment = smooth[:, start : stop + 1]
    late = np.arange(start, stop + 1) - usual_end
    taper = np.clip(1.0 - late / samples_of(T_LATE_MS, fs_hz), T_LATE_SHARE, 1.0)
    trace, peak = _upright(_component(segment) @ segment, taper)
    if trace[peak] < T_MIN_UV * np.sqrt(len(smooth)) or peak < 2 or peak > trace.size - 4:
        return None
    half = samples_of(T_HALF_MS, fs_hz)
    end = trapezium_end(trace, peak, min(trace.size - 1, peak + half))
    alone_ms = T_ALONE_MS / len(smooth)
    end = max(peak + 1, end - samples_of(T_END_BIAS_MS + alone_ms, fs_hz))
    lower = np.flatnonzero(trace[: peak + 1] < 0.5 * trace[peak])
    rise_ms = (peak - (int(lower[-1]) if lower.size else 0)) * 1000.0 / fs_hz
    begin = max(0, peak - samples_of(T_RISE_MS + 0.5 * alone_ms + T_RISE_SHARE * rise_ms, fs_hz))
    return start + begin, start + peak, start + end


def _p_wave(
    smooth: Array, beats: Array, qrs_on: int, rr: float, fs_hz: float
) -> tuple[int, int, int] | None:
    """Find P before QRS, where it stands above what differs from beat to beat.

    Fibrillation leaves a hump in a median of ten beats; but each beat then has another one.
    """
    stop = qrs_on - samples_of(P_TO_MS, fs_hz)
    reach = min(P_MAX_MS / 1000.0 * fs_hz, 0.42 * rr)
    start = max(0, int(qrs_on - reach))
    if stop - start < samples_of(70.0, fs_hz):
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
    late = min(trace.size - 1, peak + samples_of(P_AFTER_MS, fs_hz))
    early = max(0, peak - samples_of(P_BEFORE_MS, fs_hz))
    end = max(peak + 1, trapezium_end(trace, peak, late) - samples_of(P_END_BIAS_MS, fs_hz))
    back = trace[early : peak + 1][::-1]
    begin = peak - trapezium_end(back, 0, back.size - 1)
    return start + begin, start + peak, start + end


def fiducials_of(
    median_uv: Array, beats: Array, trigger: int, rr: float, fs_hz: float
) -> Fiducials:
    onset, offset = _qrs_bounds(median_uv, trigger, fs_hz)
    smooth = low_pass(median_uv, fs_hz, WAVE_LOW_PASS_HZ)
    p_wave = _p_wave(smooth, beats, onset, rr, fs_hz)
    rr_s = rr / fs_hz
    usual_end = trigger + T_USUAL_S * np.sqrt(rr_s) * fs_hz
    latest = trigger + T_TO_RR * rr + samples_of(T_BEYOND_MS, fs_hz)
    t_wave = None
    if p_wave is not None:
        next_p = p_wave[0] + rr - samples_of(T_BEFORE_P_MS, fs_hz)
        t_wave = _t_wave(smooth, offset, min(latest, next_p), usual_end, fs_hz)
    t_wave = t_wave or _t_wave(smooth, offset, latest, usual_end, fs_hz)
    magnitude = np.abs(median_uv[:, onset : offset + 1]).sum(axis=0)
    r_peak = onset + int(np.argmax(magnitude))
    p_on, p_peak, p_off = p_wave or (None, None, None)
    t_on, t_peak, t_off = t_wave or (None, None, None)
    return Fiducials(p_on, p_peak, p_off, onset, r_peak, offset, t_on, t_peak, t_off)
