"""Is a stretch of beats atrial fibrillation: no order in RR, no P waves alike.

The features are those of the literature on RR (Dash et al., Ann Biomed Eng 37:1701, 2009; Sarkar et
al., IEEE Trans Biomed Eng 55:1219, 2008) joined to the likeness of what stands before each QRS; a
logistic regression weighs them (``python -m benchmarks.ecg.train_rhythm``).
"""

import numpy as np
from numpy.typing import NDArray

from ecg.filters import Array
from ecg.rhythm.view import COLUMN

MIN_BEATS = 5
FIBRILLATION_FEATURES = (
    "log_step_share",
    "step_entropy",
    "repeated_share",
    "p_like_others",
    "p_like_low",
)
REPEAT_SHARE = 0.04


def fibrillation_features(
    shapes: Array, rr_ms: Array, conducted: NDArray[np.bool_]
) -> Array | None:
    """Return `FIBRILLATION_FEATURES` of one stretch, or None where it has too few beats.

    Parameters
    ----------
    shapes
        From `ecg.rhythm.view.look`, shape (n_beats, n_features).
    rr_ms
        Shape (n_beats - 1,).
    conducted
        Beats that are not ventricular; shape (n_beats,). Intervals to and from others do not count.
    """
    kept = conducted[:-1] & conducted[1:]
    if int(kept.sum()) < MIN_BEATS - 1:
        return None
    usual = rr_ms[kept]
    mean, median = float(usual.mean()), float(np.median(usual))
    both = kept[:-1] & kept[1:]
    steps = np.diff(rr_ms)[both] if both.any() else np.diff(usual)
    share = np.abs(steps) / median
    counts = np.bincount(np.minimum((share / 0.05).astype(np.int64), 9), minlength=10)
    chance = counts[counts > 0] / counts.sum()
    apart = np.abs(usual[:, np.newaxis] - usual) / median
    pairs = max(1, usual.size * (usual.size - 1))
    like = shapes[conducted, COLUMN["p_like_others"]]
    return np.array(
        [
            np.log(max(float(np.sqrt((steps * steps).mean())) / mean, 0.005)),
            float(-(chance * np.log(chance)).sum()),
            float(((apart < REPEAT_SHARE).sum() - usual.size) / pairs),
            float(np.median(like)),
            float(np.percentile(like, 25.0)),
        ]
    )
