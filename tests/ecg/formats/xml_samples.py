"""XML files for the tests: real ones, and small ones made to be damaged."""

import lzma

import numpy as np
from numpy.typing import NDArray

from tests.ecg.samples import DATA

RNG = np.random.default_rng(7)


def xml_sample(name: str) -> bytes:
    """Return one of the compressed XML files in tests/data/ecg."""
    return lzma.decompress((DATA / f"{name}.xml.xz").read_bytes())


def minimum_aecg() -> bytes:
    """Return the FDA's smallest annotated ECG: lead II, 13 samples."""
    return (DATA / "fda_minimum_aecg.xml").read_bytes()


def counts(n_leads: int, n_samples: int) -> NDArray[np.int16]:
    """Return smooth random samples, shape (n_leads, n_samples)."""
    steps = RNG.integers(-9, 10, (n_leads, n_samples))
    return np.cumsum(steps, axis=1).astype(np.int16)
