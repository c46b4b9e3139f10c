"""Traces on paper: samples to millimetres, to the few points that the eye can tell apart."""

from dataclasses import dataclass
from itertools import pairwise

import numpy as np

from ecg.filters import Array
from ecg.signal import EcgSignal

LOSS_MM = 0.02
POINT_MM = 0.05


@dataclass(frozen=True)
class Trace:
    """One stretch of one lead in millimetres: y grows upwards from its baseline, NaN in gaps."""

    lead: str
    left_mm: float
    step_mm: float
    heights_mm: Array


def trace_of(
    signal: EcgSignal,
    lead: str,
    span_s: tuple[float, float],
    left_mm: float,
    speed_mm_s: float,
    gain_mm_mv: float,
) -> Trace:
    first, last = (round(edge * signal.fs_hz) for edge in span_s)
    samples = np.asarray(signal.samples_uv[signal.leads.index(lead), first:last], dtype=np.float64)
    level = float(np.nanmedian(samples)) if np.isfinite(samples).any() else 0.0
    heights = (samples - level) / 1000.0 * gain_mm_mv
    return Trace(lead, left_mm, speed_mm_s / signal.fs_hz, heights)


def _extremes(heights: Array, step_mm: float) -> tuple[Array, Array]:
    """Return positions (in samples) and heights, at most two points each `POINT_MM` of paper."""
    width = int(POINT_MM / step_mm)
    if width < 4:
        return np.arange(heights.size, dtype=np.float64), heights
    whole = heights[: heights.size // width * width].reshape(-1, width)
    full = np.where(np.isnan(whole), 0.0, whole)
    low, high = full.argmin(axis=1), full.argmax(axis=1)
    pairs = np.sort(np.stack([low, high], axis=1), axis=1) + np.arange(len(whole))[:, None] * width
    at = np.unique(pairs.ravel())
    return at.astype(np.float64), heights[at]


def _thinned(x: list[float], y: list[float]) -> list[int]:
    """Return which points to keep so that no dropped one lies `LOSS_MM` off the line drawn.

    The swinging door algorithm (Bristol, ISA Advances in Instrumentation 45:749-754, 1990).
    """
    kept, anchor, last = [0], 0, len(x) - 1
    upper, lower = np.inf, -np.inf
    for index in range(1, last + 1):
        run = x[index] - x[anchor]
        slope = (y[index] - y[anchor]) / run
        if not lower <= slope <= upper:
            anchor = index - 1
            kept.append(anchor)
            run = x[index] - x[anchor]
            upper, lower = np.inf, -np.inf
        upper = min(upper, (y[index] + LOSS_MM - y[anchor]) / run)
        lower = max(lower, (y[index] - LOSS_MM - y[anchor]) / run)
    if last > 0:
        kept.append(last)
    return kept


def path_data(trace: Trace, baseline_mm: float) -> str:
    """Return path data in hundredths of a millimetre, absolute start and relative steps."""
    at, heights = _extremes(trace.heights_mm, trace.step_mm)
    breaks = np.flatnonzero(np.isnan(heights))
    parts: list[str] = []
    for piece in np.split(np.arange(heights.size), breaks):
        inside = piece[np.isfinite(heights[piece])]
        if inside.size < 2:
            continue
        x = (at[inside] * trace.step_mm).tolist()
        y = heights[inside].tolist()
        keep = _thinned(x, y)
        points = [
            (round((trace.left_mm + x[k]) * 100), round((baseline_mm - y[k]) * 100)) for k in keep
        ]
        steps = "".join(
            f"{' ' if dx >= 0 else ''}{dx}{' ' if dy >= 0 else ''}{dy}"
            for dx, dy in ((b[0] - a[0], b[1] - a[1]) for a, b in pairwise(points))
        )
        parts.append(f"M{points[0][0]} {points[0][1]}l{steps.lstrip()}")
    return "".join(parts)
