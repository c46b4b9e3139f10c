"""Pacing spikes in the signal at its own rate, and the beats they begin."""

from dataclasses import dataclass

import numpy as np
import scipy
from numpy.typing import NDArray

from ecg.filters import Array
from ecg.findings import AHA_2009, Evidence, Finding, FindingCode, Qualifier, Severity
from ecg.rhythm.labels import BeatLabel

MIN_SPIKE_FS_HZ = 240.0
SPIKE_MS = 4.0
SPIKE_UV = 120.0
SPIKE_OVER_USUAL = 5.0
USUAL_PERCENTILE = 98.0
APART_MS = 50.0
MAX_PER_S = 8.0
VENTRICULAR_MS = (-150.0, -18.0)
ATRIAL_MS = (-320.0, -150.0)
MIN_BEATS = 3
MIN_SHARE = 0.25

SOURCE = f"{AHA_2009} part II; spikes of 120 uV and more before QRS or P"


@dataclass(frozen=True)
class Pacing:
    """Which beats follow a spike before QRS, and before P, each of shape (n_beats,)."""

    ventricular: NDArray[np.bool_]
    atrial: NDArray[np.bool_]


def spikes_of(samples_uv: Array, fs_hz: float) -> NDArray[np.int64]:
    """Return the samples of pacing spikes, ascending; none below `MIN_SPIKE_FS_HZ`.

    A sample sticks out by the smaller of the steps from 4 ms before and to 4 ms after, where both
    have one sign, root mean square over leads: a spike of 1-2 ms by its height, the R peak by the
    square of the reach, which the limit therefore grows with at low rates.
    """
    if fs_hz < MIN_SPIKE_FS_HZ or samples_uv.shape[-1] < fs_hz:
        return np.empty(0, dtype=np.int64)
    reach = max(1, int(np.ceil(SPIKE_MS / 1000.0 * fs_hz)))
    middle = samples_uv[:, reach:-reach]
    left, right = middle - samples_uv[:, : -2 * reach], middle - samples_uv[:, 2 * reach :]
    out = np.where(left * right > 0.0, np.minimum(np.abs(left), np.abs(right)), 0.0)
    jump = np.pad(np.sqrt((out * out).mean(axis=0)), reach)
    wider = max(1.0, reach / fs_hz * 1000.0 / SPIKE_MS) ** 2
    usual = float(np.percentile(jump, USUAL_PERCENTILE))
    limit = max(SPIKE_UV * wider, SPIKE_OVER_USUAL * usual)
    high = np.flatnonzero(jump > limit)
    if high.size == 0:
        return np.empty(0, dtype=np.int64)
    top = scipy.ndimage.maximum_filter1d(jump, 2 * round(APART_MS / 1000.0 * fs_hz) + 1)
    found = high[jump[high] == top[high]]
    if found.size > MAX_PER_S * samples_uv.shape[-1] / fs_hz:
        return np.empty(0, dtype=np.int64)
    return np.asarray(found, dtype=np.int64)


def _follows(
    spikes: NDArray[np.int64], beats: NDArray[np.int64], fs_hz: float, span_ms: tuple[float, float]
) -> NDArray[np.bool_]:
    """Return which beats have a spike within the span, if enough of them have."""
    low, high = (beats + each / 1000.0 * fs_hz for each in span_ms)
    mask = np.searchsorted(spikes, high, side="right") > np.searchsorted(spikes, low)
    enough = int(mask.sum()) >= max(MIN_BEATS, MIN_SHARE * beats.size)
    return np.asarray(mask & enough, dtype=np.bool_)


def pacing_of(spikes: NDArray[np.int64], beats: NDArray[np.int64], fs_hz: float) -> Pacing:
    """Match spikes to beats.

    Parameters
    ----------
    spikes, beats
        Samples at ``fs_hz``, ascending; beats at the middle of QRS.
    """
    return Pacing(
        _follows(spikes, beats, fs_hz, VENTRICULAR_MS), _follows(spikes, beats, fs_hz, ATRIAL_MS)
    )


def pacing_findings(pacing: Pacing, labels: tuple[BeatLabel, ...]) -> list[Finding]:
    """Report a paced rhythm and its chambers."""
    chambers = {
        (True, False): Qualifier.VENTRICULAR_PACING,
        (False, True): Qualifier.ATRIAL_PACING,
        (True, True): Qualifier.DUAL_PACING,
    }
    kind = chambers.get((bool(pacing.ventricular.any()), bool(pacing.atrial.any())))
    if kind is None:
        return []
    paced = pacing.ventricular | pacing.atrial
    evidence = Evidence(
        "paced_beats",
        float(paced.sum()),
        "beats",
        f">= {MIN_BEATS} and {MIN_SHARE:g} of {len(labels)}",
        beats=tuple(int(each) for each in np.flatnonzero(paced)[:50]),
    )
    return [Finding(FindingCode.PACED_RHYTHM, Severity.ROUTINE, evidence, SOURCE, (kind,))]
