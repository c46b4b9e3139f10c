"""A TCP proxy that hangs up once so many bytes have gone one way or the other."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass

from tests.support.tcp import loopback_server


@dataclass
class CuttingProxy:
    """Forwards to a port; past a limit (None: never) of answers or requests it hangs up."""

    target_port: int
    cut_after_bytes: int | None = None
    cut_after_sent_bytes: int | None = None
    """The same for what clients send."""
    port: int = 0
    cuts: int = 0
    sent_bytes: int = 0
    """What clients sent and was let through, all connections together."""

    async def carry(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Forward one connection both ways; when either way ends, so does the other."""
        try:
            server_reader, server_writer = await asyncio.open_connection(
                "127.0.0.1", self.target_port
            )
        except OSError:
            # Nobody listens, as behind a router whose line is down.
            return
        async with asyncio.TaskGroup() as both:
            both.create_task(
                self._forward(reader, server_writer, self.cut_after_sent_bytes, counted=True)
            )
            both.create_task(self._forward(server_reader, writer, self.cut_after_bytes))

    async def _forward(
        self,
        reader: asyncio.StreamReader,
        writer: asyncio.StreamWriter,
        limit: int | None,
        *,
        counted: bool = False,
    ) -> None:
        passed = 0
        with suppress(ConnectionError):
            while data := await reader.read(65536):
                if limit is not None and passed + len(data) > limit:
                    writer.write(data[: limit - passed])
                    self.cuts += 1
                    break
                passed += len(data)
                self.sent_bytes += len(data) if counted else 0
                writer.write(data)
                await writer.drain()
        with suppress(ConnectionError):
            # A FIN and not a reset: what was let through arrives, so the cut is where it was set.
            writer.close()
            await writer.wait_closed()


@asynccontextmanager
async def cutting_proxy(target_port: int) -> AsyncIterator[CuttingProxy]:
    """Run a proxy; its limits count for connections made after they were set."""
    proxy = CuttingProxy(target_port)
    async with loopback_server(proxy.carry) as proxy.port:
        yield proxy
