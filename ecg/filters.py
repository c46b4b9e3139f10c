"""Zero-phase filters and running statistics shared by the measuring modules."""

from functools import lru_cache
from typing import Any

import numpy as np
import scipy
from numpy.typing import NDArray

Array = NDArray[np.float64]
NOTCH_Q = 8.0


def fill_gaps(samples_uv: NDArray[np.floating[Any]]) -> Array:
    """Replace NaN by straight lines between the neighbouring real samples.

    Parameters
    ----------
    samples_uv
        Microvolts, shape (n_leads, n_samples); NaN where nothing was recorded.

    Returns
    -------
    ndarray
        A float64 copy without NaN; a lead without any sample becomes zero.
    """
    filled = np.array(samples_uv, dtype=np.float64)
    if not np.isnan(filled.sum()):
        return filled
    for row in filled:
        gap = np.isnan(row)
        if not gap.any():
            continue
        known = np.flatnonzero(~gap)
        row[gap] = np.interp(np.flatnonzero(gap), known, row[known]) if known.size else 0.0
    return filled


@lru_cache(maxsize=64)
def _steady_state(sos: bytes) -> Array:
    """Return the filter's state after a long constant 1, shape (n_sections, 2)."""
    sections = np.frombuffer(sos).reshape(-1, 6)
    return np.asarray(scipy.signal.sosfilt_zi(sections), dtype=np.float64)


def zero_phase(samples: Array, sos: Array) -> Array:
    """Filter along the last axis forwards and backwards, whatever the length.

    As `scipy.signal.sosfiltfilt`, but for two things: where the input is shorter than its padding
    the padding shrinks, and the steady state of a filter met before is not solved for again, which
    was most of the time of a short filter.
    """
    length = samples.shape[-1]
    pad = min(3 * (2 * len(sos) + 1), length - 1)
    before = 2.0 * samples[..., :1] - samples[..., pad:0:-1]
    after = 2.0 * samples[..., -1:] - samples[..., -2 : -(pad + 2) : -1]
    padded = np.concatenate([before, samples, after], axis=-1)
    steady = _steady_state(np.ascontiguousarray(sos, dtype=np.float64).tobytes())
    state = steady.reshape(len(sos), *(1,) * (samples.ndim - 1), 2)
    for _ in range(2):
        padded, _ = scipy.signal.sosfilt(sos, padded, zi=state * padded[..., :1])
        padded = padded[..., ::-1]
    return np.asarray(padded[..., pad : pad + length], dtype=np.float64)


def _second_order(corner_hz: float, fs_hz: float, *, high: bool) -> Array:
    """Return one second-order Butterworth section by the bilinear transform, shape (1, 6).

    The closed form of `scipy.signal.butter(2, corner_hz)`, which takes a millisecond a design.
    """
    warped = np.tan(np.pi * corner_hz / fs_hz)
    scale = 1.0 / (1.0 + np.sqrt(2.0) * warped + warped * warped)
    gain = scale if high else warped * warped * scale
    middle = -2.0 * gain if high else 2.0 * gain
    back_1 = 2.0 * (warped * warped - 1.0) * scale
    back_2 = (1.0 - np.sqrt(2.0) * warped + warped * warped) * scale
    return np.array([[gain, middle, gain, 1.0, back_1, back_2]])


def band_pass(samples: Array, fs_hz: float, low_hz: float, high_hz: float) -> Array:
    """Butterworth high-pass and low-pass, second order each, without phase shift.

    ``high_hz`` is held below 0.45 ``fs_hz``.
    """
    upper = _second_order(min(high_hz, 0.45 * fs_hz), fs_hz, high=False)
    return zero_phase(samples, np.vstack([_second_order(low_hz, fs_hz, high=True), upper]))


def low_pass(samples: Array, fs_hz: float, high_hz: float) -> Array:
    """Second-order Butterworth low-pass without phase shift; the input itself near Nyquist."""
    if high_hz >= 0.45 * fs_hz:
        return samples
    return zero_phase(samples, _second_order(high_hz, fs_hz, high=False))


def high_pass(samples: Array, fs_hz: float, low_hz: float) -> Array:
    """Second-order Butterworth high-pass without phase shift."""
    return zero_phase(samples, _second_order(low_hz, fs_hz, high=True))


def smoothed(samples: Array, fs_hz: float, high_hz: float) -> Array:
    """Moving average whose gain is -3 dB near ``high_hz``: a tenth of a Butterworth's time."""
    width = 2 * round(0.22 * fs_hz / high_hz) + 1
    return np.asarray(scipy.ndimage.uniform_filter1d(samples, width, axis=-1), dtype=np.float64)


def notch(samples: Array, fs_hz: float, mains_hz: float) -> Array:
    """Remove ``mains_hz`` without phase shift (quality factor 8); the input itself near Nyquist."""
    if mains_hz >= 0.45 * fs_hz:
        return samples
    angle = 2.0 * np.pi * mains_hz / fs_hz
    alpha = np.sin(angle) / (2.0 * NOTCH_Q)
    ends, middle = 1.0 / (1.0 + alpha), -2.0 * np.cos(angle) / (1.0 + alpha)
    back = (1.0 - alpha) / (1.0 + alpha)
    return zero_phase(samples, np.array([[ends, middle, ends, 1.0, middle, back]]))


def decimate(samples: Array, factor: int) -> Array:
    """Keep every ``factor``-th sample after a boxcar of that width.

    The boxcar's first zero lies at the new sampling rate; above it nothing matters to the 8-24 Hz
    band that follows. Output ``k`` is centred on input ``k * factor + (factor - 1) / 2``.
    """
    if factor == 1:
        return samples
    whole = samples.shape[-1] // factor * factor
    return np.asarray(
        samples[..., :whole].reshape(*samples.shape[:-1], -1, factor).mean(axis=-1),
        dtype=np.float64,
    )


def running_rms(samples: Array, width: int) -> Array:
    """Root mean square over ``width`` samples, centred, along the last axis."""
    power = scipy.ndimage.uniform_filter1d(samples * samples, width, axis=-1, mode="constant")
    return np.asarray(np.sqrt(np.maximum(power, 0.0)), dtype=np.float64)


def running_median(samples: Array, width: int) -> Array:
    """Centred running median along the last axis, edges reflected."""
    size = (1,) * (samples.ndim - 1) + (width,)
    return np.asarray(
        scipy.ndimage.median_filter(samples, size=size, mode="nearest"), dtype=np.float64
    )
