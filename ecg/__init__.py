"""ECG signals: reading, measuring, screening and drawing, on NumPy and SciPy alone."""

from ecg.formats import EcgFormatError, read
from ecg.screen import screen
from ecg.screening import Screening
from ecg.signal import EcgSignal

__all__ = ["EcgFormatError", "EcgSignal", "Screening", "read", "screen"]
