"""Every file that pydicom, pydicom-data and pynetdicom ship, and what must become of each."""

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from hashlib import sha256
from pathlib import Path
from typing import Final

import data_store
import pydicom.data
import pynetdicom

from dicom.faults import DicomFormatError
from dicom.part10 import Part10Header, scan

PACKAGES: Final = {
    "pydicom": Path(pydicom.data.__file__).parent,
    "pydicom-data": Path(data_store.__file__).parent / "data",
    "pynetdicom": Path(pynetdicom.__file__).parent / "tests",
}
_TABLE: Final = Path(__file__).parents[1] / "data" / "real_files.tsv"
_CODE: Final = {".py", ".pyc"}
_SYNTAX_TOLD: Final = {
    "OT-PAL-8-face.dcm": "1.2.840.10008.1.2",
    "test_files/ExplVR_BigEndNoMeta.dcm": "1.2.840.10008.1.2.2",
    "test_files/ExplVR_LitEndNoMeta.dcm": "1.2.840.10008.1.2.1",
    "test_files/rtstruct.dcm": "1.2.840.10008.1.2",
}
"""Of files that do not name theirs: a device that sends such a data set names it."""


@dataclass(frozen=True)
class RealFile:
    """A file of a package."""

    package: str
    name: str
    """Its path within the package's data."""

    @property
    def path(self) -> Path:
        """Where it is."""
        return PACKAGES[self.package] / self.name

    @cached_property
    def data(self) -> bytes:
        """Its bytes."""
        return self.path.read_bytes()

    @cached_property
    def sha256(self) -> str:
        """Their digest."""
        return sha256(self.data).hexdigest()

    @property
    def is_bare(self) -> bool:
        """Whether only its sender can tell its transfer syntax."""
        return self.name in _SYNTAX_TOLD

    @cached_property
    def header(self) -> Part10Header | None:
        """What a scan finds, None where it refuses the data set."""
        try:
            return scan(self.path, transfer_syntax=_SYNTAX_TOLD.get(self.name))
        except DicomFormatError:
            return None

    def __str__(self) -> str:
        """Name it for a test's report."""
        return f"{self.package}/{self.name}"


def _found() -> Iterator[RealFile]:
    for package, root in PACKAGES.items():
        for path in sorted(root.rglob("*")):
            if path.is_file() and path.suffix not in _CODE:
                yield RealFile(package, path.relative_to(root).as_posix())


REAL_FILES: Final = tuple(_found())


def pinned() -> dict[str, str]:
    """Return the outcome of each file as ``real_files.tsv`` pins it."""
    return {
        name: outcome
        for name, _, outcome in (line.partition("\t") for line in _TABLE.read_text().splitlines())
    }


def waves(files: tuple[RealFile, ...]) -> list[list[RealFile]]:
    """Part files into lists that name no instance twice.

    Several files are one image in several encodings, under one SOP Instance UID. An archive keeps
    the first it gets, so each list needs an archive of its own.
    """
    parted: list[list[RealFile]] = []
    seen: dict[str, int] = {}
    for file in files:
        uid = str(file) if file.header is None else file.header.sop_instance_uid
        wave = seen[uid] = seen.get(uid, -1) + 1
        if wave == len(parted):
            parted.append([])
        parted[wave].append(file)
    return parted
