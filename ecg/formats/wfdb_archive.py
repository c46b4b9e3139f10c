"""One WFDB record in a zip archive, so that its several files travel as one."""

import io
import lzma
import stat
import struct
import zipfile
import zlib
from pathlib import PurePosixPath
from typing import Final

from ecg.formats.companions import is_bare_name
from ecg.formats.errors import EcgFormatError, Fault
from ecg.formats.wfdb import read_wfdb_record
from ecg.formats.wfdb_header import parse_header
from ecg.signal import EcgSignal

MAX_ENTRIES: Final = 4096
MAX_TOTAL_BYTES: Final = 256 * 1024 * 1024
# A flat line deflates to about 1:1000; such a record is not sent for reading.
MAX_RATIO: Final = 200
# Below this the ratio harms nobody.
FREE_BYTES: Final = 1 << 20
# What packing adds to what cannot be packed: five bytes a block, and its frame.
_PACKING_BYTES: Final = 1024
_DIRECTORY_ENTRY: Final = b"PK\x01\x02"
_METHODS: Final = (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED)
_FAULTS: Final = (
    zipfile.BadZipFile,
    zlib.error,
    lzma.LZMAError,
    struct.error,
    NotImplementedError,
    RuntimeError,
    OSError,
    EOFError,
    ValueError,
    IndexError,
    KeyError,
    OverflowError,
)


def _refusal(reason: str, fault: Fault = Fault.UNREADABLE) -> EcgFormatError:
    return EcgFormatError(f"WFDB archive: {reason}", fault)


def _leads_out(info: zipfile.ZipInfo) -> bool:
    """Tell whether an entry is meant for another place than where the archive is unpacked."""
    path = PurePosixPath(info.filename)
    return path.is_absolute() or ".." in path.parts or stat.S_ISLNK(info.external_attr >> 16)


class Archive:
    """The files of one folder of a zip archive, read within bounds."""

    def __init__(self, file: zipfile.ZipFile) -> None:
        infos = [info for info in file.infolist() if info.filename and not info.is_dir()]
        if sum(info.file_size for info in infos) > MAX_TOTAL_BYTES:
            raise _refusal(f"it unpacks to more than {MAX_TOTAL_BYTES >> 20} MiB", Fault.TOO_LARGE)
        if any(map(_leads_out, infos)):
            raise _refusal("it holds a link or a path out of its folder", Fault.HOSTILE)
        headers = [
            path for info in infos if (path := PurePosixPath(info.filename)).suffix == ".hea"
        ]
        folders = {path.parent for path in headers}
        if len(folders) != 1:
            raise _refusal("it must hold the header of one record")
        (folder,) = folders
        self._file = file
        self._entries: dict[str, zipfile.ZipInfo] = {}
        for info in infos:
            path = PurePosixPath(info.filename)
            if path.parent == folder and is_bare_name(path.name):
                if path.name in self._entries:
                    raise _refusal(f"it holds {path.name:.60} twice")
                self._entries[path.name] = info

    def headers(self) -> dict[str, bytes]:
        """Return the header files by name."""
        return {name: self.content(name) for name in self._entries if name.endswith(".hea")}

    def content(self, name: str) -> bytes:
        """Return one file's content; see `ecg.formats.companions.Companions`."""
        info = self._entries.get(name)
        if info is None:
            raise _refusal(f"{name:.60} is missing in it")
        if info.flag_bits & 0x1:
            raise _refusal("it is encrypted")
        if info.compress_type not in _METHODS:
            raise _refusal("only stored and deflated entries are read")
        if info.file_size > FREE_BYTES and info.file_size > MAX_RATIO * info.compress_size:
            raise _refusal(
                f"{name:.60} unpacks to more than {MAX_RATIO} times its size", Fault.TOO_LARGE
            )
        if info.compress_size > info.file_size + info.file_size // 1000 + _PACKING_BYTES:
            raise _refusal(f"{name:.60} is packed larger than it is said to be", Fault.HOSTILE)
        try:
            with self._file.open(info) as entry:
                content = entry.read(info.file_size + 1)
        except _FAULTS as error:
            raise _refusal(f"{name:.60} is damaged") from error
        if len(content) != info.file_size:
            raise _refusal(f"{name:.60} is not as long as stated")
        return content


def _opened(content: bytes) -> zipfile.ZipFile:
    # Opening it reads the whole directory, however long.
    if content.count(_DIRECTORY_ENTRY) > MAX_ENTRIES:
        raise _refusal(f"it has more than {MAX_ENTRIES} entries", Fault.TOO_LARGE)
    try:
        return zipfile.ZipFile(io.BytesIO(content))
    except _FAULTS as error:
        raise _refusal("it is damaged") from error


def looks_like_wfdb_archive(content: bytes) -> bool:
    """Return whether content is a zip archive that names a WFDB header."""
    return content[:4] == b"PK\x03\x04" and b".hea" in content


def read_wfdb_archive(content: bytes) -> EcgSignal:
    """Read the one WFDB record of a zip archive.

    Parameters
    ----------
    content
        At most 4096 entries, stored or deflated, that unpack to at most 256 MiB, none to more than
        200 times its size; the record's files in one folder. Of several headers, one must name the
        others as its segments.

    Returns
    -------
    EcgSignal

    Raises
    ------
    EcgFormatError
        If the archive is none of this, or the record in it is not read.
    """
    with _opened(content) as file:
        archive = Archive(file)
        headers = archive.headers()
        parsed = {name: parse_header(raw) for name, raw in headers.items()}
        segments = {f"{part.name}.hea" for each in parsed.values() for part in each.segments}
        masters = [name for name in headers if name not in segments]
        if len(masters) != 1:
            raise _refusal(f"it holds {len(masters)} records, and one is read at a time")
        return read_wfdb_record(headers[masters[0]], archive)
