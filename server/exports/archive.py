"""A ZIP written in one pass and never held: stored entries with data descriptors, ZIP64 as needed.

After PKWARE's APPNOTE 6.3.10. Nothing is compressed: pixel data that can be is so already. Since
nothing is, the size of the whole is known before its first byte.
"""

import struct
import zlib
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Final

_LARGEST_32: Final = 0xFFFFFFFF
_MOST_ENTRIES_16: Final = 0xFFFF
_VERSION: Final = 20
_VERSION_64: Final = 45
_MADE_ON_UNIX: Final = 3 << 8
_MODE: Final = 0o100644 << 16
_DESCRIPTOR_FOLLOWS: Final = 1 << 3
_NAME_IS_UTF8: Final = 1 << 11
_FLAGS: Final = _DESCRIPTOR_FOLLOWS | _NAME_IS_UTF8
_HEADROOM: Final = 1 << 20


@dataclass
class _Entry:
    name: bytes
    offset: int
    is_64: bool
    size: int = 0
    crc: int = 0


class ZipWriter:
    """Gives the bytes around the entries; the caller sends them on, and the entries between."""

    def __init__(self, made_at: datetime) -> None:
        self._moment = struct.pack(
            "<HH",
            made_at.hour << 11 | made_at.minute << 5 | made_at.second // 2,
            (max(made_at.year, 1980) - 1980) << 9 | made_at.month << 5 | made_at.day,
        )
        self._entries: list[_Entry] = []
        self._at = 0

    def begin(self, name: str, size: int) -> bytes:
        """Begin an entry of about ``size`` bytes (within a MiB) and return its header."""
        entry = _Entry(name.encode(), self._at, is_64=size + _HEADROOM > _LARGEST_32)
        self._entries.append(entry)
        extra = struct.pack("<HHQQ", 1, 16, 0, 0) if entry.is_64 else b""
        unknown = _LARGEST_32 if entry.is_64 else 0
        return self._sent(
            struct.pack("<4sHHH", b"PK\3\4", _version(entry), _FLAGS, 0)
            + self._moment
            + struct.pack("<IIIHH", 0, unknown, unknown, len(entry.name), len(extra))
            + entry.name
            + extra
        )

    def write(self, block: bytes) -> bytes:
        """Count a block of the entry begun last, and return it."""
        entry = self._entries[-1]
        entry.crc = zlib.crc32(block, entry.crc)
        self._skip(len(block))
        return block

    def end(self) -> bytes:
        """End the entry begun last and return its data descriptor.

        Raises
        ------
        ValueError
            If it became larger than its header can say.
        """
        entry = self._entries[-1]
        if entry.size > _LARGEST_32 and not entry.is_64:
            raise ValueError(f"the entry has {entry.size} bytes, far more than was said")
        sizes = "QQ" if entry.is_64 else "II"
        return self._sent(
            struct.pack(f"<4sI{sizes}", b"PK\7\x08", entry.crc, entry.size, entry.size)
        )

    def close(self) -> bytes:
        """Return the central directory."""
        start = self._at
        directory = b"".join(self._central(entry) for entry in self._entries)
        size, count = len(directory), len(self._entries)
        end = b""
        few, small, near = count, size, start
        if start > _LARGEST_32 or size > _LARGEST_32 or count > _MOST_ENTRIES_16:
            # Who reads ZIP64 looks for it where these say nothing (APPNOTE 4.4.1.4).
            few, small, near = 0xFFFF, _LARGEST_32, _LARGEST_32
            end += struct.pack(
                "<4sQHHIIQQQQ",
                b"PK\6\6", 44, _MADE_ON_UNIX | _VERSION_64, _VERSION_64, 0, 0, count, count, size,
                start,
            )  # fmt: skip
            end += struct.pack("<4sIQI", b"PK\6\7", 0, start + size, 1)
        end += struct.pack("<4sHHHHIIH", b"PK\5\6", 0, 0, few, few, small, near, 0)
        return self._sent(directory + end)

    def _central(self, entry: _Entry) -> bytes:
        # What does not fit its field stands in the extra field, in this order (APPNOTE 4.5.3).
        beyond = [entry.size, entry.size] if entry.is_64 else []
        if entry.offset > _LARGEST_32:
            beyond.append(entry.offset)
        extra = struct.pack(f"<HH{len(beyond)}Q", 1, 8 * len(beyond), *beyond) if beyond else b""
        size = _LARGEST_32 if entry.is_64 else entry.size
        version = _VERSION_64 if beyond else _VERSION
        return (
            struct.pack("<4sHHHH", b"PK\1\2", _MADE_ON_UNIX | version, version, _FLAGS, 0)
            + self._moment
            + struct.pack(
                "<IIIHHHHHII",
                entry.crc, size, size, len(entry.name), len(extra), 0, 0, 0, _MODE,
                min(entry.offset, _LARGEST_32),
            )
            + entry.name
            + extra
        )  # fmt: skip

    def _skip(self, count: int) -> None:
        self._entries[-1].size += count
        self._at += count

    def _sent(self, data: bytes) -> bytes:
        self._at += len(data)
        return data

    def _measure(self, name: str, size: int) -> int:
        head = self.begin(name, size)
        self._skip(size)
        return len(head) + size + len(self.end())


def zip_size(entries: Iterable[tuple[str, int]]) -> int:
    """Return how many bytes a ZIP of these names and sizes has."""
    writer = ZipWriter(datetime(1980, 1, 1))  # noqa: DTZ001 -- a ZIP's time has no zone
    total = sum(writer._measure(name, size) for name, size in entries)  # noqa: SLF001 -- one mechanism
    return total + len(writer.close())


def _version(entry: _Entry) -> int:
    return _VERSION_64 if entry.is_64 else _VERSION
