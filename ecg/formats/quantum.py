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
    precision = 2.0 * float(np.finfo(samples_uv.dtype).eps)
    # The narrowest gap between levels, zero among them, is the step or a small multiple of it.
    step, error = float(np.diff(levels, prepend=0.0).min()), precision * float(levels[-1])
    # Euclid over all levels at once. A remainder is none where rounding may have made it: the error
    # of the step counts as often as the step is in the level, and goes into the next step.
    while step >= MIN_UV:
        noise = 2.0 * (error * levels / step + precision * levels)
        if noise[-1] > 0.25 * step:
            break
        rest = np.abs(levels - np.round(levels / step) * step)
        off = np.flatnonzero(rest > noise)
        if off.size == 0:
            return float(levels[-1] / np.round(levels[-1] / step))
        least = off[np.argmin(rest[off])]
        step, error = float(rest[least]), float(noise[least])
    return FALLBACK_UV
