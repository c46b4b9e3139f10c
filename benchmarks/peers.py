"""Who receives: each program in a folder of its own, ready to be sent to, stopped at the end."""

import json
import os
import shutil
import socket
import subprocess
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from benchmarks.senders import NO_DELAY
from tests.support.ports import free_port

_READY_WITHIN_S = 60.0
_QUIET_S = 0.25
_TICK_S = 1 / os.sysconf("SC_CLK_TCK")
_LARGEST_PDU = 131_072


@dataclass(frozen=True)
class Peer:
    """A receiver that listens."""

    name: str
    port: int
    pid: int

    def cpu_s(self) -> float:
        """Return the processor time it has used so far, with that of its ended children."""
        fields = Path(f"/proc/{self.pid}/stat").read_text().rpartition(")")[2].split()
        return sum(map(int, fields[11:15])) * _TICK_S

    def settle(self) -> None:
        """Wait until it has nothing left to do and the disk has what it wrote.

        What one receiver does after its answers must not burden the next one's measurement.
        """
        os.sync()
        deadline_s = time.monotonic() + _READY_WITHIN_S
        before_s = self.cpu_s()
        while time.monotonic() < deadline_s:
            time.sleep(_QUIET_S)
            now_s = self.cpu_s()
            if now_s - before_s <= _TICK_S:
                break
            before_s = now_s
        os.sync()


@contextmanager
def process(
    name: str,
    command: Sequence[str],
    *,
    port: int,
    log: Path,
    environment: Mapping[str, str] | None = None,
    cwd: Path | None = None,
) -> Iterator[Peer]:
    """Run a receiver until the block ends.

    Raises
    ------
    TimeoutError
        If it does not listen in time; the end of its log tells why.
    """
    with log.open("wb") as output:
        running = subprocess.Popen(
            command, stdout=output, stderr=subprocess.STDOUT, cwd=cwd,
            env={**os.environ, **NO_DELAY} if environment is None else dict(environment),
        )  # fmt: skip
    try:
        if not _listens(port, running):
            raise TimeoutError(f"{name} does not listen: {log.read_text()[-1000:]}")
        yield Peer(name, port, running.pid)
    finally:
        running.terminate()
        try:
            running.wait(20)
        except subprocess.TimeoutExpired:
            running.kill()
            running.wait()


def _listens(port: int, running: subprocess.Popen[bytes]) -> bool:
    deadline_s = time.monotonic() + _READY_WITHIN_S
    while time.monotonic() < deadline_s and running.poll() is None:
        try:
            socket.create_connection(("127.0.0.1", port), timeout=1).close()
        except OSError:
            time.sleep(0.05)
        else:
            return True
    return False


@contextmanager
def _orthanc(name: str, root: Path, tuning: Mapping[str, object]) -> Iterator[Peer]:
    port = free_port()
    root.mkdir(parents=True)
    configuration = {
        "Name": "Bench",
        "StorageDirectory": str(root / "db"),
        "IndexDirectory": str(root / "db"),
        "DicomPort": port,
        "HttpPort": free_port(),
        "DicomAlwaysAllowStore": True,
        "Plugins": [],
        **tuning,
    }
    (root / "orthanc.json").write_text(json.dumps(configuration))
    command = ["Orthanc", str(root / "orthanc.json")]
    with process(name, command, port=port, log=root / "log") as peer:
        yield peer


def orthanc_tuned(root: Path) -> AbstractContextManager[Peer]:
    """Run Orthanc as its manual tunes it for speed: nothing is synced."""
    tuning = {
        "SyncStorageArea": False,
        "StoreMD5ForAttachments": False,
        "MaximumPduLength": _LARGEST_PDU,
        "DicomThreadsCount": 8,
    }
    return _orthanc("Orthanc tuned", root, tuning)


def orthanc_default(root: Path) -> AbstractContextManager[Peer]:
    """Run Orthanc as it comes: it syncs each file, not its index."""
    return _orthanc("Orthanc default", root, {})


@contextmanager
def _storescp(name: str, root: Path, *options: str) -> Iterator[Peer]:
    port = free_port()
    (root / "received").mkdir(parents=True)
    command = [
        "storescp", "--fork", "--max-pdu", str(_LARGEST_PDU), *options,
        "-od", str(root / "received"), str(port),
    ]  # fmt: skip
    with process(name, command, port=port, log=root / "log") as peer:
        yield peer


def storescp_fork(root: Path) -> AbstractContextManager[Peer]:
    """Run DCMTK's storescp: files as received, no index, nothing synced."""
    return _storescp("storescp --fork", root, "--bit-preserving")


def storescp_ignore(root: Path) -> AbstractContextManager[Peer]:
    """Run DCMTK's storescp that forgets what it receives: the sender's own time."""
    return _storescp("storescp --ignore", root, "--ignore")


FOREIGN: Final[tuple[tuple[str, str, Callable[[Path], AbstractContextManager[Peer]]], ...]] = (
    ("Orthanc tuned", "Orthanc", orthanc_tuned),
    ("Orthanc default", "Orthanc", orthanc_default),
    ("storescp --fork", "storescp", storescp_fork),
    ("storescp --ignore", "storescp", storescp_ignore),
)
"""Name, program and how to run it."""


def is_present(program: str) -> bool:
    """Tell whether a program is on this machine."""
    return shutil.which(program) is not None
