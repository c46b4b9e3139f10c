"""What precedes the data set of a Part 10 file: preamble and meta information (PS3.10 7.1)."""

from dataclasses import dataclass
from typing import Final

from pydicom.dataset import Dataset

from dicom.faults import DicomFormatError, FormatFault
from dicom.source import ByteSource
from dicom.structure import ScanLimits
from dicom.walker import Walker

_PREAMBLE: Final = 128
_PREFIX: Final = b"DICM"
_LONGEST_META: Final = 1024 * 1024


@dataclass(frozen=True, slots=True)
class Opening:
    """The part of a file before its data set.

    Parameters
    ----------
    meta
        File Meta Information (group 0002).
    dataset_offset
        Where the data set begins, in bytes.
    preamble_is_zero
        False for a file that may be read as something else, too.
    """

    meta: Dataset
    dataset_offset: int
    preamble_is_zero: bool


def read_opening(
    source: ByteSource, limits: ScanLimits, transfer_syntax: str | None = None
) -> Opening:
    """Read what precedes the data set; a missing preamble is forgiven.

    Parameters
    ----------
    source
        The file.
    limits
        What it may cost.
    transfer_syntax
        For a bare data set without meta information.

    Raises
    ------
    DicomFormatError
        With the code of the first fault found.
    """
    start = 0
    zero = True
    if source.size >= _PREAMBLE + 4 and source.peek(_PREAMBLE, 4) == _PREFIX:
        start = _PREAMBLE + 4
        zero = not source.peek(0, _PREAMBLE).strip(b"\0")
    elif source.size >= 8 and source.peek(0, 4) == _PREFIX:
        start = 4
    end = _end_of_meta(source, start)
    if end == start:
        if start == 0 and transfer_syntax is None:
            raise _not_a_file(source)
        return Opening(Dataset(), start, zero)
    walker = Walker(source, limits, implicit=False, little=True)
    return Opening(walker.walk(start, end).dataset, end, zero)


def _end_of_meta(source: ByteSource, start: int) -> int:
    """Find where group 0002 ends, by the elements themselves: its length element often lies."""
    pos = start
    while pos + 8 <= source.size:
        head = source.peek(pos, 8)
        if head[:2] != b"\x02\x00" or not head[4:6].isupper():
            break
        if head[4:6] in (b"OB", b"UN", b"UT", b"OW", b"SQ"):
            if pos + 12 > source.size:
                raise DicomFormatError(FormatFault.TRUNCATED, "the meta information is cut")
            pos += 12 + int.from_bytes(source.peek(pos + 8, 4), "little")
        else:
            pos += 8 + int.from_bytes(head[6:8], "little")
        if pos > source.size or pos - start > _LONGEST_META:
            raise DicomFormatError(FormatFault.TRUNCATED, "the meta information is cut")
    return pos


def _not_a_file(source: ByteSource) -> DicomFormatError:
    if source.size >= 8:
        head = source.peek(0, 8)
        little, big = (int.from_bytes(head[:2], order) for order in ("little", "big"))
        if 8 in (little, big) or (little == 2 and head[6:8] == b"\0\0"):
            return DicomFormatError(
                FormatFault.MISSING_META, "a bare data set, and no transfer syntax is known"
            )
    return DicomFormatError(FormatFault.NOT_DICOM, "neither a preamble nor meta information")
