"""Features of each beat for the trained labels: its shape beside its neighbours', its time."""

import numpy as np
from numpy.typing import NDArray

from ecg.filters import Array, running_median
from ecg.rhythm.view import SHAPE_FEATURES

LOCAL_BEATS = 11
TIME_FEATURES = (
    "rr_before_share",
    "rr_after_share",
    "rr_turn",
    "rr_pair_share",
    "rr_before_before_share",
    "rr_usual_ms",
    "rr_unrest",
    "class_rr_before_share",
    "class_rr_after_share",
)
BEAT_FEATURES = SHAPE_FEATURES + TIME_FEATURES


def odd_width(wanted: int, count: int) -> int:
    """Return the wanted width of a running median, or the odd number that ``count`` allows."""
    return max(1, min(wanted, 2 * (count // 2) - 1 + 2 * (count % 2)))


def unrest(rr_ms: Array) -> Array:
    """Return the running median of successive differences over the usual RR, shape of ``rr_ms``."""
    steps = np.abs(np.diff(rr_ms, prepend=rr_ms[:1]))
    width = odd_width(LOCAL_BEATS, rr_ms.size)
    return running_median(steps, width) / np.maximum(running_median(rr_ms, width), 1.0)


def beat_features(shapes: Array, rr_ms: Array, class_of: NDArray[np.int64]) -> Array:
    """Join shape and time, shape (n_beats, n_features) in the order of `BEAT_FEATURES`.

    Parameters
    ----------
    shapes
        From `ecg.rhythm.view.look`, all windows one after the other.
    rr_ms
        Shape (n_beats - 1,).
    class_of
        A number for each shape class, distinct from window to window; shape (n_beats,).
    """
    count = len(shapes)
    if rr_ms.size == 0:
        neutral = np.tile([1.0, 1.0, 0.0, 1.0, 1.0, 800.0, 0.0, 1.0, 1.0], (count, 1))
        return np.hstack([shapes, neutral])
    usual = running_median(rr_ms, odd_width(LOCAL_BEATS, rr_ms.size))
    usual = np.maximum(np.append(usual, usual[-1]), 1.0)
    restless = unrest(rr_ms)
    before = np.concatenate([usual[:1], rr_ms]) / usual
    after = np.concatenate([rr_ms, usual[-1:]]) / usual
    earlier = np.concatenate([before[:1], before[:-1]])
    class_before, class_after = before.copy(), after.copy()
    for number in np.unique(class_of):
        members = class_of == number
        class_before[members] = np.median(before[members])
        class_after[members] = np.median(after[members])
    timing = np.stack(
        [
            before,
            after,
            np.log(np.maximum(before, 0.05) / np.maximum(after, 0.05)),
            (before + after) / 2.0,
            earlier,
            usual,
            np.append(restless, restless[-1]),
            class_before,
            class_after,
        ],
        axis=1,
    )
    return np.hstack([shapes, timing])
