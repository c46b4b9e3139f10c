"""Where each frame of an instance's pixel data stands in its file (PS3.5 8 and A.4)."""

import struct
from array import array
from dataclasses import dataclass, field
from itertools import pairwise
from typing import Final, NamedTuple

from dicom.faults import DicomFormatError, FormatFault
from dicom.source import ByteSource
from dicom.structure import Fragments

_HEADER: Final = struct.Struct("<4sBQQQQQ")
_MAGIC: Final = b"LZFI"
_ITEM_HEADER: Final = 8
_STARTS_OF_FRAME: Final = (b"\xff\xd8\xff", b"\xff\x4f\xff\x51", b"\x00\x00\x00\x0cjP  ")
"""SOI of JPEG and JPEG-LS, SOC and SIZ of JPEG 2000, the signature box of a JP2 file."""


class ByteRange(NamedTuple):
    """A stretch of a file, in bytes."""

    offset: int
    length: int


@dataclass(frozen=True, slots=True)
class FrameIndex:
    """The byte ranges of every frame.

    Parameters
    ----------
    count
        Number of frames.
    encapsulated
        False where frames stand one after the other without gaps.
    offset
        Of the first frame in the file; native pixel data only.
    frame_bits
        Size of a native frame in bits; 0 for encapsulated.
    starts, lengths
        Offset and length in bytes of every fragment's value; empty for native.
    firsts
        Index of each frame's first fragment; empty for native.
    """

    count: int
    encapsulated: bool
    offset: int = 0
    frame_bits: int = 0
    starts: "array[int]" = field(default_factory=lambda: array("Q"))
    lengths: "array[int]" = field(default_factory=lambda: array("Q"))
    firsts: "array[int]" = field(default_factory=lambda: array("Q"))

    def ranges(self, frame: int) -> tuple[ByteRange, ...]:
        """Return the byte ranges that, joined, are one frame.

        Parameters
        ----------
        frame
            Index from 0.

        Returns
        -------
        tuple of ByteRange
            One range, or one a fragment. A native frame that does not begin or end on a byte
            shares its outer bytes with its neighbours; see `bit_shift`.

        Raises
        ------
        IndexError
            If there is no such frame.
        """
        if not 0 <= frame < self.count:
            raise IndexError(f"frame {frame} of {self.count}")
        if not self.encapsulated:
            first_bit = frame * self.frame_bits
            start = first_bit // 8
            end = (first_bit + self.frame_bits + 7) // 8
            return (ByteRange(self.offset + start, end - start),)
        last = self.firsts[frame + 1] if frame + 1 < self.count else len(self.starts)
        return tuple(
            ByteRange(self.starts[at], self.lengths[at]) for at in range(self.firsts[frame], last)
        )

    def bit_shift(self, frame: int) -> int:
        """Return how many low bits of the first byte belong to the frame before (1-bit images)."""
        return frame * self.frame_bits % 8

    def to_bytes(self) -> bytes:
        """Serialise for storage beside the object's index row; little endian."""
        head = _HEADER.pack(
            _MAGIC,
            self.encapsulated,
            self.count,
            self.offset,
            self.frame_bits,
            len(self.starts),
            len(self.firsts),
        )
        return head + b"".join(
            struct.pack(f"<{len(part)}Q", *part)
            for part in (self.starts, self.lengths, self.firsts)
        )

    @classmethod
    def from_bytes(cls, data: bytes) -> "FrameIndex":
        """Read what `to_bytes` wrote.

        Raises
        ------
        ValueError
            If ``data`` is something else.
        """
        try:
            magic, encapsulated, count, offset, bits, fragments, firsts = _HEADER.unpack_from(data)
            parts = struct.unpack_from(f"<{2 * fragments + firsts}Q", data, _HEADER.size)
        except struct.error as error:
            raise ValueError("not a frame index") from error
        if magic != _MAGIC:
            raise ValueError("not a frame index")
        return cls(
            count,
            bool(encapsulated),
            offset,
            bits,
            array("Q", parts[:fragments]),
            array("Q", parts[fragments : 2 * fragments]),
            array("Q", parts[2 * fragments :]),
        )


