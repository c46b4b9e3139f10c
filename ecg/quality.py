"""Signal quality of each lead from 0 to 1, and what is wrong with it.

A score is the product of ramps, each from 1 (no objection) to 0 (useless). The quantities are
those of Clifford et al. (Physiol Meas 33:1419-1433, 2012): flat line, saturation, mains, wander,
noise and whether beats stand out; the ramps' ends are ours.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

import numpy as np
import scipy
from numpy.typing import NDArray

from ecg.duplicates import repeated
from ecg.filters import Array, smoothed

USABLE = 0.3
GOOD = 0.5
LOOK_S = 30.0

MAINS_HZ = (50.0, 60.0)
MAINS_LOOKS = 5
FLAT_UV = 12.0
DEAD_UV = 2.0
DEAD_REACH_S = 0.1
SATURATED_RUN_MS = 24.0
RAIL_SHARE = 0.2
IMPLAUSIBLE_QRS_UV = 20_000.0
TINY_QRS_UV = 40.0
EINTHOVEN_UV = 150.0

GAP_RAMP = (0.05, 0.5)
SATURATED_RAMP = (0.002, 0.05)
MAINS_RAMP = (0.15, 0.8)
WANDER_UV_RAMP = (800.0, 4000.0)
NOISE_RAMP = (0.06, 0.3)
FLOOR_RAMP = (0.3, 0.45)
GAIN_UV_RAMP = (4500.0, 5500.0)
REPEAT_RAMP = (0.85, 0.6)
REPEAT_LAGS_S = (0.5, 1.5)


class LeadProblem(StrEnum):
    """What lowers a lead's score."""

    GAP = "gap"
    FLAT = "flat"
    SATURATED = "saturated"
    MAINS = "mains"
    WANDER = "wander"
    NOISE = "noise"
    NO_BEATS = "no_beats"
    IMPLAUSIBLE_GAIN = "implausible_gain"
    DUPLICATE = "duplicate"


@dataclass(frozen=True)
class LeadQuality:
    """One lead's score and problems.

    Attributes
    ----------
    score
        0 (useless) to 1 (no objection).
    problems
        Each quantity whose own ramp fell below 0.5, the worst first.
    """

    score: float
    problems: tuple[LeadProblem, ...]


def _ramp(values: Array, ends: tuple[float, float]) -> Array:
    """Fall linearly from 1 at the first end to 0 at the second."""
    good, bad = ends
    return np.clip((bad - values) / (bad - good), 0.0, 1.0)


def _pieces(samples: Array, width: int) -> Array:
    """Cut (n_leads, n) into (n_leads, count, width), the rest left out."""
    count = samples.shape[-1] // width
    return samples[:, : count * width].reshape(len(samples), count, width)


def _saturated_share(samples: Array, width: int) -> Array:
    """Return the share of each lead's samples that stay at its extremes for ``width`` or more."""
    share = np.zeros(len(samples))
    middle, swing = np.median(samples, axis=-1), np.ptp(samples, axis=-1)
    for extreme in (samples.max(axis=-1), samples.min(axis=-1)):
        # A quiet baseline may lie at an extreme for long; a rail lies away from it.
        rail = np.where(np.abs(extreme - middle) > RAIL_SHARE * swing, extreme, np.nan)
        stuck = samples == rail[:, np.newaxis]
        if float(stuck.mean()) * samples.shape[-1] <= width:
            continue
        rows = np.flatnonzero(stuck.sum(axis=-1) > width)
        runs = scipy.ndimage.uniform_filter1d(
            stuck[rows].astype(np.float64), width, axis=-1, mode="constant"
        )
        share[rows] += (runs > 1.0 - 0.5 / width).mean(axis=-1) * width / 2.0
    return share


