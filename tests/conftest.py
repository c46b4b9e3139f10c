"""What every test may ask for: databases, a clock, ids."""

from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import hypothesis
import pytest
import structlog
from pydantic import SecretStr

from server.core.database import Database, open_database
from server.core.settings import DatabaseSettings
from server.migrations.run import migrate
from tests.support.databases import migrated_sqlite
from tests.support.fakes import CountingIds, ManualClock
from tests.support.postgres import PostgresServer, running_postgres
from tests.support.pynetdicom_faults import mended_pynetdicom

# A busy machine is no failure: what an example may cost is not told by the clock.
hypothesis.settings.register_profile("unhurried", hypothesis.settings(), deadline=None)
hypothesis.settings.load_profile("unhurried")


@pytest.fixture(scope="session", autouse=True)
def whole_pynetdicom() -> Iterator[None]:
    """Keep pynetdicom's own faults out of the tests."""
    with mended_pynetdicom():
        yield


@pytest.fixture(autouse=True)
def undirected_logs() -> None:
    """Forget where a command that ran before had the logs sent."""
    structlog.reset_defaults()


@pytest.fixture(scope="session")
def postgres(tmp_path_factory: pytest.TempPathFactory) -> Iterator[PostgresServer]:
    """A running PostgreSQL, shared by the session, with a migrated template."""
    with running_postgres(tmp_path_factory.mktemp("postgres") / "data") as server:
        migrate(server.create_database("migrated"))
        yield server


@pytest.fixture(params=["sqlite", "postgresql"])
def database_url(request: pytest.FixtureRequest, tmp_path: Path, ids: CountingIds) -> Iterator[str]:
    """The address of an empty, migrated database: every test that asks runs on both."""
    if request.param == "sqlite":
        yield migrated_sqlite(tmp_path / "lianzhen.db")
        return
    server: PostgresServer = request.getfixturevalue("postgres")
    name = f"t_{ids.unique()}"
    yield server.create_database(name, template="migrated")
    server.drop_database(name)


@pytest.fixture
async def database(database_url: str) -> AsyncIterator[Database]:
    """An open, empty, migrated database: SQLite, then PostgreSQL."""
    opened = open_database(DatabaseSettings(url=SecretStr(database_url)))
    yield opened
    await opened.close()


@pytest.fixture
def clock() -> ManualClock:
    """A clock that moves when told."""
    return ManualClock()


@pytest.fixture
def ids() -> CountingIds:
    """Ids that count, so that failures can be read."""
    return CountingIds()
