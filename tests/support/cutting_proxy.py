"""A TCP proxy that hangs up once so many bytes have come back from the server."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass

from tests.support.tcp import loopback_server


@dataclass
class CuttingProxy:
    """Forwards to a port; after ``cut_after_bytes`` of answers (None: never) it hangs up."""

    target_port: int
    cut_after_bytes: int | None = None
    port: int = 0
    cuts: int = 0

    async def carry(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Forward one connection both ways; when either way ends, so does the other."""
        server_reader, server_writer = await asyncio.open_connection("127.0.0.1", self.target_port)
        async with asyncio.TaskGroup() as both:
            both.create_task(self._forward(reader, server_writer, None))
            both.create_task(self._forward(server_reader, writer, self.cut_after_bytes))

    async def _forward(
        self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, limit: int | None
    ) -> None:
        passed = 0
        with suppress(ConnectionError):
            while data := await reader.read(65536):
                if limit is not None and passed + len(data) > limit:
                    writer.write(data[: limit - passed])
                    self.cuts += 1
                    break
                passed += len(data)
                writer.write(data)
                await writer.drain()
        with suppress(ConnectionError):
            # A FIN and not a reset: what was let through arrives, so the cut is where it was set.
            writer.close()
            await writer.wait_closed()


@asynccontextmanager
async def cutting_proxy(target_port: int) -> AsyncIterator[CuttingProxy]:
    """Run a proxy; ``cut_after_bytes`` counts for connections made after it was set."""
    proxy = CuttingProxy(target_port)
    async with loopback_server(proxy.carry) as proxy.port:
        yield proxy
