"""Nodes that tests call: DCMTK's storescp, pynetdicom, and scripts that misbehave."""

import asyncio
import struct
import subprocess
from collections.abc import AsyncIterator, Iterator, Mapping, Sequence
from contextlib import asynccontextmanager, contextmanager
from pathlib import Path
from types import MappingProxyType
from typing import Any

from pynetdicom import AE

from dicom.dimse.calling import PeerAddress
from tests.dicom.dimse.node import WAIT_S, item, pdu, user_item
from tests.support.peers import require_program
from tests.support.ports import free_port


def address(port: int, **changes: Any) -> PeerAddress:
    return PeerAddress(
        **{"host": "127.0.0.1", "port": port, "called_ae": "PEER", "calling_ae": "US", **changes}
    )


@asynccontextmanager
async def storescp(folder: Path, *options: str | Path) -> AsyncIterator[int]:
    """Run DCMTK's storescp, which writes what it receives into ``folder``."""
    program = require_program("storescp")
    port = free_port()
    process = await asyncio.create_subprocess_exec(
        program, "--output-directory", folder, *options, str(port),
        stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
    )  # fmt: skip
    try:
        await listening(port)
        yield port
    finally:
        process.terminate()
        await process.wait()


async def listening(port: int) -> None:
    """Wait until somebody listens."""
    async with asyncio.timeout(WAIT_S):
        while True:
            try:
                _, writer = await asyncio.open_connection("127.0.0.1", port)
            except OSError:
                await asyncio.sleep(0.05)
                continue
            writer.close()
            await writer.wait_closed()
            return


@contextmanager
def pynetdicom_scp(
    entity: AE, handlers: Sequence[tuple[Any, ...]] = (), port: int = 0, **tls: Any
) -> Iterator[int]:
    """Run an SCP of pynetdicom in its threads."""
    server = entity.start_server(
        ("127.0.0.1", port), block=False, evt_handlers=list(handlers), **tls
    )
    assert server is not None
    try:
        yield server.server_address[1]
    finally:
        server.shutdown()


def acceptance(*accepted: tuple[int, str], refused: Sequence[int] = ()) -> bytes:
    """Return an A-ASSOCIATE-AC PDU."""
    fixed = struct.pack(">Hxx16s16s32x", 1, b"PEER".ljust(16), b"US".ljust(16))
    contexts = b"".join(
        item(0x21, struct.pack("BxBx", context_id, 0) + item(0x40, syntax.encode()))
        for context_id, syntax in accepted
    )
    contexts += b"".join(
        item(0x21, struct.pack("BxBx", context_id, 3) + item(0x40, b"1.2.840.10008.1.2"))
        for context_id in refused
    )
    application = item(0x10, b"1.2.840.10008.3.1.1.1")
    return pdu(0x02, fixed + application + contexts + user_item())


class Script:
    """The acceptor's end of a connection, which does what a test says."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.reader = reader
        self.writer = writer

    async def send(self, data: bytes) -> None:
        self.writer.write(data)
        await self.writer.drain()

    async def receive(self) -> tuple[int, bytes]:
        """Return type and body of the next PDU."""
        header = await self.reader.readexactly(6)
        return header[0], await self.reader.readexactly(int.from_bytes(header[2:6], "big"))

    async def at_end(self) -> None:
        """Wait until the other end is gone."""
        while await self.reader.read(65536):
            pass


@asynccontextmanager
async def dcmqrscp(
    folder: Path, *options: str, hosts: Mapping[str, int] = MappingProxyType({})
) -> AsyncIterator[int]:
    """Run DCMTK's archive as ``ARCHIVE``, its files below ``folder``; ``hosts`` it may move to."""
    program = require_program("dcmqrscp")
    port = free_port()
    files = folder / "ARCHIVE"
    files.mkdir()
    settings = folder / "dcmqrscp.cfg"
    known = "".join(f"{title} = ({title}, localhost, {at})\n" for title, at in hosts.items())
    settings.write_text(
        f"NetworkTCPPort = {port}\nMaxPDUSize = 16384\nMaxAssociations = 16\n"
        f"HostTable BEGIN\n{known}HostTable END\nVendorTable BEGIN\nVendorTable END\n"
        f"AETable BEGIN\nARCHIVE {files} RW (500, 1024mb) ANY\nAETable END\n"
    )
    process = await asyncio.create_subprocess_exec(
        program, "--config", settings, "--bit-preserving", *options, cwd=folder,
        stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
    )  # fmt: skip
    try:
        await listening(port)
        yield port
    finally:
        process.terminate()
        await process.wait()
