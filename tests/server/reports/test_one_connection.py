"""Signing holds rows: it must not wait for a second connection while others wait for those rows."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from pydantic import SecretStr
from sqlalchemy import select

from server.core.settings import DatabaseSettings
from server.identity.models import Role
from server.requests.public import DiagnosisRequest, RequestKind
from tests.server.reports.conftest import Site
from tests.support.application import running_app, settings_for
from tests.support.dicom_files import sample
from tests.support.fakes import CountingIds, ManualClock
from tests.support.postgres import PostgresServer


@pytest.fixture
async def site(
    tmp_path: Path, postgres: PostgresServer, ids: CountingIds, clock: ManualClock
) -> AsyncIterator[Site]:
    """A running application with an ECG, over a pool of one connection."""
    name = f"t_{ids.unique()}"
    url = SecretStr(postgres.create_database(name, template="migrated"))
    database = DatabaseSettings(url=url, pool_size=1, busy_timeout_ms=500)
    settings = settings_for(tmp_path).model_copy(update={"database": database})
    async with running_app(settings, clock=clock) as app:
        await app.receive(sample("waveform_ecg.dcm").read_bytes())
        site = Site(app, clock)
        async with app.services.database.reading() as session:
            id_ = await session.scalar(select(DiagnosisRequest.id))
            assert id_ is not None
            site.requests[RequestKind.ECG] = id_
        yield site
    postgres.drop_database(name)


async def test_a_report_is_written_signed_and_shown_over_one_connection(site: Site) -> None:
    reader = await site.person("reader", "county", Role.COUNTY_READER)
    await site.claim(reader, RequestKind.ECG)
    report = (await site.save(reader, RequestKind.ECG)).body
    assert (await site.acted(reader, report, "sign"))["status"] == "final"
