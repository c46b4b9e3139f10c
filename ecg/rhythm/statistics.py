"""Statistics of the RR intervals between conducted beats."""

from dataclasses import dataclass

import numpy as np

from ecg.filters import Array
from ecg.rhythm.labels import BeatLabel


@dataclass(frozen=True)
class RrStatistics:
    """Of the intervals between beats of the dominant shape.

    Attributes
    ----------
    mean_ms, median_ms, longest_ms, shortest_ms
        Of all intervals.
    rmssd_share
        Root mean square of successive differences over the mean; of conducted pairs only.
    spread_share
        Interquartile range over the median.
    range_ms
        Longest less shortest interval between conducted beats.
    """

    count: int
    mean_ms: float
    median_ms: float
    shortest_ms: float
    longest_ms: float
    rmssd_share: float
    spread_share: float
    range_ms: float


def rr_statistics(rr_ms: Array, labels: tuple[BeatLabel, ...]) -> RrStatistics | None:
    """Return the statistics, or None with fewer than two beats.

    Parameters
    ----------
    rr_ms
        Shape (n_beats - 1,).
    labels
        One a beat: intervals that touch a V, S, F or Q beat do not count as irregularity.
    """
    if rr_ms.size == 0:
        return None
    plain = np.array([label in (BeatLabel.NORMAL, BeatLabel.PACED) for label in labels])
    kept = plain[:-1] & plain[1:]
    steps = np.diff(rr_ms)[kept[:-1] & kept[1:]]
    usual = rr_ms[kept] if kept.any() else rr_ms
    share = float(np.sqrt((steps * steps).mean()) / usual.mean()) if steps.size >= 3 else 0.0
    lower, upper = np.percentile(usual, [25.0, 75.0])
    settled = rr_ms[kept & np.append(kept[1:], True) & np.insert(kept[:-1], 0, True)]
    return RrStatistics(
        count=int(rr_ms.size),
        mean_ms=float(rr_ms.mean()),
        median_ms=float(np.median(rr_ms)),
        shortest_ms=float(rr_ms.min()),
        longest_ms=float(rr_ms.max()),
        rmssd_share=share,
        spread_share=float((upper - lower) / np.median(usual)),
        range_ms=float(np.ptp(settled)) if settled.size else 0.0,
    )
