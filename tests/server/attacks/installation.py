"""An installation under attack: its processes measured from outside, and those who are honest.

A process is attacked as strangers meet it, on its sockets. What an attack cost is read from the
kernel: the highest resident memory since the attack began, the processor time, the descriptors.
"""

import asyncio
from collections.abc import AsyncIterator, Iterator, Mapping
from contextlib import asynccontextmanager, contextmanager, suppress
from dataclasses import dataclass, field
from io import BytesIO
from pathlib import Path
from typing import Any

import orjson
from aiohttp import ClientResponse, ClientSession
from pydicom import dcmread
from pydicom.uid import generate_uid
from pynetdicom import AE
from sqlalchemy import select

from server.audit.models import AuditEvent
from server.intake.models import Quarantined, StoredObject
from tests.dicom.dimse.node import (
    CT,
    EXPLICIT,
    WAIT_S,
    RawPeer,
    associate_request,
    command,
    context_item,
    p_data,
    pdv,
    raw_peer,
)
from tests.support.dicom_files import ct_bytes
from tests.support.node_process import DEVICE_AE, RoleProcess, Site, wait_until

MIB = 1 << 20
SUCCESS = 0x0000
VERIFICATION = "1.2.840.10008.1.1"
_PIECE_BYTES = 16_000


@dataclass
class Attacked:
    """A node and a web role, and what is known of them from outside."""

    site: Site
    node: RoleProcess
    web: RoleProcess
    tls_port: int
    tokens: dict[str, str] = field(default_factory=dict)

    @contextmanager
    def bounded(self, process: RoleProcess, *, more_mib: int, cpu_s: float = 30) -> Iterator[None]:
        """Hold what happens inside to a bound of memory and processor time of ``process``."""
        (_proc(process) / "clear_refs").write_text("5")  # begins its peak anew, see proc(5)
        memory_kib, spent_s = _status(process, "VmRSS"), _cpu_s(process)
        yield
        assert process.is_alive, process.tail()
        assert _status(process, "VmHWM") - memory_kib < more_mib * 1024
        assert _cpu_s(process) - spent_s < cpu_s

    def largest_worker_mib(self, process: RoleProcess) -> int:
        """Return the highest resident memory that any child of it ever had."""
        peaks = [0]
        for child in _descendants(process.pid):
            with suppress(FileNotFoundError, KeyError):
                peaks.append(_status_of(Path("/proc") / str(child), "VmHWM"))
        return max(peaks) // 1024

    def threads(self, process: RoleProcess) -> int:
        """Return how many threads it has."""
        return _status(process, "Threads")

    def sockets(self, process: RoleProcess) -> int:
        """Return how many sockets it holds."""
        count = 0
        for each in (_proc(process) / "fd").iterdir():
            try:
                count += each.readlink().name.startswith("socket:")
            except FileNotFoundError:
                continue
        return count

    async def all_gone(self, process: RoleProcess, sockets: int) -> None:
        """Wait until it holds no more sockets than that."""
        await wait_until(lambda: self.sockets(process) <= sockets, "the attackers' sockets to go")

    def log(self, process: RoleProcess, since: int = 0) -> str:
        """Return its log from an offset on."""
        return process.log.read_bytes()[since:].decode(errors="replace")

    async def logged(self, process: RoleProcess, words: str, since: int) -> None:
        """Wait until its log says so, after an offset."""
        await wait_until(lambda: words in self.log(process, since), f"{words!r} in the log", 20)

    # The honest ones

    async def honest(self) -> None:
        """Be a device that echoes and stores, as pynetdicom does."""
        assert await asyncio.to_thread(_honest, self.site.dicom_port) == SUCCESS

    async def honest_person(self) -> None:
        """Be somebody who stores an exam and a reader who looks at it."""
        data = ct_bytes(StudyInstanceUID=generate_uid(), SOPInstanceUID=generate_uid())
        status, _ = await self.stow(data)
        assert status == 200
        async with self.asked("GET", f"{path_of(data)}/rendered", who="reader") as answer:
            assert answer.status == 200
            assert (await answer.read())[:2] == b"\xff\xd8"

    # What they ask

    @asynccontextmanager
    async def asked(
        self, method: str, path: str, *, who: str = "technician", **options: Any
    ) -> AsyncIterator[ClientResponse]:
        """Ask the web role."""
        headers = {"Authorization": f"Bearer {self.tokens[who]}", **options.pop("headers", {})}
        url = f"http://127.0.0.1:{self.site.settings.http.port}{path}"
        async with (
            ClientSession() as session,
            session.request(method, url, headers=headers, **options) as response,
        ):
            yield response

    async def stow(self, data: bytes) -> tuple[int, dict[str, Any]]:
        """Store one object by STOW-RS."""
        headers = {"Content-Type": "application/dicom"}
        async with self.asked(
            "POST", "/dicomweb/studies", data=BytesIO(data), headers=headers
        ) as answer:
            body = await answer.read()
            return answer.status, orjson.loads(body)

    async def answered_while_sending(
        self, path: str, headers: Mapping[str, str], body: AsyncIterator[bytes]
    ) -> tuple[int, int]:
        """Post a body without a length until an answer comes; return its status and what was sent.

        Unlike a client that listens only once it has sent everything, it loses no answer.
        """
        port, sent = self.site.settings.http.port, 0
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        lines = {"Host": f"127.0.0.1:{port}", "Transfer-Encoding": "chunked", **headers}
        lines["Authorization"] = f"Bearer {self.tokens['technician']}"
        head = "".join(f"{name}: {value}\r\n" for name, value in lines.items())
        writer.write(f"POST {path} HTTP/1.1\r\n{head}\r\n".encode())
        answer = asyncio.create_task(reader.readline())
        try:
            with suppress(ConnectionError):
                async for piece in body:
                    if answer.done():
                        break
                    writer.write(f"{len(piece):x}\r\n".encode() + piece + b"\r\n")
                    await writer.drain()
                    sent += len(piece)
            async with asyncio.timeout(WAIT_S):
                return int((await answer).split()[1]), sent
        finally:
            answer.cancel()
            writer.transport.abort()

    async def store(
        self, data_set: bytes, *, instance: str, syntax: str = EXPLICIT, sop_class: str = CT
    ) -> int:
        """Store one data set by C-STORE, whatever is in it, and return the status."""
        async with self.associated(context_item(1, sop_class, syntax)) as peer:
            await peer.send(c_store(data_set, instance=instance, sop_class=sop_class))
            return await peer.receive_status()

    @asynccontextmanager
    async def associated(self, contexts: bytes) -> AsyncIterator[RawPeer]:
        """Associate as the registered device."""
        async with raw_peer(self.site.dicom_port) as peer:
            await peer.associate(associate_request(contexts, calling=DEVICE_AE.encode()))
            yield peer

    # What is left

    def spooled(self) -> list[Path]:
        """Return what lies in the spool, finished or not."""
        return [
            path
            for path in self.site.spool_dir.rglob("*")
            if path.is_file() and path.name not in {".lock", "drain.lock", "spool-id"}
        ]

    async def no_orphans(self) -> None:
        """Wait until every file in the spool is one that the database names."""
        await wait_until(self._has_no_orphans, "the spool to keep nothing of nobody", 30)

    async def _has_no_orphans(self) -> bool:
        # Listed first: what is named only afterwards was no orphan.
        there = {str(path.relative_to(self.site.spool_dir)) for path in self.spooled()}
        async with self.site.looking() as services, services.database.reading() as session:
            named = set(await session.scalars(select(StoredObject.spool_name)))
        return there <= named

    async def quarantined(self, sha256_or_uid: str) -> str | None:
        """Return why an object was put in quarantine, None where it was not."""
        async with self.site.looking() as services, services.database.reading() as session:
            return await session.scalar(
                select(Quarantined.reason).where(
                    (Quarantined.sop_instance_uid == sha256_or_uid)
                    | (Quarantined.sha256 == sha256_or_uid)
                )
            )

    async def audited(self, action: str) -> list[dict[str, Any]]:
        """Return the details of the audit's rows of an action, each with its outcome."""
        async with self.site.looking() as services, services.database.reading() as session:
            rows = await session.scalars(
                select(AuditEvent).where(AuditEvent.action == action).order_by(AuditEvent.at)
            )
            return [
                {**orjson.loads(row.detail), "outcome": row.outcome, "source": row.source}
                for row in rows
            ]


