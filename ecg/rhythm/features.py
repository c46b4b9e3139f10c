"""Features of each beat for the trained labels: its shape beside its neighbours', its time.

All but the width in milliseconds are relative to the window's dominant beats, so that gain, lead
and rate matter little. `RISING` and `FALLING` say which way the odds of a ventricular beat may go
with a feature: a wide or strange beat is never the less ventricular for it.
"""

import numpy as np

from ecg.filters import Array, running_median
from ecg.rhythm.kin import LOCAL_BEATS, local_rr_ms, odd_width, rr_shares
from ecg.rhythm.view import COLUMN

SHAPES_USED = (
    "t_like_dominant",
    "qrs_away",
    "qrst_rest",
    "log_area",
    "own_width_ms",
    "log_own_width",
    "kin_share",
    "kin_log_width",
    "kin_away",
    "kin_rr_before_share",
    "kin_rr_after_share",
    "p_like_dominant",
    "p_like_others",
    "p_share",
)
BEAT_FEATURES = (*SHAPES_USED, "rr_before_share", "rr_after_share", "rr_unrest")
RISING = (
    "qrs_away",
    "qrst_rest",
    "log_area",
    "own_width_ms",
    "log_own_width",
    "kin_log_width",
    "kin_away",
)
FALLING = ("t_like_dominant", "kin_share", "p_like_dominant", "p_like_others")


def unrest(rr_ms: Array) -> Array:
    """Return the running median of successive differences over the usual RR, shape of ``rr_ms``."""
    steps = np.abs(np.diff(rr_ms, prepend=rr_ms[:1]))
    share: Array = running_median(steps, odd_width(LOCAL_BEATS, rr_ms.size)) / local_rr_ms(rr_ms)
    return share


def beat_features(shapes: Array, rr_ms: Array) -> Array:
    """Join shape and time, shape (n_beats, n_features) in the order of `BEAT_FEATURES`.

    Parameters
    ----------
    shapes
        From `ecg.rhythm.view.look`, all windows one after the other.
    rr_ms
        Shape (n_beats - 1,).
    """
    before, after = rr_shares(rr_ms)
    restless = unrest(rr_ms) if rr_ms.size else np.zeros(1)
    timing = [before, after, np.append(restless, restless[-1])[: len(before)]]
    return np.column_stack([*(shapes[:, COLUMN[name]] for name in SHAPES_USED), *timing])
