"""Data elements as bytes (PS3.5 chapter 7), for what is written element by element."""

import struct
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final

LONG_VRS: Final = frozenset(
    {"OB", "OD", "OF", "OL", "OV", "OW", "SQ", "SV", "UC", "UN", "UR", "UT", "UV"}
)
"""Whose length field has 32 bits in explicit VR (PS3.5 7.1.2)."""
LONGEST_SHORT: Final = 0xFFFE
UNDEFINED_LENGTH: Final = 0xFFFFFFFF
_PADDED_WITH_NUL: Final = frozenset({"UI", "OB", "UN"})
_ITEM: Final = 0xFFFEE000


@dataclass(frozen=True, slots=True)
class Encoding:
    """How elements are written.

    Parameters
    ----------
    implicit
        Without VRs.
    little
        Byte order of tags, lengths and numbers.
    """

    implicit: bool = False
    little: bool = True

    @property
    def order(self) -> str:
        """The byte order as `struct` has it."""
        return "<" if self.little else ">"

    def element(self, tag: int, vr: str, data: bytes) -> bytes:
        """Encode an element, its value padded to an even length.

        Raises
        ------
        ValueError
            If the value is longer than its VR's length field can say.
        """
        if len(data) % 2:
            data += b"\0" if vr in _PADDED_WITH_NUL else b" "
        return self.head(tag, vr, len(data)) + data

    def head(self, tag: int, vr: str, length: int) -> bytes:
        """Encode what stands before an element's value; raises as `element`."""
        start = struct.pack(f"{self.order}HH", tag >> 16, tag & 0xFFFF)
        if self.implicit:
            return start + struct.pack(f"{self.order}I", length)
        if vr in LONG_VRS:
            return start + vr.encode() + struct.pack(f"{self.order}HI", 0, length)
        if length > LONGEST_SHORT:
            raise ValueError(f"{length} bytes do not fit a value of VR {vr}")
        return start + vr.encode() + struct.pack(f"{self.order}H", length)

    def item(self, body: bytes) -> bytes:
        """Encode an item of a sequence."""
        return struct.pack(f"{self.order}HHI", _ITEM >> 16, _ITEM & 0xFFFF, len(body)) + body

    def sequence(self, tag: int, items: Iterable[bytes]) -> bytes:
        """Encode a sequence of encoded data sets."""
        return self.element(tag, "SQ", b"".join(self.item(body) for body in items))


EXPLICIT_LITTLE: Final = Encoding()


def file_meta(
    sop_class_uid: str,
    sop_instance_uid: str,
    transfer_syntax_uid: str,
    implementation: tuple[str, str],
) -> bytes:
    """Encode an empty preamble and File Meta Information (PS3.10 7.1).

    Parameters
    ----------
    sop_class_uid, sop_instance_uid, transfer_syntax_uid
        Of the object in the file.
    implementation
        UID and version name of who writes it.
    """
    element = EXPLICIT_LITTLE.element
    body = b"".join(
        [
            element(0x00020001, "OB", b"\0\x01"),
            element(0x00020002, "UI", sop_class_uid.encode()),
            element(0x00020003, "UI", sop_instance_uid.encode()),
            element(0x00020010, "UI", transfer_syntax_uid.encode()),
            element(0x00020012, "UI", implementation[0].encode()),
            element(0x00020013, "SH", implementation[1].encode()),
        ]
    )
    return bytes(128) + b"DICM" + element(0x00020000, "UL", struct.pack("<I", len(body))) + body
