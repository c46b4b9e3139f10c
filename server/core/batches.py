"""A fixed list of writing statements as one transaction, with as little between them as can be.

On SQLite, a transaction through the asynchronous driver costs three visits of its thread a
statement; here the whole of it is one visit of a thread that owns a connection. On PostgreSQL it
is an ordinary transaction.
"""

import asyncio
import sqlite3
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Insert, TextClause, Update

from server.core.prepared import prepared


class BatchRefusedError(Exception):
    """The database has other rows than the statements expect; nothing was changed."""


class BatchInDoubtError(Exception):
    """The commit itself failed: whether the rows are there, only the database knows."""


@dataclass(frozen=True)
class Statement:
    """One statement of Core, made once, and the rows it is run with."""

    sql: Insert | Update | TextClause
    """Without ``IN`` over a list, which Core completes only when it is run."""
    rows: Sequence[Mapping[str, Any]]
    """Values by column (INSERT) or by bound parameter; an UPDATE must change one row for each."""
    postgresql_only: bool = False


class SqliteBatches:
    """A thread with a writing connection of its own to a SQLite database."""

    def __init__(self, path: str, prepare: Callable[[sqlite3.Connection], None]) -> None:
        self._path = path
        self._prepare = prepare
        self._thread = ThreadPoolExecutor(1, thread_name_prefix="sqlite-batches")
        self._connection: sqlite3.Connection | None = None

    async def run(self, statements: Sequence[Statement]) -> None:
        """Run them all, or none.

        Raises
        ------
        BatchRefusedError, BatchInDoubtError
        sqlite3.Error
            Where the database is busy, full or broken; nothing was changed.
        """
        await asyncio.get_running_loop().run_in_executor(self._thread, self._run, statements)

    async def close(self) -> None:
        """Close the connection, after what is under way."""
        await asyncio.get_running_loop().run_in_executor(self._thread, self._close)
        self._thread.shutdown()

    def _close(self) -> None:
        if self._connection is not None:
            self._connection.close()
            self._connection = None

    def _run(self, statements: Sequence[Statement]) -> None:
        if self._connection is None:
            self._connection = sqlite3.connect(self._path, isolation_level=None)
            self._prepare(self._connection)
        cursor = self._connection.cursor()
        cursor.execute("BEGIN IMMEDIATE")
        try:
            for statement in statements:
                if not statement.postgresql_only:
                    _execute(cursor, statement)
        except sqlite3.IntegrityError as error:
            cursor.execute("ROLLBACK")
            raise BatchRefusedError(str(error)) from error
        except BaseException:
            if self._connection.in_transaction:
                cursor.execute("ROLLBACK")
            raise
        try:
            cursor.execute("COMMIT")
        except sqlite3.Error as error:
            self._close()
            raise BatchInDoubtError(str(error)) from error


def _execute(cursor: sqlite3.Cursor, statement: Statement) -> None:
    ready = prepared(statement.sql, tuple(statement.rows[0]))
    for row in statement.rows:
        cursor.execute(ready.text, ready.values(row))
        if isinstance(statement.sql, Update) and cursor.rowcount != 1:
            raise BatchRefusedError("a row that was expected is not there")
