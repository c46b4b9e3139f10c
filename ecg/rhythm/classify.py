"""Label each beat: ventricular by a trained part, premature and paced ones by rule."""

import numpy as np
import scipy
from numpy.typing import NDArray

from ecg.filters import Array, running_median
from ecg.rhythm.features import beat_features
from ecg.rhythm.kin import odd_width
from ecg.rhythm.labels import BeatLabel
from ecg.rhythm.model import trees
from ecg.rhythm.view import COLUMN

PREMATURE_SHARE = 0.85
RR_MEDIAN = 9
REGULAR_SHARE = 0.06
REGULAR_PERCENTILE = 60.0
REGULAR_BEATS = 41
UNKNOWN_LIKE = 0.55
FUSION_LIKE = (0.6, 0.92)
FUSION_ODDS = 2.5


def _premature(rr_ms: Array) -> tuple[NDArray[np.bool_], NDArray[np.bool_]]:
    """Return which beats come early, and where the rhythm around them is regular."""
    count = rr_ms.size + 1
    early, regular = np.zeros(count, dtype=bool), np.zeros(count, dtype=bool)
    if rr_ms.size < 3:
        return early, regular
    usual = running_median(rr_ms, odd_width(RR_MEDIAN, rr_ms.size))
    early[1:] = rr_ms < PREMATURE_SHARE * usual
    away = np.abs(rr_ms / usual - 1.0)
    width = odd_width(REGULAR_BEATS, rr_ms.size)
    usual_away = scipy.ndimage.percentile_filter(
        away, REGULAR_PERCENTILE, size=width, mode="nearest"
    )
    regular[1:] = usual_away < REGULAR_SHARE
    return early, regular


def label_beats(
    shapes: Array,
    rr_ms: Array,
    class_of: NDArray[np.int64],
    paced: NDArray[np.bool_],
) -> tuple[BeatLabel, ...]:
    """Label beats from shape, width and time.

    Parameters
    ----------
    shapes
        From `ecg.rhythm.view.look`, shape (n_beats, n_features).
    rr_ms
        Shape (n_beats - 1,).
    class_of
        A number for each shape class, distinct from window to window, below 0 for none.
    paced
        Beats with a pacing spike at their begin, shape (n_beats,).

    Notes
    -----
    V: boosted trees (``python -m benchmarks.ecg.train_rhythm``). F: ventricular by little, with
    much of the usual beat in it. S: not ventricular, premature by 15 % against the running median
    in an otherwise regular rhythm, and not the last. Q: like nothing else, of no class.
    """
    odds = trees("ventricular").log_odds(beat_features(shapes, rr_ms))
    like = shapes[:, COLUMN["qrs_like_dominant"]]
    early, regular = _premature(rr_ms)
    labels: list[BeatLabel] = []
    for index in range(len(shapes)):
        if paced[index]:
            labels.append(BeatLabel.PACED)
        elif odds[index] > 0.0:
            mixed = FUSION_LIKE[0] <= like[index] <= FUSION_LIKE[1] and odds[index] < FUSION_ODDS
            on_time = not early[index]
            labels.append(BeatLabel.FUSION if mixed and on_time else BeatLabel.VENTRICULAR)
        elif early[index] and regular[index] and index + 1 < len(shapes):
            labels.append(BeatLabel.SUPRAVENTRICULAR)
        elif like[index] < UNKNOWN_LIKE and class_of[index] < 0:
            labels.append(BeatLabel.UNKNOWN)
        else:
            labels.append(BeatLabel.NORMAL)
    return tuple(labels)
