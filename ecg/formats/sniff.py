"""Tell formats by their content, never by their name, and read them."""

from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import Final

from ecg.formats.aecg import looks_like_aecg, read_aecg
from ecg.formats.cardiosoft import looks_like_cardiosoft, read_cardiosoft
from ecg.formats.companions import Companions, Folder
from ecg.formats.contec import looks_like_contec, read_contec
from ecg.formats.csv_reader import read_csv
from ecg.formats.csv_table import looks_like_csv
from ecg.formats.dicom import looks_like_dicom, read_dicom
from ecg.formats.edf import looks_like_edf, read_edf
from ecg.formats.errors import EcgFormatError, Fault
from ecg.formats.mfer import looks_like_mfer, read_mfer
from ecg.formats.mortara import looks_like_mortara, read_mortara
from ecg.formats.muse import looks_like_muse, read_muse
from ecg.formats.sapphire import looks_like_sapphire, read_sapphire
from ecg.formats.scp import looks_like_scp, read_scp
from ecg.formats.sierra import looks_like_sierra, read_sierra
from ecg.formats.wfdb import looks_like_wfdb, read_wfdb, read_wfdb_record
from ecg.formats.wfdb_archive import looks_like_wfdb_archive, read_wfdb_archive
from ecg.signal import EcgSignal

MAX_BYTES = 256 * 1024 * 1024


class Format(StrEnum):
    """Formats that `read` knows."""

    DICOM = "dicom"
    SCP = "scp"
    CONTEC = "contec"
    CSV = "csv"
    EDF = "edf"
    MFER = "mfer"
    WFDB = "wfdb"
    AECG = "aecg"
    MUSE = "muse"
    SIERRA = "sierra"
    SAPPHIRE = "sapphire"
    CARDIOSOFT = "cardiosoft"
    MORTARA = "mortara"


@dataclass(frozen=True)
class Reader:
    """One format: how its content is told, and how it is read.

    Attributes
    ----------
    looks_like
        Judges by the first bytes and never raises.
    read
        Raises `EcgFormatError` and nothing else.
    read_beside
        Reads a recording of several files, given its header and where the others are; `read` then
        says which are missing. None for formats of one file.
    """

    format: Format
    looks_like: Callable[[bytes], bool]
    read: Callable[[bytes], EcgSignal]
    read_beside: Callable[[bytes, Companions], EcgSignal] | None = None


# The surest signs first.
READERS: Final = (
    Reader(Format.DICOM, looks_like_dicom, read_dicom),
    Reader(Format.SCP, looks_like_scp, read_scp),
    Reader(Format.EDF, looks_like_edf, read_edf),
    Reader(Format.MFER, looks_like_mfer, read_mfer),
    Reader(Format.CONTEC, looks_like_contec, read_contec),
    Reader(Format.WFDB, looks_like_wfdb, read_wfdb, read_wfdb_record),
    Reader(Format.WFDB, looks_like_wfdb_archive, read_wfdb_archive),
    Reader(Format.AECG, looks_like_aecg, read_aecg),
    Reader(Format.MUSE, looks_like_muse, read_muse),
    Reader(Format.SIERRA, looks_like_sierra, read_sierra),
    Reader(Format.SAPPHIRE, looks_like_sapphire, read_sapphire),
    Reader(Format.CARDIOSOFT, looks_like_cardiosoft, read_cardiosoft),
    Reader(Format.MORTARA, looks_like_mortara, read_mortara),
    Reader(Format.CSV, looks_like_csv, read_csv),
)


def reader_of(content: bytes) -> Reader:
    """Return the reader for a file's content.

    Raises
    ------
    EcgFormatError
        If it is empty or none that is known.
    """
    if not content:
        raise EcgFormatError("the file is empty")
    for reader in READERS:
        if reader.looks_like(content):
            return reader
    raise EcgFormatError("the format is not known")


def sniff(content: bytes) -> Format:
    """Name the format of a file's content.

    Raises
    ------
    EcgFormatError
        If it is empty or none that is known.
    """
    return reader_of(content).format


def _content(source: str | Path | bytes) -> bytes:
    if isinstance(source, bytes):
        content = source
    else:
        path = Path(source)
        try:
            # Not by the size it states: a pipe or a device states none, and may never end.
            with path.open("rb") as file:
                content = file.read(MAX_BYTES + 1)
        except (OSError, ValueError) as error:
            reason = error.strerror if isinstance(error, OSError) else "not a path"
            raise EcgFormatError(f"the file cannot be read: {reason}") from error
    if len(content) > MAX_BYTES:
        raise EcgFormatError(f"the file is larger than {MAX_BYTES >> 20} MiB", Fault.TOO_LARGE)
    return content


def read(source: str | Path | bytes, *, beside: bool = True) -> EcgSignal:
    """Read one ECG file.

    Parameters
    ----------
    source
        A path, or the file's content, at most 256 MiB. A recording of several files (WFDB) is read
        by the path of its header, with the others beside it, or as one zip archive.
    beside
        Whether a header at a path may be completed from its folder: not where strangers' files lie
        together, since one could then show the bytes of another.

    Returns
    -------
    EcgSignal
        With ``source_format`` set.

    Raises
    ------
    EcgFormatError
        For every file that is not read, with one clear line.
    """
    try:
        content = _content(source)
        reader = reader_of(content)
        if reader.read_beside is None or isinstance(source, bytes) or not beside:
            return reader.read(content)
        return reader.read_beside(content, Folder(Path(source).parent, MAX_BYTES))
    except MemoryError as error:  # a day of many leads takes gigabytes
        raise EcgFormatError("the recording needs more memory than there is") from error
