"""Overlay planes: graphics and regions that a device lays over its image (PS3.3 C.9.2)."""

from collections.abc import Iterator
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray
from pydicom.dataset import Dataset

from dicom.charset import DEFAULT_CHARSET
from dicom.pixels import Frame, PixelLayout
from dicom.values import numbers, raw_bytes, stored, texts

_GROUPS: Final = range(0x6000, 0x6020, 2)
_ROWS: Final = 0x0010
_COLUMNS: Final = 0x0011
_FRAMES: Final = 0x0015
_TYPE: Final = 0x0040
_ORIGIN: Final = 0x0050
_FIRST_FRAME: Final = 0x0051
_BITS_ALLOCATED: Final = 0x0100
_BIT_POSITION: Final = 0x0102
_DATA: Final = 0x3000

Mask = NDArray[np.bool_]


def overlay_mask(ds: Dataset, layout: PixelLayout, decoded: Frame, frame: int) -> Mask | None:
    """Return where the overlays of a frame stand.

    Parameters
    ----------
    ds
        Of the image.
    layout, decoded
        Of the image, and its frame: old devices hide overlays in the unused bits of the pixels
        (PS3.5 8.1.2, retired).
    frame
        Index from 0.

    Returns
    -------
    ndarray or None
        Shape (rows, columns) of the image; None where nothing is laid over it.

    Notes
    -----
    A region of interest is drawn as its outline, so that what it marks stays visible. A plane that
    is shorter than it claims is left out: the image without it is still the image.
    """
    shown = np.zeros((layout.rows, layout.columns), dtype=np.bool_)
    for bits, origin in _planes(ds, layout, decoded, frame):
        _lay(bits, origin, shown)
    return shown if shown.any() else None


def _planes(
    ds: Dataset, layout: PixelLayout, decoded: Frame, frame: int
) -> Iterator[tuple[Mask, tuple[int, int]]]:
    for group in _GROUPS:
        base = group << 16
        if stored(ds, base | _DATA) is not None:
            bits = _own_bits(ds, base, frame)
        else:
            bits = _hidden_bits(ds, base, layout, decoded)
        if bits is None:
            continue
        kind = stored(ds, base | _TYPE)
        if kind is not None and [one.text for one in texts(kind, DEFAULT_CHARSET)] == ["R"]:
            bits = _outline(bits)
        origin = _integers(ds, base | _ORIGIN)
        yield bits, (origin[0], origin[1]) if len(origin) == 2 else (1, 1)


def _own_bits(ds: Dataset, base: int, frame: int) -> Mask | None:
    """Read a plane of its own, a bit a pixel, the first in the lowest bit (PS3.5 8.1.2)."""
    rows, columns = _integer(ds, base | _ROWS), _integer(ds, base | _COLUMNS)
    found = stored(ds, base | _DATA)
    data = None if found is None else raw_bytes(found)
    if found is None or data is None or rows <= 0 or columns <= 0:
        return None
    # Without a number of frames the plane lies over each frame of the image.
    at = 0
    if _integer(ds, base | _FRAMES) > 1:
        at = frame + 1 - _integer(ds, base | _FIRST_FRAME, 1)
        if not 0 <= at < _integer(ds, base | _FRAMES):
            return None
    size = rows * columns
    if 8 * len(data) < size * (at + 1):
        return None
    if found.vr == "OW" and not found.little_endian:
        data = np.frombuffer(data[: len(data) // 2 * 2], dtype=">u2").astype("<u2").tobytes()
    first = size * at
    packed = np.frombuffer(data, dtype=np.uint8)[first // 8 : (first + size + 7) // 8]
    bits = np.unpackbits(packed, bitorder="little")[first % 8 :][:size]
    return bits.reshape(rows, columns).astype(np.bool_) if bits.size == size else None


def _hidden_bits(ds: Dataset, base: int, layout: PixelLayout, decoded: Frame) -> Mask | None:
    """Read a plane out of the pixels' unused bits."""
    if stored(ds, base | _ROWS) is None or decoded.words is None or decoded.words.ndim != 2:
        return None
    position = _integer(ds, base | _BIT_POSITION, -1)
    low = layout.high_bit + 1 - layout.bits_stored
    is_unused = 0 <= position < low or layout.high_bit < position < layout.bits_allocated
    if not is_unused or _integer(ds, base | _BITS_ALLOCATED) != layout.bits_allocated:
        return None
    words = decoded.words
    unsigned: NDArray[Any] = words.view(f"{words.dtype.byteorder}u{words.dtype.itemsize}")
    return (unsigned >> position & 1).astype(np.bool_)


def _outline(bits: Mask) -> Mask:
    inside = np.zeros_like(bits)
    inside[1:-1, 1:-1] = (
        bits[:-2, 1:-1] & bits[2:, 1:-1] & bits[1:-1, :-2] & bits[1:-1, 2:] & bits[1:-1, 1:-1]
    )
    return bits & ~inside


def _lay(bits: Mask, origin: tuple[int, int], shown: Mask) -> None:
    """Lay a plane on the picture, its first pixel at ``origin``: row and column from 1."""
    (row, column), (rows, columns) = (origin[0] - 1, origin[1] - 1), bits.shape
    top, left = max(row, 0), max(column, 0)
    bottom, right = min(row + rows, shown.shape[0]), min(column + columns, shown.shape[1])
    if top < bottom and left < right:
        shown[top:bottom, left:right] |= bits[
            top - row : bottom - row, left - column : right - column
        ]


def _integers(ds: Dataset, tag: int) -> tuple[int, ...]:
    found = stored(ds, tag)
    return () if found is None else tuple(int(one or 0) for one in numbers(found))


def _integer(ds: Dataset, tag: int, otherwise: int = 0) -> int:
    return next(iter(_integers(ds, tag)), otherwise)
