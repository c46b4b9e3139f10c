"""An installation that faults happen to."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from server.migrations.run import migrate
from tests.support.node_process import Site, found_site

HERE = Path(__file__).parent


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Whatever stands in this folder is a fault."""
    for item in items:
        if item.path.is_relative_to(HERE):
            item.add_marker(pytest.mark.fault)


@pytest.fixture
async def site(database_url: str, tmp_path: Path) -> AsyncIterator[Site]:
    """An installation with a file store, on SQLite and then on PostgreSQL."""
    founded = await found_site(tmp_path / "data", database_url)
    yield founded
    await founded.end()


@pytest.fixture
async def embedded_site(tmp_path: Path) -> AsyncIterator[Site]:
    """An installation with everything embedded."""
    url = f"sqlite:///{tmp_path / 'lianzhen.db'}"
    migrate(url)
    founded = await found_site(tmp_path / "data", url)
    yield founded
    await founded.end()