def index_native(offset: int, length: int, frame_bits: int, count: int) -> FrameIndex:
    """Index native pixel data.

    Parameters
    ----------
    offset, length
        Of the pixel data's value in the file, in bytes.
    frame_bits
        Bits a frame, from Rows, Columns, Samples per Pixel, Bits Allocated and subsampling.
    count
        Number of Frames.

    Raises
    ------
    DicomFormatError
        ``pixel-data-truncated`` where the value is shorter than the frames claim.
    """
    needed = (frame_bits * count + 7) // 8
    if length < needed:
        raise DicomFormatError(
            FormatFault.PIXEL_DATA_TRUNCATED, f"pixel data of {length} bytes, {needed} are claimed"
        )
    return FrameIndex(count, encapsulated=False, offset=offset, frame_bits=frame_bits)


def index_encapsulated(
    source: ByteSource, fragments: Fragments, count: int, extended_table: bytes | None
) -> FrameIndex | None:
    """Index encapsulated pixel data by offset table, by fragment count, or by start markers.

    Parameters
    ----------
    source
        The file, read only for start markers.
    fragments
        As walked.
    count
        Number of Frames.
    extended_table
        Value of Extended Offset Table (7FE0,0001), little endian, where present.

    Returns
    -------
    FrameIndex or None
        None where several frames share fragments in a way that nothing in the file tells.

    Raises
    ------
    DicomFormatError
        ``pixel-data-truncated`` where there are fewer fragments than frames, ``bad-pixel-data``
        where an offset table points at no fragment.
    """
    total = len(fragments.starts)
    if total < count:
        raise DicomFormatError(
            FormatFault.PIXEL_DATA_TRUNCATED, f"{total} fragments for {count} frames"
        )
    firsts = _firsts_by_table(fragments, count, extended_table)
    if firsts is None:
        if count == 1:
            firsts = array("Q", [0])
        elif total == count:
            firsts = array("Q", range(count))
        else:
            firsts = _firsts_by_marker(source, fragments, count)
    if firsts is None:
        return None
    return FrameIndex(
        count, encapsulated=True, starts=fragments.starts, lengths=fragments.lengths, firsts=firsts
    )


def _firsts_by_table(
    fragments: Fragments, count: int, extended_table: bytes | None
) -> "array[int] | None":
    if extended_table is not None and len(extended_table) >= 8 * count:
        offsets = struct.unpack_from(f"<{count}Q", extended_table)
    elif len(fragments.offset_table) == 4 * count:
        offsets = struct.unpack(f"<{count}I", fragments.offset_table)
    else:
        # Empty, or not a table of these frames: the fragments themselves decide.
        return None
    by_offset = {
        start - _ITEM_HEADER - fragments.base: at for at, start in enumerate(fragments.starts)
    }
    found = [by_offset.get(offset, -1) for offset in offsets]
    if found[0] != 0 or any(b <= a for a, b in pairwise(found)):
        if count in (1, len(fragments.starts)):
            # Writers leave zeros in the table; one fragment a frame needs none.
            return None
        raise DicomFormatError(
            FormatFault.BAD_PIXEL_DATA, "the offset table does not point at fragments in order"
        )
    return array("Q", found)


def _firsts_by_marker(source: ByteSource, fragments: Fragments, count: int) -> "array[int] | None":
    firsts = array("Q")
    for at, (start, length) in enumerate(zip(fragments.starts, fragments.lengths, strict=True)):
        if source.read_apart(start, min(length, 8)).startswith(_STARTS_OF_FRAME):
            firsts.append(at)
    return firsts if len(firsts) == count and firsts[0] == 0 else None
