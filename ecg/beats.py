"""QRS detection from one lead or many, with one fused decision function.

Method
------
Each lead is averaged down to 120 Hz or a little more, band-passed 8-24 Hz without phase shift, and
turned into a 130 ms RMS envelope. The envelope is divided by a reference, so that a QRS complex
stands near 1 whatever the gain: the running median of its 1 s maxima, or 0.45 of that of its 3 s
maxima where that is more, so that a slow heart keeps its own scale. Leads are added with weight
``(0.5 - mean envelope)**4``: a clean lead is low between its beats, a noisy one is not; and again
by how low it is in the two seconds at hand, so that a burst of noise counts less than the lead that
is spared. A lead that moves in less than a third of the seconds takes no part beside one that does:
it is dead but for a click. Peaks of the sum are accepted above 0.46; where a beat is overdue they
are searched again above 0.24; a peak within 360 ms after a larger one is a T wave unless it reaches
0.6 of it, one within 250 ms before a larger one a P wave unless it reaches 0.65.
`ecg.second_look` then compares every peak with what usually stands around a beat.

The band follows Elgendi et al. (PLoS ONE 8(9):e73557, 2013), the search-back and the T wave guard
Pan and Tompkins (IEEE Trans Biomed Eng 32:230-236, 1985); normalising and fusing are ours.
"""

from dataclasses import dataclass
from typing import Any

import numpy as np
import scipy
from numpy.typing import NDArray

from ecg.filters import Array, band_pass, decimate, fill_gaps, running_median, running_rms
from ecg.second_look import MIN_BEATS, looked_again, plausible, surroundings

WORK_FS_HZ = 120.0
BAND_HZ = (8.0, 24.0)
ENVELOPE_MS = 130.0
REFERENCE_WINDOW_S = 1.0
REFERENCE_MAXIMA = 5
SLOW_WINDOW_S = 3.0
SLOW_SHARE = 0.45
REST_PERCENTILE = 75.0
REST_SHARE = 0.2
ACCEPT = 0.46
SEARCH_BACK = 0.24
OVERDUE_RR = 1.4
RR_MEDIAN = 21
SEARCH_ROUNDS = 5
REFRACTORY_MS = 200.0
T_GUARD_MS = 360.0
T_GUARD_RATIO = 0.6
P_GUARD_MS = 250.0
P_GUARD_RATIO = 0.65
LOCAL_S = 2.0
LOCAL_PERCENTILE = 40.0
LOCAL_EVERY = 3
FLOOR_UV = 8.0
LIVE_SHARE = 0.3
BLOCK_S = 600.0
MARGIN_S = 15.0


@dataclass(frozen=True)
class Envelope:
    """The fused decision function and what it was made of.

    Attributes
    ----------
    fused
        Dimensionless, near 1 at QRS complexes, at ``fs_hz``.
    fs_hz
        Its sampling rate: the signal's divided by ``factor``.
    factor
        Input samples a fused sample.
    lead_floor
        20th percentile of each lead's own normalised envelope, shape (n_leads,): what stands
        between its beats. Near 0.1 in a clean lead, above 0.35 in noise, 1 where all is flat.
    """

    fused: Array
    fs_hz: float
    factor: int
    lead_floor: Array


