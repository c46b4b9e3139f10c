"""Bounded reading at offsets, so that a length in a file is checked before it is believed."""

import io
from typing import BinaryIO, Final

from dicom.faults import DicomFormatError, FormatFault

_WINDOW: Final = 16 * 1024


class ByteSource:
    """A seekable binary file with a small read-ahead window.

    Parameters
    ----------
    file
        Opened for reading in binary; its position is used freely.
    """

    __slots__ = ("_base", "_buffer", "_file", "size")

    def __init__(self, file: BinaryIO) -> None:
        self._file = file
        self.size = file.seek(0, io.SEEK_END)
        self._buffer = b""
        self._base = 0

    def peek(self, offset: int, length: int) -> bytes:
        """Return ``length`` bytes at ``offset`` through the window.

        Raises
        ------
        DicomFormatError
            ``truncated`` where the file ends before.
        """
        start = offset - self._base
        if start < 0 or start + length > len(self._buffer):
            if offset + length > self.size:
                raise DicomFormatError(
                    FormatFault.TRUNCATED,
                    f"{length} bytes wanted at offset {offset} of a file of {self.size}",
                )
            self._file.seek(offset)
            self._buffer = self._read(max(length, min(_WINDOW, self.size - offset)))
            self._base = offset
            start = 0
        return self._buffer[start : start + length]

    def window(self) -> tuple[bytes, int]:
        """Return the window's bytes and the offset at which they stand in the file."""
        return self._buffer, self._base

    def read_apart(self, offset: int, length: int) -> bytes:
        """Return bytes without moving the window; for headers far apart, such as fragments'."""
        if offset + length > self.size:
            raise DicomFormatError(
                FormatFault.TRUNCATED,
                f"{length} bytes wanted at offset {offset} of a file of {self.size}",
            )
        self._file.seek(offset)
        return self._read(length)

    def _read(self, length: int) -> bytes:
        parts = []
        missing = length
        while missing:
            part = self._file.read(missing)
            if not part:
                raise DicomFormatError(FormatFault.TRUNCATED, "the file shrank while it was read")
            parts.append(part)
            missing -= len(part)
        return parts[0] if len(parts) == 1 else b"".join(parts)
