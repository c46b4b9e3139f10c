"""The step of the converter that a signal's samples came from, for writers that store integers."""

from typing import Final

import numpy as np
from numpy.typing import NDArray

FALLBACK_UV: Final = 0.1  # for samples on no grid: far below any amplifier's noise
MIN_UV: Final = 1e-3


def quantum_uv(samples_uv: NDArray[np.floating]) -> float:
    """Return the largest step of which every recorded sample is a whole multiple.

    Parameters
    ----------
    samples_uv
        One lead, shape (n_samples,); NaN is left out.

    Returns
    -------
    float
        Microvolts. 0.1 where the samples lie on no grid that starts at 0 and is coarser than 1 nV;
        rounding to it then errs by at most 0.05 microvolts.
    """
    recorded = samples_uv[np.isfinite(samples_uv)]
    levels = np.unique(np.abs(recorded[recorded != 0.0]).astype(np.float64))
    if levels.size == 0:
        return 1.0
    highest, precision = float(levels[-1]), 2.0 * float(np.finfo(samples_uv.dtype).eps)
    step = _common_step(np.diff(levels, prepend=0.0), precision * highest)
    if step is None:
        return FALLBACK_UV
    step = _refined(step, levels)
    rest = np.abs(levels - np.round(levels / step) * step)
    return step if float(rest.max()) <= 4.0 * precision * highest else FALLBACK_UV


def _refined(step: float, levels: NDArray[np.float64]) -> float:
    """Return the step as the highest level tells it: the gaps are short, and know it less well.

    From level to level, each at most twice the one before where there is one: how often the step
    is in a level must not be in doubt.
    """
    at = 0
    while True:
        step = float(levels[at] / max(np.round(levels[at] / step), 1.0))
        if at == levels.size - 1:
            return step
        at = max(at + 1, int(np.searchsorted(levels, 2.0 * levels[at], side="right")) - 1)


def _common_step(gaps: NDArray[np.float64], error: float) -> float | None:
    """Return what all gaps, each known to ``error``, are multiples of; None below `MIN_UV`.

    Euclid over all gaps at once. A remainder is none where rounding may have made it: the error of
    the step counts as often as the step is in the gap, and goes into the next step. Between
    neighbouring levels that is a few times, where it would be thousands in a level itself.
    """
    step, step_error = float(gaps.min()), error
    while step >= MIN_UV:
        times = np.round(gaps / step)
        noise = 2.0 * (step_error * times + error)
        rest = np.abs(gaps - times * step)
        off = np.flatnonzero(rest > noise)
        if off.size == 0:
            return step
        least = off[np.argmin(rest[off])]
        step, step_error = float(rest[least]), float(noise[least])
    return None
