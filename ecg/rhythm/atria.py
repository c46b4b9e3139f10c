"""What the atria do between the QRS complexes: does a wave repeat at the rate of flutter."""

from dataclasses import dataclass

import numpy as np

from ecg.delineate import Delineation
from ecg.filters import Array, band_pass, decimate

ATRIAL_FS_HZ = 120.0
BAND_HZ = (3.0, 12.0)
FLUTTER_LEADS = ("II", "III", "aVF", "V1")
LAGS_S = (0.18, 0.305)
QRS_BEFORE_MS = 15.0
QRS_AFTER_MS = 20.0
UNKNOWN_QRS_MS = (-60.0, 80.0)
WIDEST_QRS_MS = (-60.0, 70.0)
SAME_LAG_S = 0.017
LOOK_S = 20.0


@dataclass(frozen=True)
class Flutter:
    """The wave that repeats in two leads or more.

    Attributes
    ----------
    likeness
        Second highest autocorrelation among the leads, 1 for a perfect repeat.
    period_ms
        Its lag.
    swing_uv
        Root mean square of that wave in the lead.
    leads
        Those that agree.
    """

    likeness: float
    period_ms: float
    swing_uv: float
    leads: tuple[str, ...]


def _repeats(trace: Array, seen: Array, fs_hz: float) -> tuple[Array, Array]:
    """Return normalised autocorrelations up to the longest lag, gaps left out, and RMS a lead."""
    longest = round(LAGS_S[1] * fs_hz) + 2
    size = 1 << int(np.ceil(np.log2(trace.shape[-1] + longest)))
    power = np.abs(np.fft.rfft(trace * seen, size)) ** 2
    pairs = np.fft.irfft(np.abs(np.fft.rfft(seen, size)) ** 2, size)[:longest]
    sums = np.fft.irfft(power, size)[:, :longest] / np.maximum(pairs, 1.0)
    return sums / np.maximum(sums[:, :1], 1e-9), np.sqrt(np.maximum(sums[:, 0], 0.0))


def flutter_of(
    samples_uv: Array, names: tuple[str, ...], found: Delineation, fs_hz: float
) -> Flutter | None:
    """Look for a wave of 200-350 a minute that goes on under and between the QRS complexes.

    Parameters
    ----------
    samples_uv
        Microvolts, shape (n_leads, n_samples), no NaN; the first `LOOK_S` seconds are used.
    names
        Of the leads.
    found
        Delineation of the same samples.
    fs_hz
        Sampling rate.

    Notes
    -----
    QRS complexes are bridged by straight lines and left out of the sums, so that a wave locked to
    them (2:1 conduction) is not subtracted with them. Flutter may be taken for a wide QRS: what is
    bridged is held to `WIDEST_QRS_MS`.
    """
    factor = max(1, int(fs_hz // ATRIAL_FS_HZ))
    hz = fs_hz / factor
    rows = [row for row, name in enumerate(names) if name in FLUTTER_LEADS] or list(
        range(min(3, len(names)))
    )
    trace = decimate(samples_uv[rows, : round(LOOK_S * fs_hz)], factor)
    count = trace.shape[-1]
    if count < 3.0 * hz:
        return None
    seen = np.ones(count)
    for trigger, number in zip(found.triggers, found.class_of, strict=True):
        if number >= 0:
            marks = found.classes[number].fiducials
            begin = max(marks.qrs_on - found.before, round(WIDEST_QRS_MS[0] / 1000.0 * fs_hz))
            end = min(marks.qrs_off - found.before, round(WIDEST_QRS_MS[1] / 1000.0 * fs_hz))
        else:
            begin, end = (round(each / 1000.0 * fs_hz) for each in UNKNOWN_QRS_MS)
        lower = (trigger + begin - QRS_BEFORE_MS / 1000.0 * fs_hz) / factor
        upper = (trigger + end + QRS_AFTER_MS / 1000.0 * fs_hz) / factor
        seen[max(0, int(lower)) : max(0, int(upper))] = 0.0
    known = np.flatnonzero(seen)
    if known.size < count // 4:
        return None
    at = np.arange(count)
    bridged = np.stack([np.interp(at, known, row[known]) for row in trace])
    again, swing = _repeats(band_pass(bridged, hz, *BAND_HZ), seen, hz)
    low, high = round(LAGS_S[0] * hz), round(LAGS_S[1] * hz)
    peaks = low + np.argmax(again[:, low : high + 1], axis=1)
    best: list[tuple[float, int, int]] = []
    for row, lag in enumerate(peaks):
        top = again[row, lag]
        if top >= again[row, lag - 1] and top >= again[row, lag + 1]:
            best.append((float(top), int(lag), row))
    best.sort(reverse=True)
    for _, lag, _ in best:
        agree = [each for each in best if abs(each[1] - lag) <= SAME_LAG_S * hz + 1]
        if len(agree) >= min(2, len(rows)):
            like, own_lag, row = agree[min(1, len(agree) - 1)]
            return Flutter(
                round(min(like, 1.0), 3),
                round(own_lag / hz * 1000.0, 1),
                round(float(swing[row]), 1),
                tuple(names[rows[each]] for _, _, each in agree),
            )
    return None
