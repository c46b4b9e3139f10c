"""What lies in a folder as several files and is one recording: a WFDB header with its companions.

header(5) of the WFDB Applications Guide: a header names its signal files, or the headers of its
segments. They travel as one stored zip archive, always the same for the same files.
"""

import os
import zipfile
from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Final, TypeVar

from ecg.formats import EcgFormatError
from ecg.formats.sniff import sniff
from ecg.formats.wfdb_header import Header, parse_header

_T = TypeVar("_T")
_BLOCK_BYTES: Final = 1 << 20
_HEAD_BYTES: Final = 1 << 20
"""More than any header has, and enough to tell a format by."""
_HEADER: Final = ".hea"
_SIGNALS: Final = frozenset({".dat", ".mat"})
"""What signal files are called; a device may write them before their header."""
_SAME_TIME: Final = (1980, 1, 1, 0, 0, 0)


@dataclass(frozen=True)
class Look:
    """What a file was at one look; taken once it is the same at a later one."""

    size: int
    modified_ns: int
    inode: int

    @classmethod
    def at(cls, found: os.stat_result) -> "Look":
        """Return it of a file's status."""
        return cls(found.st_size, found.st_mtime_ns, found.st_ino)


class Changed(Exception):
    """The file grew or went away while it was read."""


@dataclass(frozen=True)
class Unit:
    """Files that are taken together, the header first."""

    paths: tuple[Path, ...]
    complete: bool = True
    """Whether nothing is known to be missing: a header's signals, or signals' header."""


class Grouping:
    """Says what belongs together; what was read of a file is known until that changes."""

    def __init__(self) -> None:
        self._headers: dict[Path, tuple[Look, Header | None]] = {}
        self._formats: dict[Path, tuple[Look, bool]] = {}

    def units(self, found: Mapping[Path, Look]) -> list[Unit]:
        """Return what is to be taken of the files found, in their order; blocking."""
        self._forget_all_but(found)
        headers = {path: header for path in found if (header := self._header(path, found))}
        segments = {
            segment for path, header in headers.items() for segment in _segments(path, header)
        }
        # A segment is never itself of several: so no two headers can wait for each other.
        masters = [path for path in headers if path not in segments or headers[path].segments]
        beside = _by_stem(found) if masters else {}
        units = {path: self._unit(path, headers, beside, found) for path in masters}
        claimed = {path for unit in units.values() for path in unit.paths[1:]}
        for path in found.keys() - claimed - units.keys():
            awaited = path.suffix.lower() in _SIGNALS and not self._is_known(path, found)
            units[path] = Unit((path,), complete=not awaited)
        return [units[path] for path in found if path in units]

    def _unit(
        self,
        master: Path,
        headers: Mapping[Path, Header],
        beside: Mapping[tuple[Path, str], Sequence[Path]],
        found: Mapping[Path, Look],
    ) -> Unit:
        own = [master, *_segments(master, headers[master])]
        named = dict.fromkeys(own)
        for path in own:
            if path in headers:
                signals = (signal.file for signal in headers[path].signals)
                named |= dict.fromkeys(path.with_name(name) for name in signals if name != "~")
        # Annotations are called like their record, and are read by nobody alone.
        for path in own:
            for other in beside.get((path.parent, path.stem), ()):
                if other not in named and not self._is_known(other, found):
                    named[other] = None
        missing = named.keys() - found.keys()
        return Unit(tuple(path for path in named if path in found), complete=not missing)

    def _header(self, path: Path, found: Mapping[Path, Look]) -> Header | None:
        if path.suffix != _HEADER or not _is_text(path.name):
            return None
        return _remembered(self._headers, path, found[path], _parsed)

    def _is_known(self, path: Path, found: Mapping[Path, Look]) -> bool:
        return _remembered(self._formats, path, found[path], _is_of_a_known_format)

    def _forget_all_but(self, found: Mapping[Path, Look]) -> None:
        for path in self._headers.keys() - found.keys():
            del self._headers[path]
        for path in self._formats.keys() - found.keys():
            del self._formats[path]


def content(files: Sequence[tuple[Path, Look]]) -> Iterator[bytes]:
    """Yield one file as it is, several as one archive; blocking.

    Raises
    ------
    Changed
        If a file is no longer what it was; what was yielded is then worth nothing.
    """
    if len(files) == 1:
        yield from _blocks(*files[0])
        return
    sink = _Sink()
    with zipfile.ZipFile(sink, "w", zipfile.ZIP_STORED) as archive:
        for path, look in files:
            info = zipfile.ZipInfo(path.name, _SAME_TIME)
            info.file_size = look.size
            with archive.open(info, "w") as entry:
                for block in _blocks(path, look):
                    entry.write(block)
                    yield sink.taken()
    yield sink.taken()


class _Sink:
    """Takes what an archive writes, until somebody fetches it."""

    def __init__(self) -> None:
        self._written = bytearray()

    def write(self, data: bytes) -> int:
        """Take more."""
        self._written += data
        return len(data)

    def flush(self) -> None:
        """Nothing is held back."""

    def close(self) -> None:
        """Nothing is open."""

    def taken(self) -> bytes:
        """Return what came since the last time."""
        taken, self._written = bytes(self._written), bytearray()
        return taken


def _blocks(path: Path, look: Look) -> Iterator[bytes]:
    fd = _opened(path)
    try:
        while block := os.read(fd, _BLOCK_BYTES):
            yield block
        if Look.at(os.fstat(fd)) != look:
            raise Changed
    finally:
        os.close(fd)


def _opened(path: Path) -> int:
    return os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC)


def _segments(master: Path, header: Header) -> list[Path]:
    """Return where the headers of a record's segments are; a gap has none."""
    return [
        master.with_name(f"{segment.name}{_HEADER}")
        for segment in header.segments
        if segment.name is not None
    ]


def _head(path: Path) -> bytes:
    fd = _opened(path)
    try:
        return os.read(fd, _HEAD_BYTES)
    finally:
        os.close(fd)


def _parsed(path: Path) -> Header | None:
    with suppress(EcgFormatError, OSError):
        return parse_header(_head(path))
    return None


def _is_of_a_known_format(path: Path) -> bool:
    with suppress(EcgFormatError, OSError):
        sniff(_head(path))
        return True
    return not _is_text(path.name)


def _is_text(name: str) -> bool:
    """Tell whether a name can stand in an archive."""
    return name.encode("utf-8", "surrogateescape").decode("utf-8", "replace") == name


def _by_stem(paths: Mapping[Path, Look]) -> Mapping[tuple[Path, str], Sequence[Path]]:
    found = defaultdict(list)
    for path in paths:
        if path.suffix != _HEADER:
            found[path.parent, path.stem].append(path)
    return found


def _remembered(
    known: dict[Path, tuple[Look, _T]], path: Path, look: Look, of: Callable[[Path], _T]
) -> _T:
    before = known.get(path)
    if before is not None and before[0] == look:
        return before[1]
    found = of(path)
    known[path] = (look, found)
    return found
