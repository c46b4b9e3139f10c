"""A TCP server on a free loopback port whose connections are gone when it is."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager

Handler = Callable[[asyncio.StreamReader, asyncio.StreamWriter], Awaitable[None]]


@asynccontextmanager
async def loopback_server(handler: Handler) -> AsyncIterator[int]:
    """Serve each connection by the handler and yield the port; at the end hang up on them all."""
    carried: dict[asyncio.Task[None], asyncio.StreamWriter] = {}

    async def carry(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await handler(reader, writer)
        writer.close()

    def accept(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        carried[asyncio.create_task(carry(reader, writer))] = writer

    server = await asyncio.start_server(accept, "127.0.0.1", 0)
    try:
        yield server.sockets[0].getsockname()[1]
    finally:
        server.close()
        for writer in carried.values():
            writer.transport.abort()
        await asyncio.gather(*carried)
