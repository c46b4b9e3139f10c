"""The reference beat: taken from every beat before coding, added again after (EN 1064 5.7, C.4).

Sample ``s`` of a beat whose fiducial is ``f`` belongs to sample ``fiducial + s - f`` of the
reference beat; both count from 1.
"""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from ecg.formats.errors import EcgFormatError
from ecg.formats.scp.leads import BeatMap, Span
from ecg.formats.scp.record import FORMAT_NAME

Numbers = NDArray[np.int64]


def overlay(beats: BeatMap, extent: int) -> tuple[Numbers, Numbers]:
    """Return the numbers of all samples in subtraction zones, and their places in the beat from 0.

    Parameters
    ----------
    beats
        Only beats of type 0 have a zone.
    extent
        Samples of the longest lead, which zones cannot cover more than twice.

    Raises
    ------
    EcgFormatError
        If they do.
    """
    zones = beats.zones[beats.types == 0]
    lengths = np.maximum(zones[:, 2] - zones[:, 0] + 1, 0)
    if int(lengths.sum()) > 2 * extent + 2:
        raise EcgFormatError(f"{FORMAT_NAME}: the beats overlap")
    first = np.repeat(zones[:, 0] - np.cumsum(lengths) + lengths, lengths)
    numbers = first + np.arange(first.size)
    return numbers, numbers + np.repeat(beats.fiducial - zones[:, 1], lengths) - 1


def add_beats(
    lead: NDArray[Any], span: Span, wave: NDArray[Any], where: tuple[Numbers, Numbers]
) -> None:
    """Add a reference beat to one lead, in place, as far as both reach.

    Parameters
    ----------
    lead
        Samples of ``span``, shape (n_samples,).
    wave
        The beat in the lead's unit, negative to subtract it.
    where
        As `overlay` returned it.
    """
    place, of_beat = where[0] - span.start, where[1]
    real = (place >= 0) & (place < lead.size) & (of_beat >= 0) & (of_beat < wave.size)
    np.add.at(lead, place[real], wave[of_beat[real]])


def median_beat(values: NDArray[Any], span: Span, beats: BeatMap, length: int) -> Numbers:
    """Return the rounded median of one lead's beats, shape (length,), 0 where none reaches."""
    offsets = np.arange(length) - (beats.fiducial - 1)
    places = beats.zones[:, 1:2] - span.start + offsets
    real = (places >= 0) & (places < values.size)
    windows = np.where(real, values[np.clip(places, 0, values.size - 1)], np.nan)
    wave = np.zeros(length)
    seen = real.any(axis=0)
    if seen.any():
        wave[seen] = np.nanmedian(windows[:, seen], axis=0)
    return np.rint(wave).astype(np.int64)
