"""Copied leads are found; leads that are alike in their own right are not."""

from dataclasses import dataclass

import numpy as np
import pytest

from ecg import screen
from ecg.duplicates import repeated
from ecg.quality import LeadProblem
from ecg.signal import STANDARD_LEADS
from tests.ecg.samples import Samples, signal_of, twelve

NOISE = np.random.default_rng(7).normal(0.0, 3.0, (12, 5000))


@dataclass(frozen=True)
class Copy:
    """How a copy differs from its lead."""

    gain: float = 1.0
    level_uv: float = 0.0
    noise_uv: float = 0.0

    def of(self, lead: Samples) -> Samples:
        return self.gain * lead + self.level_uv + self.noise_uv / 3.0 * NOISE[0, : lead.size]


def axis_at(angle_deg: float, noise_uv: float) -> Samples:
    """Return six limb leads of a source that moves along one line, shape (6, 5000)."""
    source = twelve(75.0, noise_uv=0.0)[1]
    one, two = (np.cos(np.deg2rad(angle_deg - at)) * source for at in (0.0, 60.0))
    leads = np.stack([one, two, two - one, -(one + two) / 2.0, one - two / 2.0, two - one / 2.0])
    return np.asarray(leads + noise_uv / 3.0 * NOISE[:6], dtype=np.float64)


@pytest.mark.parametrize("pair", [(6, 7), (10, 11), (3, 4), (1, 9)])
@pytest.mark.parametrize(
    "copy",
    [
        Copy(),
        Copy(level_uv=50.0),
        Copy(noise_uv=3.0),
        Copy(gain=-1.0, level_uv=-80.0, noise_uv=3.0),
    ],
)
def test_a_copy_is_found_upright_or_inverted(pair: tuple[int, int], copy: Copy) -> None:
    samples = twelve(75.0)
    samples[pair[1]] = copy.of(samples[pair[0]])
    assert np.flatnonzero(repeated(samples, STANDARD_LEADS)).tolist() == list(pair)


def test_each_of_three_copies_is_out() -> None:
    samples = twelve(75.0)
    samples[7] = samples[8] = samples[6]
    scored = screen(signal_of(samples)).quality
    out = [row for row, each in enumerate(scored) if each.problems == (LeadProblem.DUPLICATE,)]
    assert out == [6, 7, 8]


@pytest.mark.parametrize("noise_uv", [0.0, 3.0])
@pytest.mark.parametrize("angle_deg", range(-180, 180, 30))
def test_limb_leads_that_an_axis_makes_alike_are_no_copies(angle_deg: int, noise_uv: float) -> None:
    assert not repeated(axis_at(angle_deg, noise_uv), STANDARD_LEADS[:6]).any()


@pytest.mark.parametrize("noise_uv", [0.0, 5.0, 20.0])
def test_neighbours_a_tenth_apart_are_no_copies(noise_uv: float) -> None:
    samples = twelve(75.0, noise_uv=noise_uv)
    assert not repeated(samples, STANDARD_LEADS).any()


def test_two_leads_are_compared_without_a_third() -> None:
    lead = twelve(75.0)[1]
    assert repeated(np.stack([lead, -lead]), ("I", "II")).all()
    assert not repeated(lead[np.newaxis], ("I",)).any()
    assert not repeated(np.array([[1.0], [1.0]]), ("I", "II")).any()
