"""Two transactions on PostgreSQL at once, in an order of the test's own."""

import asyncio
from typing import Any

from sqlalchemy import text

from server.core.database import Database

_WAITING = text(
    "SELECT count(*) FROM pg_stat_activity"
    " WHERE datname = current_database() AND wait_event_type = 'Lock'"
)


class Gate:
    """Keeps a transaction open behind what it wrote, once it is shut."""

    def __init__(self) -> None:
        self.is_shut = False
        self.reached = asyncio.Event()
        self._opened = asyncio.Event()

    async def wait(self) -> None:
        """Wait where the gate is shut."""
        if self.is_shut:
            self.reached.set()
            await self._opened.wait()

    async def open_behind(self, task: asyncio.Task[Any], database: Database) -> None:
        """Open once ``task`` waits for what the transaction holds, or did not have to."""
        async with asyncio.timeout(60):
            while not task.done():
                async with database.reading() as session:
                    if await session.scalar(_WAITING):
                        break
                await asyncio.sleep(0.02)
        self._opened.set()
