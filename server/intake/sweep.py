"""The sweep: files that processes which died left in the spool, and nobody was promised."""

import asyncio
from concurrent.futures import Executor

import structlog
from sqlalchemy import select

from server.core.database import Database
from server.intake.models import StoredObject
from server.intake.spool import Spool

_log = structlog.get_logger(__name__)
_AT_ONCE = 500


async def sweep(spool: Spool, database: Database, executor: Executor) -> None:
    """Remove what no row names; for the one process that owns this spool."""
    loop = asyncio.get_running_loop()
    abandoned = await loop.run_in_executor(executor, spool.abandoned_files)
    known: set[str] = set()
    async with database.reading() as session:
        for start in range(0, len(abandoned), _AT_ONCE):
            found = await session.scalars(
                select(StoredObject.spool_name).where(
                    StoredObject.spool_name.in_(abandoned[start : start + _AT_ONCE])
                )
            )
            known.update(name for name in found if name is not None)
    # Only what was listed before the rows were read: a process that dies meanwhile may have
    # committed meanwhile.
    unknown = [name for name in abandoned if name not in known]
    removed = await loop.run_in_executor(executor, spool.sweep, unknown)
    if removed:
        _log.info("swept files nobody was promised", count=removed)
