"""A running DICOMweb server for each test, over both databases."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from server.core.database import Database
from tests.server.dicomweb.site import Site, running_site
from tests.support.fakes import CountingIds, ManualClock
from tests.support.senders import create_institutions


@pytest.fixture
async def site(
    database: Database, tmp_path: Path, clock: ManualClock, ids: CountingIds
) -> AsyncIterator[Site]:
    """A server on loopback with a county and two townships."""
    await create_institutions(database, clock)
    async with running_site(database, tmp_path, clock, ids) as running:
        yield running
