"""Reading numbers out of bytes that may end anywhere."""

import struct
from typing import Literal

from ecg.formats.errors import EcgFormatError

ByteOrder = Literal["little", "big"]


class Cursor:
    """A place in a file's content that never leaves it.

    Parameters
    ----------
    content
        All bytes that may be read.
    format_name
        Begins every message, as people write it: ``"SCP-ECG"``.
    order
        Byte order of integers and floats.
    """

    def __init__(self, content: bytes, format_name: str, order: ByteOrder = "little") -> None:
        self._content = content
        self._format_name = format_name
        self.order = order
        self.at = 0

    @property
    def left(self) -> int:
        """Bytes from here to the end."""
        return len(self._content) - self.at

    def seek(self, at: int) -> None:
        """Go to a place from the begin.

        Raises
        ------
        EcgFormatError
            If it lies outside.
        """
        if not 0 <= at <= len(self._content):
            raise self.refusal(f"a pointer to byte {at} leaves the file")
        self.at = at

    def take(self, count: int) -> bytes:
        """Return the next bytes.

        Raises
        ------
        EcgFormatError
            If there are fewer; all methods below too.
        """
        if not 0 <= count <= self.left:
            raise self.refusal(f"the file ends within {count} bytes at byte {self.at}")
        taken = self._content[self.at : self.at + count]
        self.at += count
        return taken

    def unsigned(self, width: int) -> int:
        """Return the next unsigned integer of ``width`` bytes."""
        return int.from_bytes(self.take(width), self.order)

    def signed(self, width: int) -> int:
        """Return the next two's complement integer of ``width`` bytes."""
        return int.from_bytes(self.take(width), self.order, signed=True)

    def float(self, width: Literal[4, 8]) -> float:
        """Return the next IEEE 754 number."""
        kind = ("<" if self.order == "little" else ">") + ("f" if width == 4 else "d")
        (value,) = struct.unpack(kind, self.take(width))
        return float(value)

    def part(self, count: int) -> "Cursor":
        """Return a cursor over the next ``count`` bytes alone, and pass over them."""
        return Cursor(self.take(count), self._format_name, self.order)

    def refusal(self, reason: str) -> EcgFormatError:
        """Make the error that names this format."""
        return EcgFormatError(f"{self._format_name}: {reason}")
