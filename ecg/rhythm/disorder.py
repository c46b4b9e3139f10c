"""Ventricular fibrillation and flutter: a wave without order or rest where QRS should be.

Read before beats are trusted: a detector finds "beats" in fibrillation too. The quantities are
those of Amann, Tratnig and Unterkofler (BioMedical Engineering OnLine 4:60, 2005): the VF filter
leakage of Kuo and Dillman, and the spectrum's first moment and band after Barro et al.
"""

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ecg.critical import CRITICAL_LIST
from ecg.filters import Array, band_pass, decimate, fill_gaps
from ecg.findings import Evidence, Finding, FindingCode, Severity

WORK_FS_HZ = 120.0
BAND_HZ = (0.8, 30.0)
PIECE_S = 4.0
STEP_S = 2.0
PEAK_HZ = (2.2, 9.0)
MIN_SWING_UV = 150.0
MAX_LEAKAGE = 0.45
MIN_BAND_SHARE = 0.6
MAX_REST_SHARE = 0.3
REST_LEVEL = 0.15
MIN_LEADS_SHARE = 0.6
MAX_LEADS = 5
BLOCK_S = 120.0

SOURCE = "Amann et al., BioMed Eng OnLine 4:60, 2005 (VF filter leakage, rest, band)"


@dataclass(frozen=True)
class Disorder:
    """The longest disordered stretch.

    Attributes
    ----------
    lasts_s
        Its length.
    peak_hz
        Dominant frequency, the median over its pieces and leads.
    leakage
        Median VF filter leakage, near 0 for a sine wave, above 0.6 for QRS complexes.
    """

    lasts_s: float
    peak_hz: float
    leakage: float


def _leakage(piece: Array, fs_hz: float, peak_hz: Array) -> Array:
    """Return the share a half-period notch lets through, shape (n_leads,)."""
    leaks = np.empty(len(piece))
    for row, frequency in enumerate(peak_hz):
        half = max(1, round(fs_hz / frequency / 2.0))
        now, then = piece[row, half:], piece[row, :-half]
        leaks[row] = np.abs(now + then).sum() / max(float((np.abs(now) + np.abs(then)).sum()), 1e-9)
    return leaks


def _disordered(piece: Array, fs_hz: float) -> tuple[bool, float, float]:
    """Judge one piece: whether, dominant frequency, leakage."""
    low, high = np.percentile(piece, (2.0, 98.0), axis=-1)
    swing = high - low
    rest = (np.abs(piece) < REST_LEVEL * swing[:, np.newaxis] / 2.0).mean(axis=-1)
    if float(((rest <= MAX_REST_SHARE) & (swing >= MIN_SWING_UV)).mean()) < MIN_LEADS_SHARE:
        return False, 0.0, 1.0
    window = np.hanning(piece.shape[-1])
    power = np.abs(np.fft.rfft(piece * window, 4 * piece.shape[-1], axis=-1)) ** 2
    frequency = np.fft.rfftfreq(4 * piece.shape[-1], 1.0 / fs_hz)
    peak_hz = frequency[np.argmax(power, axis=-1)]
    near = np.abs(frequency - peak_hz[:, np.newaxis]) <= 0.5 * peak_hz[:, np.newaxis]
    band = (power * near).sum(axis=-1) / np.maximum(power.sum(axis=-1), 1e-9)
    leaks = _leakage(piece, fs_hz, np.clip(peak_hz, *PEAK_HZ))
    said = (
        (peak_hz >= PEAK_HZ[0])
        & (peak_hz <= PEAK_HZ[1])
        & (swing >= MIN_SWING_UV)
        & (band >= MIN_BAND_SHARE)
        & (rest <= MAX_REST_SHARE)
        & (leaks <= MAX_LEAKAGE)
    )
    agree = bool(said.mean() >= MIN_LEADS_SHARE)
    if not agree:
        return False, 0.0, 1.0
    return True, float(np.median(peak_hz[said])), float(np.median(leaks[said]))


def disorder_of(samples_uv: Array, fs_hz: float) -> Disorder | None:
    """Find the longest stretch that looks like ventricular fibrillation or flutter, if any.

    Parameters
    ----------
    samples_uv
        Microvolts, shape (n_leads, n_samples), no NaN.
    fs_hz
        Sampling rate.
    """
    factor = max(1, int(fs_hz // WORK_FS_HZ))
    hz = fs_hz / factor
    work = decimate(samples_uv, factor)
    length, step = round(PIECE_S * hz), round(STEP_S * hz)
    if work.shape[-1] < length:
        return None
    work = band_pass(work, hz, *BAND_HZ)
    judged = [
        _disordered(work[:, start : start + length], hz)
        for start in range(0, work.shape[-1] - length + 1, step)
    ]
    best: list[tuple[bool, float, float]] = []
    now: list[tuple[bool, float, float]] = []
    for each in judged:
        now = [*now, each] if each[0] else []
        if len(now) > len(best):
            best = now
    if not best:
        return None
    lasts = PIECE_S + STEP_S * (len(best) - 1)
    return Disorder(
        lasts,
        round(float(np.median([each[1] for each in best])), 2),
        round(float(np.median([each[2] for each in best])), 3),
    )


def disorder_findings(found: Disorder | None) -> list[Finding]:
    """Report suspected ventricular fibrillation or flutter."""
    if found is None:
        return []
    evidence = Evidence(
        "vf_filter_leakage",
        found.leakage,
        None,
        f"<= {MAX_LEAKAGE:g} for {PIECE_S:g} s at {PEAK_HZ[0]:g}-{PEAK_HZ[1]:g} Hz",
    )
    code = FindingCode.VENTRICULAR_FIBRILLATION
    return [Finding(code, Severity.RED, evidence, f"{SOURCE}; {CRITICAL_LIST}")]


def longest_disorder(samples_uv: NDArray[np.floating[Any]], fs_hz: float) -> Disorder | None:
    """Look through a recording of any length, `BLOCK_S` at a time; gaps are bridged.

    At most `MAX_LEADS` leads spread over the recording's are looked at.
    """
    rows = np.unique(np.linspace(0, len(samples_uv) - 1, MAX_LEADS).astype(np.int64))
    block = round(BLOCK_S * fs_hz)
    found = [
        disorder_of(fill_gaps(samples_uv[rows, start : start + block]), fs_hz)
        for start in range(0, samples_uv.shape[-1], block)
    ]
    return max((each for each in found if each), key=lambda each: each.lasts_s, default=None)
