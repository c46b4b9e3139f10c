"""The site that objects go on from."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from tests.server.forwarding.site import Site, running_site


@pytest.fixture
async def site(tmp_path: Path, database_url: str) -> AsyncIterator[Site]:
    async with running_site(tmp_path / "site", database_url) as made:
        yield made