def c_store(data_set: bytes, *, instance: str, sop_class: str = CT, message_id: int = 1) -> bytes:
    """Return the PDUs of a C-STORE on context 1."""
    request = command(0x01, sop_class, message_id=message_id, instance=instance, has_data_set=True)
    pieces = range(0, max(1, len(data_set)), _PIECE_BYTES)
    return p_data(pdv(1, 3, request)) + b"".join(
        p_data(
            pdv(
                1,
                2 if start + _PIECE_BYTES >= len(data_set) else 0,
                data_set[start : start + _PIECE_BYTES],
            )
        )
        for start in pieces
    )


def path_of(data: bytes) -> str:
    """Return where DICOMweb has an object."""
    ds = dcmread(BytesIO(data), stop_before_pixels=True)
    return (
        f"/dicomweb/studies/{ds.StudyInstanceUID}/series/{ds.SeriesInstanceUID}"
        f"/instances/{ds.SOPInstanceUID}"
    )


def _honest(port: int) -> int:
    entity = AE(ae_title=DEVICE_AE)
    entity.add_requested_context(VERIFICATION)
    entity.add_requested_context(CT, EXPLICIT)
    association = entity.associate("127.0.0.1", port)
    assert association.is_established, "an honest device was refused"
    try:
        echoed = association.send_c_echo().Status
        data = ct_bytes(StudyInstanceUID=generate_uid(), SOPInstanceUID=generate_uid())
        stored = association.send_c_store(dcmread(BytesIO(data))).Status
        return int(echoed | stored)
    finally:
        association.release()


def _proc(process: RoleProcess) -> Path:
    return Path("/proc") / str(process.pid)


def _status(process: RoleProcess, name: str) -> int:
    return _status_of(_proc(process), name)


def _status_of(proc: Path, name: str) -> int:
    for line in (proc / "status").read_text().splitlines():
        key, _, value = line.partition(":")
        if key == name:
            return int(value.split()[0])
    raise KeyError(name)


def _descendants(pid: int) -> list[int]:
    found: list[int] = []
    for task in (Path("/proc") / str(pid) / "task").iterdir():
        with suppress(FileNotFoundError):
            for child in map(int, (task / "children").read_text().split()):
                found += [child, *_descendants(child)]
    return found


def _cpu_s(process: RoleProcess) -> float:
    fields = (_proc(process) / "stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / 100
