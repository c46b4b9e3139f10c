"""Palette colour tables, plain and segmented (PS3.3 C.7.6.3.1.5, C.7.9.2)."""

from typing import Any, Final

import numpy as np
from numpy.typing import NDArray
from pydicom.dataset import Dataset

from dicom import dataset as access
from dicom.codestream import DecodeError, DecodeFault

_COLOURS: Final = ("Red", "Green", "Blue")
_MOST_ENTRIES: Final = 65536


def apply_palette(ds: Dataset, indices: NDArray[Any]) -> NDArray[np.float32]:
    """Replace palette indices by their colours.

    Parameters
    ----------
    ds
        With the palette color lookup table module.
    indices
        Shape (rows, columns).

    Returns
    -------
    ndarray
        Shape (rows, columns, 3), 0 to 255.

    Raises
    ------
    DecodeError
        ``corrupt`` where a table is absent or shorter than its descriptor says.
    """
    planes = []
    for colour in _COLOURS:
        table, first = _table(ds, colour, negative=bool(indices.min(initial=0) < 0))
        at = np.clip(indices.astype(np.int64) - first, 0, table.size - 1)
        planes.append(table[at])
    return np.stack(planes, axis=-1)


def _table(ds: Dataset, colour: str, *, negative: bool) -> tuple[NDArray[np.float32], int]:
    """Return a table scaled to 0..255, and the index of its first entry."""
    descriptor = access.numbers_of(ds, f"{colour}PaletteColorLookupTableDescriptor")
    if len(descriptor) != 3 or None in descriptor:
        raise DecodeError(DecodeFault.CORRUPT, f"no {colour} palette")
    entries, first, bits = (int(one or 0) for one in descriptor)
    entries = entries or _MOST_ENTRIES
    if negative and first > 32767:
        first -= 65536
    plain = f"{colour}PaletteColorLookupTableData"
    segmented = f"Segmented{plain}"
    if access.element(ds, plain) is not None:
        values = _words(ds, plain, one_byte=bits == 8, entries=entries)
    else:
        values = _expand(_words(ds, segmented, one_byte=bits == 8, entries=None))
    if values.size < entries:
        raise DecodeError(DecodeFault.CORRUPT, f"the {colour} palette is cut")
    values = values[:entries]
    # Some writers keep 8-bit colours in the low byte of 16-bit entries (C.7.6.3.1.5 note).
    full = 255.0 if values.max(initial=0) < 256 else 65535.0
    return (values * (255.0 / full)).astype(np.float32), first


def _words(ds: Dataset, keyword: str, *, one_byte: bool, entries: int | None) -> NDArray[Any]:
    found, raw = access.element(ds, keyword), access.binary(ds, keyword)
    if found is None or not raw:
        raise DecodeError(DecodeFault.CORRUPT, f"no {keyword}")
    if one_byte and (entries is None or len(raw) < 2 * entries):
        return np.frombuffer(raw, dtype=np.uint8)
    order = "<" if found.little_endian else ">"
    return np.frombuffer(raw[: len(raw) // 2 * 2], dtype=f"{order}u2")


def _expand(words: NDArray[Any]) -> NDArray[Any]:
    """Expand a segmented table: discrete, linear and (once removed) indirect segments."""
    source = [int(word) for word in words]
    out: list[int] = []
    pos = 0
    while pos + 1 < len(source) and len(out) <= _MOST_ENTRIES:
        operation, length = source[pos], source[pos + 1]
        if operation == 2:
            if pos + 3 >= len(source):
                break
            start = source[pos + 2] | source[pos + 3] << 16
            _copy_segments(source, start, length, out)
            pos += 4
        else:
            pos = _segment(source, pos, out)
    return np.array(out[:_MOST_ENTRIES])


def _copy_segments(source: list[int], start: int, count: int, out: list[int]) -> None:
    for _ in range(count):
        if start + 1 >= len(source) or len(out) > _MOST_ENTRIES or source[start] == 2:
            return
        start = _segment(source, start, out)


def _segment(source: list[int], pos: int, out: list[int]) -> int:
    """Append one discrete (0) or linear (1) segment and return where the next begins."""
    operation, length = source[pos], source[pos + 1]
    if operation == 0:
        out.extend(source[pos + 2 : pos + 2 + length])
        return pos + 2 + length
    if operation != 1 or pos + 2 >= len(source) or not out:
        raise DecodeError(DecodeFault.CORRUPT, "a segmented palette out of order")
    begin, end = out[-1], source[pos + 2]
    steps = np.linspace(begin, end, length + 1)[1:]
    out.extend(round(step) for step in steps)
    return pos + 3
