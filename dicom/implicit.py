"""Explicit VR Little Endian made implicit: what the oldest archives take, and every one must.

References
----------
DICOM PS3.5 sections 7.1.3 and 10.1, annex A.1.
"""

import struct
from typing import BinaryIO, Final

from pydicom.valuerep import EXPLICIT_VR_LENGTH_32

from dicom.faults import DicomFormatError, FormatFault

_BLOCK_BYTES: Final = 1 << 20
_UNDEFINED: Final = 0xFFFFFFFF
_LONG_VRS: Final = frozenset(str(vr).encode() for vr in EXPLICIT_VR_LENGTH_32)
_GROUP_OF_ITEMS: Final = 0xFFFE


def write_implicit(source: BinaryIO, out: BinaryIO) -> None:
    """Copy a data set, each value byte for byte, without its VRs.

    Parameters
    ----------
    source
        At the first element of a data set as `dicom.writer` writes it: its sequences and their
        items have undefined length.
    out
        Written at its position.

    Raises
    ------
    DicomFormatError
        If the data set is cut, or has lengths that would no longer be true.
    """
    while header := source.read(8):
        if len(header) < 8:
            raise _cut()
        group, element, vr, short_length = struct.unpack("<HH2sH", header)
        if group == _GROUP_OF_ITEMS:
            # Items and delimiters have no VR.
            if element == 0xE000 and header[4:] != b"\xff" * 4:
                raise DicomFormatError(FormatFault.BAD_STRUCTURE, "an item has a length")
            out.write(header)
            continue
        length = short_length
        if vr in _LONG_VRS:
            long_length = source.read(4)
            if len(long_length) < 4:
                raise _cut()
            length = int.from_bytes(long_length, "little")
        out.write(struct.pack("<HHI", group, element, length))
        if vr == b"SQ":
            if length not in {0, _UNDEFINED}:
                raise DicomFormatError(FormatFault.BAD_STRUCTURE, "a sequence has a length")
        elif length == _UNDEFINED:
            raise DicomFormatError(FormatFault.BAD_STRUCTURE, "fragments are never implicit")
        else:
            _copy(source, out, length)


def _copy(source: BinaryIO, out: BinaryIO, length: int) -> None:
    while length:
        block = source.read(min(length, _BLOCK_BYTES))
        if not block:
            raise _cut()
        out.write(block)
        length -= len(block)


def _cut() -> DicomFormatError:
    return DicomFormatError(FormatFault.TRUNCATED, "the data set ends within an element")