def _reference(envelope: Array, fs_hz: float, window_s: float) -> Array:
    """Return the running median of the maxima of windows, at every sample, (n_leads, n)."""
    window = max(1, round(window_s * fs_hz))
    count = max(1, envelope.shape[-1] // window)
    edges = np.linspace(0, envelope.shape[-1], count + 1).astype(np.int64)[:-1]
    maxima = np.maximum.reduceat(envelope, edges, axis=-1)
    reference = running_median(maxima, min(REFERENCE_MAXIMA, 2 * (count // 2) + 1))
    centres = edges + window / 2.0
    at = np.arange(envelope.shape[-1])
    return np.stack([np.interp(at, centres, row) for row in reference])


def _lively(envelope: Array, fs_hz: float) -> NDArray[np.bool_]:
    """Return which leads move in `LIVE_SHARE` of the seconds; all of them where none does."""
    count = max(1, round(envelope.shape[-1] / fs_hz))
    edges = np.linspace(0, envelope.shape[-1], count + 1).astype(np.int64)[:-1]
    share = (np.maximum.reduceat(envelope, edges, axis=-1) > FLOOR_UV).mean(axis=-1)
    lively: NDArray[np.bool_] = share >= LIVE_SHARE
    return lively if lively.any() else np.ones_like(lively)


def _normalised(block: Array, fs_hz: float) -> Array:
    """Return each lead's envelope over its own reference, (n_leads, n); flat leads give 0."""
    filtered = band_pass(block, fs_hz, *BAND_HZ)
    envelope = running_rms(filtered, max(1, round(ENVELOPE_MS / 1000.0 * fs_hz)))
    spread = np.maximum(
        _reference(envelope, fs_hz, REFERENCE_WINDOW_S),
        SLOW_SHARE * _reference(envelope, fs_hz, SLOW_WINDOW_S),
    )
    usual = np.percentile(spread, REST_PERCENTILE, axis=-1, keepdims=True)
    spread = np.maximum(spread, REST_SHARE * usual)
    alive = (spread > FLOOR_UV) & _lively(envelope, fs_hz)[:, np.newaxis]
    return np.where(alive, np.minimum(envelope / np.maximum(spread, FLOOR_UV), 3.0), 0.0)


def _calm(normal: Array, fs_hz: float) -> Array:
    """Return how low each lead stands over `LOCAL_S`, 0 (never) to 0.125, shape (n_leads, n)."""
    count = max(1, round(normal.shape[-1] / fs_hz / LOCAL_S))
    width = normal.shape[-1] // count
    pieces = normal[:, : count * width].reshape(len(normal), count, width)[:, :, ::LOCAL_EVERY]
    level = np.percentile(pieces, LOCAL_PERCENTILE, axis=-1)
    centres, at = (np.arange(count) + 0.5) * width, np.arange(normal.shape[-1])
    calm = np.maximum(0.5 - level, 0.02) ** 3
    return np.stack([np.interp(at, centres, row) for row in calm])


def _fuse(normal: Array, fs_hz: float) -> Array:
    """Add leads by cleanliness, over all and over the seconds at hand; return the sum, (n,)."""
    if len(normal) == 1:
        alone: Array = normal[0]
        return alone
    mean = normal.mean(axis=-1, keepdims=True)
    weights = np.where(mean > 0.0, np.maximum(0.5 - mean, 0.01) ** 4, 0.0)
    weights = weights * _calm(normal, fs_hz)
    total = weights.sum(axis=0)
    fused: Array = (weights * normal).sum(axis=0) / np.maximum(total, 1e-30)
    return fused


def qrs_envelope(samples_uv: NDArray[np.floating[Any]], fs_hz: float) -> Envelope:
    """Compute the fused QRS decision function in blocks of ten minutes.

    Parameters
    ----------
    samples_uv
        Microvolts, shape (n_leads, n_samples); NaN allowed.
    fs_hz
        Sampling rate.

    Returns
    -------
    Envelope
        Memory stays bounded by one block and the fused row, whatever the length.
    """
    factor = max(1, int(fs_hz / WORK_FS_HZ))
    work_hz = fs_hz / factor
    block, margin = round(BLOCK_S * work_hz), round(MARGIN_S * work_hz)
    total = samples_uv.shape[-1] // factor
    fused = np.zeros(total)
    floor = np.zeros(samples_uv.shape[0])
    for start in range(0, total, block):
        stop = min(total, start + block)
        lower, upper = max(0, start - margin), min(total, stop + margin)
        rows = decimate(fill_gaps(samples_uv[:, lower * factor : upper * factor]), factor)
        normal = _normalised(rows, work_hz)
        fused[start:stop] = _fuse(normal, work_hz)[start - lower : stop - lower]
        quiet = np.where(normal.any(axis=-1), np.percentile(normal, 20.0, axis=-1), 1.0)
        floor += quiet * (stop - start) / total
    return Envelope(fused, work_hz, factor, floor)


def _candidates(fused: Array, fs_hz: float) -> NDArray[np.int64]:
    """Return local maxima above the search-back level, the highest within the refractory time."""
    width = 2 * round(REFRACTORY_MS / 2000.0 * fs_hz) + 1
    top = scipy.ndimage.maximum_filter1d(fused, width, mode="constant")
    peaks = np.flatnonzero((fused == top) & (fused > SEARCH_BACK))
    if peaks.size == 0:
        return peaks
    kept: NDArray[np.int64] = peaks[np.concatenate([[True], np.diff(peaks) > 1])]
    return kept


def _guarded(peaks: list[int], fused: Array, fs_hz: float) -> list[int]:
    """Drop the lower of two peaks too near each other, T waves after their QRS, P before it."""
    refractory, guard = REFRACTORY_MS / 1000.0 * fs_hz, T_GUARD_MS / 1000.0 * fs_hz
    kept: list[int] = []
    for peak in peaks:
        if kept:
            gap, before = peak - kept[-1], fused[kept[-1]]
            if gap < guard and fused[peak] < T_GUARD_RATIO * before:
                continue
            if gap < refractory:
                if fused[peak] > before:
                    kept[-1] = peak
                continue
            if gap < P_GUARD_MS / 1000.0 * fs_hz and before < P_GUARD_RATIO * fused[peak]:
                kept[-1] = peak
                continue
        kept.append(peak)
    return kept


def _searched_back(
    kept: list[int], candidates: NDArray[np.int64], fused: Array, fs_hz: float
) -> list[int]:
    """Insert the highest rejected peak wherever the next beat is overdue."""
    guard, refractory = T_GUARD_MS / 1000.0 * fs_hz, REFRACTORY_MS / 1000.0 * fs_hz
    for _ in range(SEARCH_ROUNDS):
        if len(kept) < 3:
            return kept
        intervals = np.diff(kept).astype(np.float64)
        usual = running_median(intervals, min(RR_MEDIAN, 2 * (len(intervals) // 2) + 1))
        found: list[int] = []
        for index in np.flatnonzero(intervals > OVERDUE_RR * usual):
            lower = np.searchsorted(candidates, kept[index] + guard, side="right")
            upper = np.searchsorted(candidates, kept[index + 1] - refractory)
            if lower < upper:
                inside = candidates[lower:upper]
                found.append(int(inside[np.argmax(fused[inside])]))
        if not found:
            return kept
        kept = sorted(kept + found)
    return kept


def peaks_of(envelope: Envelope) -> NDArray[np.int64]:
    """Pick beats from the decision function, as indices into it."""
    fused, fs_hz = envelope.fused, envelope.fs_hz
    candidates = _candidates(fused, fs_hz)
    strong = [int(peak) for peak in candidates[fused[candidates] > ACCEPT]]
    kept = _guarded(strong, fused, fs_hz)
    if len(kept) < MIN_BEATS:
        return np.array(_searched_back(kept, candidates, fused, fs_hz), dtype=np.int64)
    sure = np.array(kept, dtype=np.int64)
    around = surroundings(sure, fused, fs_hz)
    overdue = plausible(candidates, sure, around, fused, fs_hz)
    beats = np.array(_searched_back(kept, overdue, fused, fs_hz), dtype=np.int64)
    return looked_again(beats, candidates, around, fused, fs_hz)


def detect_beats(samples_uv: NDArray[np.floating[Any]], fs_hz: float) -> NDArray[np.int64]:
    """Find every QRS complex.

    Parameters
    ----------
    samples_uv
        Microvolts, shape (n_leads, n_samples) or (n_samples,); NaN where nothing was recorded.
    fs_hz
        Sampling rate.

    Returns
    -------
    ndarray of int64
        Sample indices at ``fs_hz``, ascending: the centre of each complex's energy, within about
        40 ms of its largest deflection.
    """
    samples = np.atleast_2d(samples_uv)
    if samples.shape[-1] < fs_hz:
        return np.empty(0, dtype=np.int64)
    envelope = qrs_envelope(samples, fs_hz)
    return peaks_of(envelope) * envelope.factor + (envelope.factor - 1) // 2
