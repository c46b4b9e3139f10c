"""Pictures one after another in one GIF, written as they are drawn (GIF89a)."""

import struct
from typing import Final

from dicom.render import Picture

END: Final = b";"
"""What follows the last frame."""

_HEADER: Final = struct.Struct("<6sHHBBB")
_LOOPING: Final = b"!\xff\x0bNETSCAPE2.0\x03\x01\x00\x00\x00"
_UNTOLD_MS: Final = 100.0
_LEAST_CS: Final = 2
"""Browsers show what is shorter for a tenth of a second."""
_MOST_CS: Final = 0xFFFF


def beginning(first: Picture) -> bytes:
    """Return what precedes the frames of an animation that goes on for ever.

    Parameters
    ----------
    first
        The first frame, a GIF: its size and its palette hold for all.
    """
    _, width, height, packed, background, aspect = _HEADER.unpack_from(first.data)
    head = _HEADER.pack(b"GIF89a", width, height, packed, background, aspect)
    return head + first.data[_HEADER.size : _palette_end(first)] + _LOOPING


def frame(picture: Picture) -> bytes:
    """Return a GIF of the size and palette of the first as a frame.

    It is shown for as long as its object says, a tenth of a second where that says nothing.
    """
    told = _UNTOLD_MS if picture.shown_ms is None else picture.shown_ms
    shown_cs = round(min(max(told / 10, _LEAST_CS), _MOST_CS))
    control = struct.pack("<3sBHBB", b"!\xf9\x04", 1 << 2, shown_cs, 0, 0)
    return control + picture.data[_palette_end(picture) : -len(END)]


def _palette_end(picture: Picture) -> int:
    packed = _HEADER.unpack_from(picture.data)[3]
    return _HEADER.size + (3 << (packed & 7) + 1 if packed & 0x80 else 0)
