"""Who receives: each program in a folder of its own, ready to be sent to, stopped at the end."""

import json
import os
import re
import shutil
import socket
import subprocess
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Final, Literal

from benchmarks.processes import Process
from benchmarks.senders import tcp_environment
from tests.support.ports import free_port

_READY_WITHIN_S = 60.0
_QUIET_S = 0.25
_TICK_S = 1 / os.sysconf("SC_CLK_TCK")
_LARGEST_PDU = 131_072
_TUNING: Final[Mapping[str, object]] = {
    "SyncStorageArea": False,
    "StoreMD5ForAttachments": False,
    "MaximumPduLength": _LARGEST_PDU,
    "DicomThreadsCount": 8,
}


@dataclass(frozen=True)
class Peer:
    """A receiver that listens."""

    name: str
    port: int
    pid: int

    def cpu_s(self) -> float:
        """Return the processor time it has used so far, with that of its children."""
        return sum(each.ticks for each in Process(self.pid).family()) * _TICK_S

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


def listens(port: int) -> bool:
    """Tell whether somebody listens on a port of loopback."""
    try:
        socket.create_connection(("127.0.0.1", port), timeout=1).close()
    except OSError:
        return False
    return True


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
            env=tcp_environment(nagle=False) if environment is None else dict(environment),
        )  # fmt: skip
    try:
        if not _becomes_ready(port, running):
            raise TimeoutError(f"{name} does not listen: {log.read_text()[-1000:]}")
        yield Peer(name, port, running.pid)
    finally:
        running.terminate()
        try:
            running.wait(20)
        except subprocess.TimeoutExpired:
            running.kill()
            running.wait()


def _becomes_ready(port: int, running: subprocess.Popen[bytes]) -> bool:
    deadline_s = time.monotonic() + _READY_WITHIN_S
    while time.monotonic() < deadline_s and running.poll() is None:
        if listens(port):
            return True
        # A program that starts tells nobody when it is ready.
        time.sleep(0.05)
    return False


@contextmanager
def _orthanc(
    name: str,
    root: Path,
    *,
    tuning: Mapping[str, object],
    nagle: bool = False,
    asked_at: Literal["DicomPort", "HttpPort"] = "DicomPort",
) -> Iterator[Peer]:
    ports = {"DicomPort": free_port(), "HttpPort": free_port()}
    root.mkdir(parents=True)
    configuration = {
        "Name": "Bench",
        "StorageDirectory": str(root / "db"),
        "IndexDirectory": str(root / "db"),
        **ports,
        "DicomAlwaysAllowStore": True,
        "Plugins": [],
        **tuning,
    }
    (root / "orthanc.json").write_text(json.dumps(configuration))
    command = ["Orthanc", str(root / "orthanc.json")]
    environment = tcp_environment(nagle=nagle)
    with process(
        name, command, port=ports[asked_at], log=root / "log", environment=environment
    ) as peer:
        yield peer


@contextmanager
def _storescp(name: str, root: Path, *, option: str) -> Iterator[Peer]:
    port = free_port()
    (root / "received").mkdir(parents=True)
    command = [
        "storescp", "--fork", "--max-pdu", str(_LARGEST_PDU), option,
        "-od", str(root / "received"), str(port),
    ]  # fmt: skip
    with process(name, command, port=port, log=root / "log") as peer:
        yield peer


@dataclass(frozen=True)
class Foreign:
    """A receiver of others."""

    name: str
    program: str
    run: Callable[[str, Path], AbstractContextManager[Peer]]
    keeps: bool = True
    """Whether it stores what it receives."""

    @property
    def is_present(self) -> bool:
        """Whether its program is on this machine."""
        return shutil.which(self.program) is not None

    def running(self, root: Path) -> AbstractContextManager[Peer]:
        """Run it in a folder of its own below ``root``."""
        return self.run(self.name, root / re.sub(r"\W+", "-", self.name))


# As its manual tunes it for speed: nothing is synced.
_TUNED: Final = Foreign("Orthanc tuned", "Orthanc", partial(_orthanc, tuning=_TUNING))
FOREIGN: Final = (
    _TUNED,
    # As it comes: it syncs each file, not its index.
    Foreign("Orthanc default", "Orthanc", partial(_orthanc, tuning={})),
    # Files as received, no index, nothing synced.
    Foreign("storescp --fork", "storescp", partial(_storescp, option="--bit-preserving")),
    # It forgets what it receives: the sender's own time.
    Foreign("storescp --ignore", "storescp", partial(_storescp, option="--ignore"), keeps=False),
)
"""All without Nagle's algorithm."""
FOREIGN_NAGLE: Final = (
    # TCP_NODELAY is a variable of the environment that few know of.
    Foreign("Orthanc tuned, Nagle", "Orthanc", partial(_orthanc, tuning=_TUNING, nagle=True)),
    _TUNED,
)
"""Whom a sender with Nagle's algorithm meets."""

DICOMWEB_PLUGIN: Final = Path("/usr/share/orthanc/plugins/libOrthancDicomWeb.so")
_WEB_TUNING: Final[Mapping[str, object]] = {
    **_TUNING,
    # Without it each request costs a connection; compressing costs more than loopback saves.
    "KeepAlive": True,
    "HttpCompressionEnabled": False,
    # All that is read fits: it need not go to the disk twice.
    "MaximumStorageCacheSize": 1024,
    "Plugins": [str(DICOMWEB_PLUGIN)],
    # As its book recommends for many studies; series answer with all their attributes.
    "DicomWeb": {"Enable": True, "StudiesMetadata": "MainDicomTags", "SeriesMetadata": "Full"},
}
FOREIGN_WEB: Final = Foreign(
    "Orthanc tuned, DICOMweb plugin",
    "Orthanc",
    partial(_orthanc, tuning=_WEB_TUNING, asked_at="HttpPort"),
)
"""The one beside us that answers DICOMweb."""
