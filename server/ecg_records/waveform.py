"""Samples for drawing in a browser: 16-bit steps, little endian, lead after lead; median beats."""

import base64
from typing import Any, Final

import numpy as np

from ecg import EcgSignal, Screening

LONGEST_S: Final = 60.0
GAP: Final = -32768
_MOST_STEPS: Final = 32767
_FINEST_UV: Final = 0.5
"""Finer than any recorder's own step that matters; 16 bits then reach 16 mV."""


def median_beat(screening: Screening) -> dict[str, Any] | None:
    """Return the dominant median beat as `MedianBeatOut` has it; None where there is none."""
    beat, fs_hz = screening.median_beat, screening.median_fs_hz
    if beat is None or fs_hz is None:
        return None
    traces_mv = np.round(beat.median_uv / 1000.0, 3)
    return {
        "fs_hz": fs_hz,
        "r": beat.fiducials.r,
        "traces_mv": {
            lead: row.tolist() for lead, row in zip(screening.median_leads, traces_mv, strict=True)
        },
    }


def packed(signal: EcgSignal, start_s: float) -> dict[str, Any]:
    """Return up to `LONGEST_S` of a recording from ``start_s`` as the JSON object of the API.

    Raises
    ------
    ValueError
        If the recording ends before ``start_s``.
    """
    first = round(start_s * signal.fs_hz)
    if first >= signal.n_samples:
        raise ValueError(f"the recording ends after {signal.duration_s:g} s")
    samples_uv = signal.samples_uv[:, first : first + round(LONGEST_S * signal.fs_hz)]
    recorded = np.isfinite(samples_uv)
    highest_uv = float(np.abs(samples_uv[recorded]).max()) if recorded.any() else 0.0
    uv_per_unit = max(_FINEST_UV, highest_uv / _MOST_STEPS)
    steps = np.rint(np.where(recorded, samples_uv, 0.0) / uv_per_unit)
    stored = np.where(recorded, steps, GAP).astype("<i2")
    filters = signal.filters
    return {
        "fs_hz": signal.fs_hz,
        "leads": list(signal.leads),
        "uv_per_unit": uv_per_unit,
        "samples": base64.b64encode(stored.tobytes()).decode("ascii"),
        "start_s": first / signal.fs_hz,
        "duration_s": signal.duration_s,
        "filters": {
            "low_cut_hz": filters.low_cut_hz,
            "high_cut_hz": filters.high_cut_hz,
            "notch_hz": filters.notch_hz,
        },
        "device": signal.device,
        "device_statements": list(signal.device_statements),
        "device_measurements": dict(signal.device_measurements),
    }
