"""The values that occur in an image of up to 16 bits: far fewer than it has pixels.

What a picture makes of a value is worked out once for each, and then looked up for each pixel.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final, Self

import numpy as np
from numpy.typing import NDArray

_MOST_SAMPLED: Final = 1_000_000
_PIXELS_AT_ONCE: Final = 1 << 16
"""Their indices, of eight bytes each, stay in the processor's cache."""


@dataclass(frozen=True, slots=True)
class Levels:
    """The levels of an image.

    Parameters
    ----------
    stored
        Its pixels, of any shape.
    values
        Every value from the least that occurs to the largest, in order.
    """

    stored: NDArray[np.integer[Any]]
    values: NDArray[np.integer[Any]]

    @classmethod
    def of(cls, stored: NDArray[Any]) -> Self | None:
        """Return the levels of an image, None where they may be more than 65,536."""
        if stored.dtype.kind not in "iu" or stored.dtype.itemsize > 2 or not stored.size:
            return None
        least, largest = int(stored.min()), int(stored.max())
        return cls(stored, np.arange(least, largest + 1).astype(stored.dtype))

    def picture(self, shades: NDArray[np.uint8]) -> NDArray[np.uint8]:
        """Return the shade of each pixel, given that of each level."""
        pixels = self.stored.reshape(-1)
        picture = np.empty(pixels.size, dtype=np.uint8)
        least = int(self.values[0])
        for start in range(0, pixels.size, _PIXELS_AT_ONCE):
            part = slice(start, start + _PIXELS_AT_ONCE)
            index = np.subtract(pixels[part], least, dtype=np.intp)
            # They cannot lie outside; to look would cost a copy.
            np.take(shades, index, out=picture[part], mode="clip")
        return picture.reshape(self.stored.shape)

    def counts(self, padding: tuple[int, int] | None) -> NDArray[np.integer[Any]]:
        """Count how often each level occurs in a sample of the pixels.

        Parameters
        ----------
        padding
            First and last value that are no part of the image: counted only where there is nothing
            else.
        """
        sample = sampled(self.stored.reshape(-1))
        index = np.subtract(sample, int(self.values[0]), dtype=np.intp)
        counts = np.bincount(index, minlength=self.values.size)
        if padding is not None:
            first, last = padding
            kept = np.where((self.values >= first) & (self.values <= last), 0, counts)
            counts = kept if kept.any() else counts
        return counts


def sampled(values: NDArray[Any]) -> NDArray[Any]:
    """Return every n-th of many values, from one million to two of them; all of fewer."""
    return values[:: max(values.size // _MOST_SAMPLED, 1)]


def percentiles(
    values: NDArray[Any], counts: NDArray[np.integer[Any]], wanted: Sequence[float]
) -> list[float]:
    """Return percentiles as `numpy.percentile` does, of values that occur so often each.

    Parameters
    ----------
    values
        In any order; what is not finite is left out.
    counts
        Of the same shape.
    wanted
        In percent.
    """
    there = (counts > 0) & np.isfinite(values)
    values, counts = values[there], counts[there]
    if not values.size:
        return []
    order = np.argsort(values, kind="stable")
    values, ends = values[order], np.cumsum(counts[order])
    places = np.asarray(wanted) / 100 * (int(ends[-1]) - 1)
    below = values[np.searchsorted(ends, np.floor(places), side="right")]
    above = values[np.searchsorted(ends, np.ceil(places), side="right")]
    return [float(each) for each in below + (above - below) * (places - np.floor(places))]
