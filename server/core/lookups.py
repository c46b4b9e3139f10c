"""Fixed queries of SQLite, each run in one visit of a thread.

A query through the asynchronous driver costs six visits of its thread: to begin, to execute, to
fetch, to close the cursor, to roll back. Most requests want one row that an index leads to.
"""

import asyncio
import sqlite3
import threading
from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from typing import Any

from sqlalchemy import Select

from server.core.prepared import prepared


class SqliteLookups:
    """Threads that each keep a reading connection to a SQLite database."""

    def __init__(
        self, path: str, prepare: Callable[[sqlite3.Connection], None], *, threads: int
    ) -> None:
        self._path = path
        self._prepare = prepare
        self._threads = ThreadPoolExecutor(threads, thread_name_prefix="sqlite-lookups")
        self._own = threading.local()
        self._opened: list[sqlite3.Connection] = []

    async def rows(
        self, query: Select[*tuple[Any, ...]], values: Mapping[str, Any]
    ) -> list[tuple[Any, ...]]:
        """Return every row of the query: one statement, and so one state of the database."""
        return await asyncio.get_running_loop().run_in_executor(
            self._threads, self._rows, query, values
        )

    async def close(self) -> None:
        """Close the connections, after what is under way."""
        await asyncio.get_running_loop().run_in_executor(None, self._threads.shutdown)
        for connection in self._opened:
            connection.close()

    def _rows(
        self, query: Select[*tuple[Any, ...]], values: Mapping[str, Any]
    ) -> list[tuple[Any, ...]]:
        ready = prepared(query)
        found = self._connection().execute(ready.text, ready.values(values)).fetchall()
        return [ready.row(row) for row in found] if ready.results else found

    def _connection(self) -> sqlite3.Connection:
        connection: sqlite3.Connection | None = getattr(self._own, "connection", None)
        if connection is None:
            # Closed by another thread, when this one has ended.
            connection = sqlite3.connect(self._path, isolation_level=None, check_same_thread=False)
            try:
                self._prepare(connection)
            except BaseException:
                connection.close()
                raise
            self._opened.append(connection)
            self._own.connection = connection
        return connection
