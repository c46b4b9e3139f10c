"""Intake in this process, over a real database and files."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from server.core.database import Database
from tests.support.fakes import CountingIds, ManualClock
from tests.support.senders import IntakeParts, create_institutions, running_intake


@pytest.fixture
async def parts(
    database: Database, tmp_path: Path, clock: ManualClock, ids: CountingIds
) -> AsyncIterator[IntakeParts]:
    """Intake that runs, and two institutions to send to it."""
    await create_institutions(database, clock)
    async with running_intake(database, tmp_path, clock, ids) as running:
        yield running
