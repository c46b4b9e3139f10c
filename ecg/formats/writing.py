"""Writing `EcgSignal` in the format that a file's name asks for."""

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Final

from ecg.formats.csv_writer import write_csv
from ecg.formats.dicom_writer import write_dicom
from ecg.formats.scp import write_scp
from ecg.formats.sniff import read
from ecg.formats.wfdb_writer import write_wfdb
from ecg.signal import EcgSignal

Files = dict[str, bytes]
"""A recording's files by name: one, but for WFDB."""


def _single(write: Callable[[EcgSignal], bytes]) -> Callable[[EcgSignal, Path], Files]:
    return lambda signal, path: {path.name: write(signal)}


def _wfdb(signal: EcgSignal, path: Path) -> Files:
    return write_wfdb(signal, path.stem)


WRITERS: Final[Mapping[str, Callable[[EcgSignal, Path], Files]]] = {
    ".dcm": _single(write_dicom),
    ".scp": _single(write_scp),
    ".csv": _single(write_csv),
    ".hea": _wfdb,
    ".dat": _wfdb,
}
"""Suffix, in lower case, to what writes it."""


def files_of(signal: EcgSignal, path: str | Path) -> Files:
    """Return the files of a signal in the format of ``path``'s suffix, by name.

    Parameters
    ----------
    signal
        What to write.
    path
        ``.dcm``, ``.scp``, ``.csv``, ``.hea`` or ``.dat`` (WFDB: both files). Nothing is written.

    Raises
    ------
    ValueError
        If no format has this suffix, or it cannot hold such a signal or name.
    """
    path = Path(path)
    writer = WRITERS.get(path.suffix.lower())
    if writer is None:
        raise ValueError(f"an ECG is written as {', '.join(WRITERS)}, not {path.suffix!r}")
    return writer(signal, path)


def write(signal: EcgSignal, path: str | Path) -> tuple[Path, ...]:
    """Write a signal beside or at ``path`` (`files_of`) and return the files written.

    Raises
    ------
    ValueError
        As `files_of`; nothing was written.
    OSError
        If a file cannot be written.
    """
    folder = Path(path).parent
    written = []
    for name, content in files_of(signal, path).items():
        (folder / name).write_bytes(content)
        written.append(folder / name)
    return tuple(written)


def convert(source: str | Path, path: str | Path) -> tuple[Path, ...]:
    """Read one file and write it in the format of ``path``'s suffix.

    Raises
    ------
    EcgFormatError
        If the source is not read.
    ValueError, OSError
        As `write`.
    """
    return write(read(source), path)
