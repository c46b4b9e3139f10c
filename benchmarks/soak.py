"""A soak: a study every second comes, is found and is read, while memory is watched."""

import shutil
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from http.client import HTTPConnection
from pathlib import Path
from statistics import median
from typing import Final

from pydicom import dcmread

from benchmarks import ours
from benchmarks.corpus import write_series
from benchmarks.processes import Process
from benchmarks.rows import Row
from benchmarks.senders import DcmSend

_LIMIT_S: Final = 60.0
_EVERY_S: Final = 1.0
_SLICES: Final = 2
_PART10: Final = b"DICM"


@dataclass
class Reader:
    """A reader's requests on one connection."""

    port: int
    bearer: str
    _connection: HTTPConnection = field(init=False)

    def __post_init__(self) -> None:
        """Connect with the first request."""
        self._connection = HTTPConnection("127.0.0.1", self.port, timeout=_LIMIT_S)

    def study(self, uid: str) -> bytes:
        """Retrieve a study as it is stored (WADO-RS)."""
        accept = 'multipart/related; type="application/dicom"; transfer-syntax=*'
        return self.get(f"/dicomweb/studies/{uid}", accept)

    def get(self, path: str, accept: str = "application/dicom+json") -> bytes:
        """Return what is found.

        Raises
        ------
        RuntimeError
            Unless the answer is 200.
        """
        headers = {"Authorization": f"Bearer {self.bearer}", "Accept": accept}
        self._connection.request("GET", path, headers=headers)
        response = self._connection.getresponse()
        body = response.read()
        if response.status != 200:
            raise RuntimeError(f"GET {path} answered {response.status}: {body[:300]!r}")
        return body


def measure(
    dicom_port: int,
    reader: Reader,
    roles: Mapping[str, Process],
    corpus: Path,
    minutes: int,
    tell: Callable[[str], None],
) -> list[Row]:
    """Work for ``minutes``; return how memory drifts from the second quarter to the last.

    Raises
    ------
    RuntimeError
        If something sent is not found or not read as a whole.
    """
    samples_mb: dict[str, list[float]] = {role: [] for role in roles}
    ends_s = time.monotonic() + 60 * minutes
    number = 0
    while (begins_s := time.monotonic()) < ends_s:
        _one_study(dicom_port, reader, corpus / "soak", number)
        for role, process in roles.items():
            samples_mb[role].append(process.resident_mb)
        number += 1
        if number % 60 == 0:
            tell(f"soak: {number} studies, {(ends_s - time.monotonic()) / 60:.0f} minutes to go")
        # One study a second, however quickly it was done with.
        time.sleep(max(0.0, begins_s + _EVERY_S - time.monotonic()))
    what = f"memory, soak of {minutes} min and {number} studies, drift"
    return [
        Row(f"{what}, {role}", "%", ours.NAME, [_drift_percent(samples)])
        for role, samples in samples_mb.items()
    ]


def _one_study(dicom_port: int, reader: Reader, folder: Path, number: int) -> None:
    sent = write_series(folder, _SLICES, seed=number)
    uid = dcmread(folder / "0000.dcm", stop_before_pixels=True).StudyInstanceUID
    DcmSend().send(dicom_port, [sent])
    shutil.rmtree(folder)
    if uid.encode() not in reader.get("/dicomweb/studies?limit=100"):
        raise RuntimeError(f"study {uid} is not among the newest")
    reader.get(f"/dicomweb/studies/{uid}/metadata")
    found = reader.study(uid).count(b"\0" * 128 + _PART10)
    if found != _SLICES:
        raise RuntimeError(f"study {uid} has {found} of {_SLICES} objects")


def _drift_percent(samples_mb: list[float]) -> float:
    quarter = max(1, len(samples_mb) // 4)
    early_mb, late_mb = median(samples_mb[quarter : 2 * quarter]), median(samples_mb[-quarter:])
    return 100 * (late_mb - early_mb) / early_mb
