"""Which beats of a window are alike, and which of them are the dominant ones.

Finer than the classes of `ecg.delineate`, whose running means may take two shapes of a bigeminus
for one.
"""

import numpy as np
from numpy.typing import NDArray

from ecg.filters import Array, running_median

KIN_LIKE = 0.93
USUAL_SHARE = 0.1
USUAL_BEATS = 3
USUAL_WIDER = 1.3
LOCAL_BEATS = 11


def odd_width(wanted: int, count: int) -> int:
    """Return the wanted width of a running median, or the odd number that ``count`` allows."""
    return max(1, min(wanted, 2 * (count // 2) - 1 + 2 * (count % 2)))


def kin_of(units: Array, judged: NDArray[np.bool_]) -> NDArray[np.bool_]:
    """Return which beats are alike, shape (n_beats, n_beats).

    Parameters
    ----------
    units
        QRS of each beat without mean and of norm 1, shape (n_beats, n_values).
    judged
        Beats seen whole, shape (n_beats,); every other is kin of itself alone.
    """
    kin = (units @ units.T > KIN_LIKE) & judged & judged[:, np.newaxis]
    return np.asarray(kin | np.eye(len(units), dtype=bool), dtype=bool)


def dominant_of(
    kin: NDArray[np.bool_], log_width: Array, judged: NDArray[np.bool_]
) -> NDArray[np.bool_]:
    """Return the largest kin among the narrow: in bigeminy and runs the wide may be the most.

    Parameters
    ----------
    kin
        From `kin_of`.
    log_width
        Log of the mean QRS width of each beat's kin, shape (n_beats,).
    judged
        As for `kin_of`.
    """
    count = kin.sum(axis=1)
    large = judged & (count >= max(USUAL_BEATS, USUAL_SHARE * len(kin)))
    if not large.any():
        large = count == count.max()
    narrow = large & (log_width <= log_width[large].min() + np.log(USUAL_WIDER))
    chosen = np.flatnonzero(narrow)
    dominant: NDArray[np.bool_] = kin[chosen[np.argmax(count[chosen])]]
    return dominant


def local_rr_ms(rr_ms: Array) -> Array:
    """Return the running median RR at each interval, 1 ms at least; shape of ``rr_ms``."""
    return np.maximum(running_median(rr_ms, odd_width(LOCAL_BEATS, rr_ms.size)), 1.0)


def rr_shares(rr_ms: Array) -> tuple[Array, Array]:
    """Return RR before and after each beat over the running median, shapes (n_beats,)."""
    if rr_ms.size == 0:
        return np.ones(1), np.ones(1)
    usual = local_rr_ms(rr_ms)
    usual = np.append(usual, usual[-1])
    before = np.concatenate([usual[:1], rr_ms]) / usual
    return before, np.concatenate([rr_ms, usual[-1:]]) / usual
