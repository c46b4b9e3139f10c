"""Resident memory: idle, while one object of 200 MB comes or goes, over hours. Idle processor."""

import shutil
import time
from collections.abc import Callable
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import Final, Self

from pydicom import dcmread

from benchmarks import ours, soak
from benchmarks.corpus import Kind, Series, write_series
from benchmarks.ours import Installation
from benchmarks.peers import FOREIGN, Peer, listens
from benchmarks.processes import Process
from benchmarks.rows import Row
from benchmarks.senders import DcmSend
from benchmarks.soak import Reader
from benchmarks.wire import EchoAssociation

_ROLES: Final = 4
_ROLE_PREFIX: Final = "lianzhen-"
_READY_WITHIN_S: Final = 60.0
_DEVICES: Final = 4
_ASSOCIATIONS_EACH: Final = 25
_IDLE_S: Final = 20.0


@dataclass(frozen=True)
class _Running:
    """An installation with all its roles."""

    installation: Installation
    roles: dict[str, Process]

    def peer(self, role: str) -> Peer:
        """Return a role as what listens and uses the processor."""
        return Peer(ours.NAME, self.installation.dicom_port, self.roles[role].pid)


def measure(
    *, root: Path, corpus: Path, soak_minutes: int, tell: Callable[[str], None]
) -> list[Row]:
    """Measure all roles of a new installation, then the node's peers; each once, from its start."""
    if not DcmSend.is_present():
        return []
    clip = write_series(corpus / "clip", 1, 1, Kind.US)
    rows: list[Row] = []
    installation = Installation(root / "ours")
    installation.set_up()
    for number in range(_DEVICES):
        installation.register(f"IDLE{number}")
    reader = Reader(installation.http_port, installation.bearer())
    with installation.role(None, installation.http_port) as whole:
        running = _Running(installation, _roles(whole, installation))
        for role in running.roles:
            running.peer(role).settle()
        for role, process in running.roles.items():
            rows += _idle(ours.NAME, role, process)
        tell("memory: idle")
        rows += _idle_associations(running.peer("node"))
        tell("memory: idle associations")
        rows.append(_storing(running.peer("node"), clip))
        rows.append(_fetching(running, reader, clip))
        tell("memory: 200 MB")
        if soak_minutes:
            rows += soak.measure(
                installation.dicom_port, reader, running.roles, corpus, soak_minutes, tell
            )
    for foreign in FOREIGN:
        # A child of storescp --fork takes its memory with it before it can be read.
        if foreign.is_present and foreign.program == "Orthanc":
            with foreign.running(root) as peer:
                peer.settle()
                rows += _idle(peer.name, "node", Process(peer.pid))
                rows.append(_storing(peer, clip))
            tell(f"memory: {peer.name}")
    shutil.rmtree(clip.folder)
    return rows


def _roles(whole: Peer, installation: Installation) -> dict[str, Process]:
    """Return the roles by name once all run.

    Raises
    ------
    TimeoutError
        If one does not start.
    """
    deadline_s = time.monotonic() + _READY_WITHIN_S
    while time.monotonic() < deadline_s:
        roles = {
            name.removeprefix(_ROLE_PREFIX): process
            for process in Process(whole.pid).family()
            if (name := process.name).startswith(_ROLE_PREFIX)
        }
        if len(roles) == _ROLES and listens(installation.dicom_port):
            return roles
        # A process that starts tells nobody when it is ready.
        time.sleep(0.1)
    raise TimeoutError("not every role of ours runs; its log tells why")


def _idle(peer: str, role: str, process: Process) -> list[Row]:
    return [
        Row(f"memory, idle, {role}, RSS", "MB", peer, [process.resident_mb]),
        Row(f"memory, idle, {role}, PSS", "MB", peer, [process.proportional_mb]),
    ]


def _idle_associations(node: Peer) -> list[Row]:
    """Measure the processor alone, then with associations that say nothing; all must live on."""
    what = f"processor of the idle node, {_IDLE_S:.0f} s"
    alone = Row(what, "% of a core", ours.NAME, [_idle_percent(node)])
    with ExitStack() as stack:
        opened = []
        for number in range(_DEVICES):
            for _ in range(_ASSOCIATIONS_EACH):
                # One address may not open as many.
                association = EchoAssociation(
                    node.port, f"IDLE{number}", source=f"127.0.0.{number + 1}"
                )
                stack.callback(association.release)
                opened.append(association)
        node.settle()
        beside = f"{what}, {len(opened)} associations"
        held = Row(beside, "% of a core", ours.NAME, [_idle_percent(node)])
        for association in opened:
            association.echo()
    return [alone, held]


def _idle_percent(node: Peer) -> float:
    used_s = node.cpu_s()
    # What it does while nobody asks anything is what is measured.
    time.sleep(_IDLE_S)
    return 100 * (node.cpu_s() - used_s) / _IDLE_S


def _storing(peer: Peer, clip: Series) -> Row:
    with _Peak(peer.pid) as peak:
        DcmSend().send(peer.port, [clip])
        peer.settle()
    return Row("memory, 200 MB by C-STORE, more at the peak", "MB", peer.name, [peak.more_mb])


def _fetching(running: _Running, reader: Reader, clip: Series) -> Row:
    """Retrieve the clip by WADO-RS.

    Raises
    ------
    RuntimeError
        If its pixels do not come as they were sent.
    """
    sent = dcmread(clip.folder / "0000.dcm")
    with _Peak(running.roles["web"].pid) as peak:
        body = reader.study(sent.StudyInstanceUID)
    if sent.PixelData not in body:
        raise RuntimeError(f"WADO-RS returned {len(body)} bytes without the pixels sent")
    return Row("memory, 200 MB by WADO-RS, more at the peak", "MB", ours.NAME, [peak.more_mb])


class _Peak:
    """How much more memory a process and what it started need while the block runs."""

    def __init__(self, pid: int) -> None:
        self._pid = pid
        self._before_mb: dict[Process, float] = {}
        self.more_mb = 0.0

    def __enter__(self) -> Self:
        for process in Process(self._pid).family():
            process.reset_peak()
            self._before_mb[process] = process.resident_mb
        return self

    def __exit__(self, *_: object) -> None:
        self.more_mb = sum(
            process.peak_mb - self._before_mb.get(process, 0.0)
            for process in Process(self._pid).family()
        )
