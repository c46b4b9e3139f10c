"""Filters: the same as SciPy's, on whatever length comes."""

import numpy as np
import pytest
from scipy import signal

from ecg.filters import zero_phase

SOS = signal.butter(2, (8.0, 24.0), "bandpass", fs=200.0, output="sos")


@pytest.mark.parametrize("length", [14, 15, 16, 500])
def test_zero_phase_is_scipys_to_the_bit(length: int) -> None:
    samples = np.random.default_rng(length).normal(0.0, 100.0, (3, length))
    padding = min(3 * (2 * len(SOS) + 1), length - 1)
    expected = signal.sosfiltfilt(SOS, samples, axis=-1, padlen=padding)
    assert np.array_equal(zero_phase(samples, SOS), expected)
    assert np.array_equal(zero_phase(samples[0], SOS), expected[0])


def test_a_single_sample_is_filtered_too() -> None:
    assert zero_phase(np.array([[5.0]]), SOS).shape == (1, 1)
