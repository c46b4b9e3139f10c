"""Names that were there before they had keys get theirs."""

from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest
import sqlalchemy as sa

from dicom.name_keys import keys_of
from server.core.database import UtcDateTime, sync_url
from server.migrations.run import migrate
from tests.support.fakes import CountingIds
from tests.support.postgres import PostgresServer

NAMES = ["张^三", "张^三", "Li^Na=李^娜", None, "", *(f"WANG^N{number}" for number in range(2500))]


@pytest.fixture(params=["sqlite", "postgresql"])
def before(request: pytest.FixtureRequest, tmp_path: Path, ids: CountingIds) -> Iterator[str]:
    """A database of the schema before, with studies in it."""
    if request.param == "sqlite":
        yield f"sqlite:///{tmp_path / 'lianzhen.db'}"
        return
    server: PostgresServer = request.getfixturevalue("postgres")
    name = f"t_{ids.unique()}"
    yield server.create_database(name)
    server.drop_database(name)


def test_every_name_gets_its_keys_once(before: str) -> None:
    migrate(before, "0008")
    engine = sa.create_engine(sync_url(before))
    _fill(engine)
    migrate(before)
    with engine.connect() as connection:
        found = connection.execute(sa.text("SELECT name, key FROM name_keys")).all()
    engine.dispose()
    expected = {(name, key) for name in NAMES if name for key in keys_of(name)}
    assert len(found) == len(expected)
    assert {(name, key) for name, key in found} == expected


def _fill(engine: sa.Engine) -> None:
    tables = sa.MetaData()
    tables.reflect(engine)
    moment = datetime(2026, 11, 21, tzinfo=UTC)
    at = UtcDateTime().process_bind_param(moment, engine.dialect)
    owned = {"org": "qinghe", "owner_institution_id": "township"}
    with engine.begin() as connection:
        connection.execute(
            tables.tables["institutions"].insert().values(
                id="township", org="qinghe", code="township", name_zh="", name_en="",
                level="township", ownership="public", created_at=at,
            )
        )  # fmt: skip
        connection.execute(
            tables.tables["patients"].insert().values(
                **owned, id="p", issuer="i", identifier="p", created_at=at
            )
        )  # fmt: skip
        connection.execute(
            tables.tables["studies"].insert(),
            [
                {
                    **owned, "id": str(number), "patient_pk": "p", "patient_name": name,
                    "study_instance_uid": str(number), "modalities": "", "series_count": 0,
                    "instance_count": 0, "received_at": at, "last_received_at": at,
                }
                for number, name in enumerate(NAMES)
            ],
        )  # fmt: skip
