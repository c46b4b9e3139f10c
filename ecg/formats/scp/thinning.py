"""Bimodal compression: all samples of protected areas, one of a few elsewhere (EN 1064 C.4).

Outside protected areas a stored sample is the mean of ``factor`` neighbours; a shorter rest before
an area or the end makes one sample too. Read back, it stands in their middle, with straight lines
between the middles and a level before the first and after the last.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Samples = NDArray[np.float64]


@dataclass(frozen=True)
class Thinning:
    """How the samples of one stretch are stored.

    Attributes
    ----------
    group
        The stored sample that each sample takes part in, shape (n_samples,).
    middle
        The place of each stored sample, from 0, shape (n_stored,).
    sought
        The place whose value each sample takes: its own, but never beyond the middles of its
        area, shape (n_samples,).
    """

    group: NDArray[np.int64]
    middle: Samples
    sought: Samples

    @property
    def n_stored(self) -> int:
        """Samples that are stored."""
        return int(self.middle.size)

    def thinned(self, samples: Samples) -> Samples:
        """Return the samples to store."""
        return np.bincount(self.group, weights=samples) / np.bincount(self.group)

    def restored(self, stored: Samples) -> Samples:
        """Return all samples of the stretch."""
        return np.interp(self.sought, self.middle, stored)


def thinning(start: int, count: int, protected: NDArray[np.int64], factor: int) -> Thinning:
    """Plan how a stretch is stored.

    Parameters
    ----------
    start
        Number of its first sample.
    count
        Samples, at least one.
    protected
        First and last sample numbers of areas, shape (n_areas, 2); what leaves the stretch, or
        ends before it starts, is no area.
    factor
        Samples that become one elsewhere.
    """
    change = np.zeros(count + 1, dtype=np.int64)
    first = np.clip(protected[:, 0] - start, 0, count)
    after = np.clip(protected[:, 1] - start + 1, 0, count)
    real = first < after
    np.add.at(change, first[real], 1)
    np.add.at(change, after[real], -1)
    kept = np.cumsum(change[:-1]) > 0
    place = np.arange(count)
    begins_run = np.ones(count, dtype=np.bool_)
    begins_run[1:] = kept[1:] != kept[:-1]
    run_start = np.maximum.accumulate(np.where(begins_run, place, 0))
    group = np.cumsum(kept | ((place - run_start) % factor == 0)) - 1
    middle = np.bincount(group, weights=place) / np.bincount(group)
    run = np.cumsum(begins_run) - 1
    starts = np.flatnonzero(begins_run)
    ends = np.append(starts[1:], count) - 1
    sought = np.clip(place.astype(np.float64), middle[group[starts]][run], middle[group[ends]][run])
    return Thinning(group, middle, sought)
