"""Lookups: a connection that could not be made ready is not kept."""

import sqlite3
from pathlib import Path

import pytest
from sqlalchemy import Select, literal, select

from server.core.lookups import SqliteLookups

ONE: Select[tuple[int]] = select(literal(1))


class Preparing:
    """Makes every connection ready but the first."""

    def __init__(self) -> None:
        self.given: list[sqlite3.Connection] = []

    def __call__(self, connection: sqlite3.Connection) -> None:
        self.given.append(connection)
        if len(self.given) == 1:
            raise sqlite3.OperationalError("database is locked")


async def test_a_connection_that_cannot_be_made_ready_is_closed_and_replaced(
    tmp_path: Path,
) -> None:
    preparing = Preparing()
    lookups = SqliteLookups(str(tmp_path / "rows.db"), preparing, threads=1)
    try:
        with pytest.raises(sqlite3.OperationalError, match="locked"):
            await lookups.rows(ONE, {})
        with pytest.raises(sqlite3.ProgrammingError, match="closed"):
            preparing.given[0].execute("SELECT 1")
        assert await lookups.rows(ONE, {}) == [(1,)]
        assert await lookups.rows(ONE, {}) == [(1,)]
    finally:
        await lookups.close()
    # The second was kept.
    assert len(preparing.given) == 2