def mains_uv(samples_uv: Array, fs_hz: float) -> Array:
    """Return the amplitudes of 50 and 60 Hz, shape (n_leads, 2), the median over the seconds."""
    seconds = _pieces(samples_uv, max(1, round(fs_hz)))
    seconds = seconds[:, :: max(1, seconds.shape[1] // MAINS_LOOKS)]
    if seconds.shape[1] == 0 or fs_hz < 130.0:
        return np.zeros((len(samples_uv), len(MAINS_HZ)))
    length = seconds.shape[-1]
    time = np.arange(length) / fs_hz
    window = np.hanning(length)
    waves = np.exp(-2j * np.pi * np.outer(time, MAINS_HZ)) * window[:, np.newaxis]
    level = seconds.mean(axis=-1, keepdims=True)
    amplitude = np.abs(seconds @ waves - level * waves.sum(axis=0)) * 4.0 / length
    return np.asarray(np.median(amplitude, axis=1), dtype=np.float64)


def _beats_seen(samples: Array, floor: Array, fs_hz: float) -> Array:
    """Return how surely there are beats: quiet between them, or the same again and again.

    A fast or wide rhythm (ventricular tachycardia) leaves no quiet; but it repeats itself, by
    autocorrelation over `REPEAT_LAGS_S`, where noise and fibrillation do not.
    """
    seen = _ramp(floor, FLOOR_RAMP)
    lower, upper = (round(lag * fs_hz) for lag in REPEAT_LAGS_S)
    if samples.shape[-1] < 2 * upper:
        return seen
    for row in np.flatnonzero((seen < 0.5) & (floor < 1.0)):
        trace = samples[row] - samples[row].mean()
        power = np.abs(np.fft.rfft(trace, 2 * trace.size)) ** 2
        again = np.fft.irfft(power)[: upper + 1] / np.arange(trace.size, trace.size - upper - 1, -1)
        repeat = float(again[lower:].max() / max(again[0], 1e-9))
        seen[row] = max(seen[row], float(_ramp(np.array(repeat), REPEAT_RAMP)))
    return seen


def _swings_uv(samples_uv: Array, fs_hz: float) -> Array:
    """Return each second's range, shape (n_leads, n_seconds)."""
    width = min(samples_uv.shape[-1], max(1, round(fs_hz)))
    return np.asarray(np.ptp(_pieces(samples_uv, width), axis=-1), dtype=np.float64)


def _gain_ramp(waves_uv: Array, fs_hz: float) -> Array:
    """Object to all leads where most have beats larger than any heart's, shape (n_leads,).

    Of 467 twelve-lead ECGs the lead in the middle has at most 4.4 mV; a tenfold gain gives 97 % of
    them more than 5 mV. One or two leads may lie over a large heart and say nothing.
    """
    middle_uv = np.median(np.percentile(_swings_uv(waves_uv, fs_hz), 80.0, axis=-1))
    ramp = _ramp(np.array(middle_uv if len(waves_uv) > 2 else 0.0), GAIN_UV_RAMP)
    return np.full(len(waves_uv), float(ramp))


def _ramps(
    samples_uv: Array, missing: Array, floor: Array, swing_uv: Array, fs_hz: float
) -> dict[LeadProblem, Array]:
    """Return each objection's ramp for every lead, shape (n_leads,)."""
    second = max(1, round(fs_hz))
    smooth = smoothed(samples_uv, fs_hz, 35.0)
    rest = samples_uv - smooth
    noise = np.median(_pieces(rest, max(2, round(0.05 * fs_hz))).std(axis=-1), axis=-1)
    slow = scipy.ndimage.uniform_filter1d(samples_uv, second, axis=-1)
    wander = np.ptp(slow, axis=-1)
    mains = mains_uv(samples_uv, fs_hz).max(axis=-1)
    stuck = _saturated_share(samples_uv, max(3, round(SATURATED_RUN_MS / 1000.0 * fs_hz)))
    scale = np.maximum(swing_uv, TINY_QRS_UV)
    return {
        LeadProblem.GAP: _ramp(missing, GAP_RAMP),
        LeadProblem.SATURATED: _ramp(stuck, SATURATED_RAMP),
        LeadProblem.MAINS: _ramp(2.0 * mains / scale, MAINS_RAMP),
        LeadProblem.WANDER: _ramp(wander, WANDER_UV_RAMP),
        LeadProblem.NOISE: _ramp(noise / scale, NOISE_RAMP),
        LeadProblem.NO_BEATS: _beats_seen(smooth - slow, floor, fs_hz),
        LeadProblem.IMPLAUSIBLE_GAIN: _gain_ramp(smooth - slow, fs_hz),
    }


def _verdict(
    swing_uv: float, highest_uv: float, missing: float, ramps: dict[LeadProblem, float]
) -> LeadQuality:
    if swing_uv < FLAT_UV:
        return LeadQuality(0.0, (LeadProblem.FLAT if missing < 0.5 else LeadProblem.GAP,))
    if highest_uv < TINY_QRS_UV or swing_uv > IMPLAUSIBLE_QRS_UV:
        return LeadQuality(0.0, (LeadProblem.IMPLAUSIBLE_GAIN,))
    worst = sorted(ramps, key=lambda problem: ramps[problem])
    score = float(np.prod(list(ramps.values())))
    return LeadQuality(round(score, 3), tuple(each for each in worst if ramps[each] < 0.5))


def assess(
    samples_uv: Array, leads: Sequence[str], missing: Array, floor: Array, fs_hz: float
) -> tuple[LeadQuality, ...]:
    """Score every lead on at most `LOOK_S` seconds.

    Parameters
    ----------
    samples_uv
        Microvolts without NaN, shape (n_leads, n_samples).
    leads
        One name a row.
    missing
        Share of each lead's samples that were NaN, shape (n_leads,).
    floor
        `ecg.beats.Envelope.lead_floor`, shape (n_leads,).
    fs_hz
        Sampling rate.

    Returns
    -------
    tuple of LeadQuality
        In the order of the leads. A lead that repeats another scores 0 (the first too: which of
        them is right cannot be known).
    """
    look = samples_uv[:, : max(1, round(LOOK_S * fs_hz))]
    swings = _swings_uv(look, fs_hz)
    swing_uv = np.percentile(swings, 80.0, axis=-1)
    lost = np.maximum(missing, (swings < DEAD_UV).mean(axis=-1))
    ramps = _ramps(look, lost, floor, swing_uv, fs_hz)
    scored = [
        _verdict(
            float(swing_uv[row]),
            float(swing_uv.max()),
            float(missing[row]),
            {problem: float(values[row]) for problem, values in ramps.items()},
        )
        for row in range(len(look))
    ]
    for row in np.flatnonzero(repeated(look, leads)):
        if scored[row].score > 0.0:
            scored[row] = LeadQuality(0.0, (LeadProblem.DUPLICATE,))
    return tuple(scored)


def einthoven_residual_uv(samples_uv: Array, leads: tuple[str, ...], fs_hz: float) -> float | None:
    """Return the 99th percentile of abs(I + III - II), or None where a lead is absent.

    Limb leads recorded together obey I + III = II (Einthoven 1912); an excess means that they are
    not, or that one of them is mislabelled.
    """
    if not {"I", "II", "III"} <= set(leads):
        return None
    one, two, three = (samples_uv[leads.index(name)] for name in ("I", "II", "III"))
    rest = smoothed(one + three - two, fs_hz, 25.0)
    return float(np.percentile(np.abs(rest - np.median(rest)), 99.0))


def alive_ms(samples_uv: NDArray[np.floating[Any]], fs_hz: float) -> float:
    """Return for how long any lead moved: neither missing nor the same value for 0.1 s and more.

    Tells a pause of the heart, in which amplifiers still hiss, from an unplugged cable.
    """
    steps = np.nan_to_num(np.abs(np.diff(samples_uv, axis=-1))).max(axis=0) > 0.0
    reach = 2 * round(DEAD_REACH_S * fs_hz) + 1
    moving = scipy.ndimage.maximum_filter1d(steps.astype(np.uint8), reach)
    return float(moving.sum()) / fs_hz * 1000.0
