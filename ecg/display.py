"""Filters for the eye: what is drawn, never what is measured."""

from collections.abc import Callable
from dataclasses import replace
from enum import StrEnum

import numpy as np

from ecg.filters import Array, fill_gaps, high_pass, low_pass, notch
from ecg.signal import EcgSignal

_Stage = Callable[[Array, float], Array]


class DisplayFilter(StrEnum):
    """What may be filtered away where an ECG is drawn, as monitors and carts offer it."""

    NONE = "none"
    LOW_35 = "low-35"
    LOW_100 = "low-100"
    HIGH_0_05 = "high-0.05"
    HIGH_0_5 = "high-0.5"
    NOTCH_50 = "notch-50"
    BAND_0_5_35 = "band-0.5-35"

    @property
    def text_zh(self) -> str:
        """The filter in words, as the paper says it."""
        return _TEXTS_ZH[self]


_TEXTS_ZH = {
    DisplayFilter.NONE: "无",
    DisplayFilter.LOW_35: "低通 35 Hz",
    DisplayFilter.LOW_100: "低通 100 Hz",
    DisplayFilter.HIGH_0_05: "高通 0.05 Hz",
    DisplayFilter.HIGH_0_5: "高通 0.5 Hz",
    DisplayFilter.NOTCH_50: "陷波 50 Hz",
    DisplayFilter.BAND_0_5_35: "带通 0.5–35 Hz",
}


def _low(corner_hz: float) -> _Stage:
    return lambda samples, fs_hz: low_pass(samples, fs_hz, corner_hz)


def _high(corner_hz: float) -> _Stage:
    return lambda samples, fs_hz: high_pass(samples, fs_hz, corner_hz)


def _mains(samples: Array, fs_hz: float) -> Array:
    return notch(samples, fs_hz, 50.0)


_STAGES: dict[DisplayFilter, tuple[_Stage, ...]] = {
    DisplayFilter.NONE: (),
    DisplayFilter.LOW_35: (_low(35.0),),
    DisplayFilter.LOW_100: (_low(100.0),),
    DisplayFilter.HIGH_0_05: (_high(0.05),),
    DisplayFilter.HIGH_0_5: (_high(0.5),),
    DisplayFilter.NOTCH_50: (_mains,),
    DisplayFilter.BAND_0_5_35: (_high(0.5), _low(35.0)),
}


def filtered(signal: EcgSignal, chosen: DisplayFilter) -> EcgSignal:
    """Return the signal as it is drawn: Butterworth of second order, forwards and backwards.

    No wave moves, and what was not recorded stays missing. A filter whose corner lies near half the
    sampling rate takes nothing away.
    """
    if chosen is DisplayFilter.NONE:
        return signal
    samples = fill_gaps(signal.samples_uv)
    for stage in _STAGES[chosen]:
        samples = stage(samples, signal.fs_hz)
    return replace(signal, samples_uv=np.where(np.isnan(signal.samples_uv), np.nan, samples))
