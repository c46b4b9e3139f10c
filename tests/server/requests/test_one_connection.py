"""Nobody who holds a connection waits for a second one: ten of them would wait for each other."""

from collections.abc import AsyncIterator

import pytest
from pydantic import SecretStr

from server.core.database import Database, open_database
from server.core.settings import DatabaseSettings
from tests.server.requests.conftest import READER, Room
from tests.support.dicom_files import ct_bytes
from tests.support.fakes import CountingIds
from tests.support.postgres import PostgresServer


@pytest.fixture
async def database(postgres: PostgresServer, ids: CountingIds) -> AsyncIterator[Database]:
    """PostgreSQL through a pool of one connection, which nobody waits for long."""
    name = f"t_{ids.unique()}"
    url = SecretStr(postgres.create_database(name, template="migrated"))
    opened = open_database(DatabaseSettings(url=url, pool_size=1, busy_timeout_ms=500))
    yield opened
    await opened.close()
    postgres.drop_database(name)


async def test_an_arrival_the_lists_and_a_claim_take_one_connection_each(
    room: Room,
) -> None:
    ecg, ct = await room.request(), await room.request(ct_bytes())
    assert {each.diagnosing_institution_id for each in await room.requests()} == {"county"}
    await room.service.claim(READER, ecg)
    shown = {item.id: item for item in (await room.page()).items}
    assert shown.keys() == {ecg, ct}
    assert shown[ecg].claimed_by is not None
    assert (await room.shown(ct)).examining.name_zh == "马渡镇卫生院"
    assert len((await room.studies.page(READER, limit=10, before=None)).items) == 2
