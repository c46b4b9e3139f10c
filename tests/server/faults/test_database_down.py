"""A database that is locked or down: refused in time, no half index, and no restart needed."""

import sqlite3
from collections.abc import AsyncIterator, Iterator
from contextlib import closing, contextmanager
from pathlib import Path

import psycopg
import pytest
from sqlalchemy import func, select

from server.identity.models import Role
from server.intake.models import StoredObject, UploadSession
from server.studies.models import Instance
from tests.support.application import RunningApp, running_app, settings_for
from tests.support.dicom_files import ct_series
from tests.support.fakes import CountingIds
from tests.support.ledger import (
    OUT_OF_RESOURCES,
    SUCCESS,
    Ledger,
    Sender,
    check,
    ct_slices,
    is_drained,
    send,
)
from tests.support.node_process import Site, found_site, wait_until
from tests.support.postgres import PostgresServer


@contextmanager
def locked(url: str) -> Iterator[None]:
    """Hold a lock that no writer gets past."""
    if url.startswith("sqlite"):
        with closing(sqlite3.connect(url.removeprefix("sqlite:///"), isolation_level=None)) as held:
            held.execute("BEGIN IMMEDIATE")
            yield
        return
    with psycopg.connect(url) as connection:
        connection.execute("LOCK TABLE objects, upload_sessions IN ACCESS EXCLUSIVE MODE")
        yield
        connection.rollback()


async def test_a_locked_database_refuses_and_then_goes_on(site: Site, database_url: str) -> None:
    ledger, slices = Ledger(), ct_slices(4)
    node = await site.role("node", database={"busy_timeout_ms": 300}).start()
    assert await send(site.dicom_port, slices[:1], ledger)
    with locked(database_url):
        ledger.answers.clear()
        assert await send(site.dicom_port, slices[1:3], ledger)
        assert ledger.answers == {OUT_OF_RESOURCES: 2}, node.tail()
    ledger.answers.clear()
    assert await send(site.dicom_port, slices, ledger)
    assert ledger.answers == {SUCCESS: 4}, node.tail()
    await check(site, ledger)


async def test_a_node_that_starts_under_a_lock_drains_once_it_is_gone(
    site: Site, database_url: str
) -> None:
    ledger = Ledger()
    with locked(database_url):
        node = await site.role("node", database={"busy_timeout_ms": 100}).start()
        if database_url.startswith("postgresql"):
            await wait_until(lambda: node.said("draining waits"), "the drain to meet the lock")
    assert await send(site.dicom_port, ct_slices(3), ledger)
    assert ledger.answers == {SUCCESS: 3}, node.tail()
    await wait_until(lambda: is_drained(site), "the store to have everything")
    assert await node.terminate() == 0, node.tail()
    await check(site, ledger)


async def test_whoever_stores_over_http_is_told_to_come_again_and_then_taken(
    database_url: str, tmp_path: Path
) -> None:
    settings = settings_for(tmp_path, database_url)
    assert settings.database is not None
    impatient = settings.database.model_copy(update={"busy_timeout_ms": 300})
    one, two = ct_series(2)
    async with running_app(settings.model_copy(update={"database": impatient})) as app:
        who = await app.token("t1", "township1", Role.TOWNSHIP_TECHNICIAN)
        dicom = {**who, "Content-Type": "application/dicom"}
        tus = {**who, "Tus-Resumable": "1.0.0", "Upload-Length": str(len(two))}
        piece = {**tus, "Content-Type": "application/offset+octet-stream", "Upload-Offset": "0"}
        post, patch = app.client.post, app.client.patch
        upload = (await post("/api/uploads", headers=tus)).headers["Location"]
        with locked(database_url):
            for answer in (
                await post("/dicomweb/studies", data=one, headers=dicom),
                await post("/api/uploads", headers=tus),
                await patch(upload, data=two, headers=piece),
            ):
                assert answer.status == 503
                assert (await answer.json())["code"] == "database-unavailable"
        kept = await app.client.head(upload, headers=tus)
        assert (kept.status, kept.headers["Upload-Offset"]) == (200, "0")
        assert await kept_of(app) == (0, 0, 1)
        assert (await post("/dicomweb/studies", data=one, headers=dicom)).status == 200
        assert (await patch(upload, data=two, headers=piece)).headers["Upload-Outcome"] == "stored"
        assert await kept_of(app) == (2, 2, 1)
        # Nothing grows there that no row names: it would never expire.
        assert not list(app.services.spool.uploads_dir.iterdir())


async def kept_of(app: RunningApp) -> tuple[int | None, ...]:
    """Return how many instances, objects and uploads are known."""
    async with app.services.database.reading() as session:
        return tuple(
            [
                await session.scalar(select(func.count()).select_from(table))
                for table in (Instance, StoredObject, UploadSession)
            ]
        )


@pytest.fixture
async def production_site(
    postgres: PostgresServer, tmp_path: Path, ids: CountingIds
) -> AsyncIterator[Site]:
    """An installation on a PostgreSQL that the test may stop."""
    name = f"t_{ids.unique()}"
    url = postgres.create_database(name, template="migrated")
    founded = await found_site(tmp_path / "data", url)
    yield founded
    await founded.end()
    postgres.drop_database(name)


async def test_a_node_outlives_its_database(
    production_site: Site, postgres: PostgresServer
) -> None:
    site, ledger, slices = production_site, Ledger(), ct_slices(80)
    node = await site.role("node", database={"busy_timeout_ms": 500}).start()
    senders = [Sender(site.dicom_port, slices[n::2], ledger, seed=n) for n in range(2)]
    await wait_until(lambda: len(ledger.kept) >= 10, "the senders to get going")
    postgres.stop()
    try:
        await wait_until(lambda: node.said("draining waits"), "the drain to meet its absence")
        told = ledger.answers[SUCCESS]
        await send(site.dicom_port, slices[-1:], ledger)
        assert ledger.answers[SUCCESS] == told, "a success without a database"
    finally:
        postgres.start()
    for sender in senders:
        await sender.finish()
    assert node.is_alive
    assert ledger.answers.keys() <= {SUCCESS, OUT_OF_RESOURCES}
    assert ledger.kept == {each.uid for each in slices}
    await wait_until(lambda: is_drained(site), "the store to have everything")
    await check(site, ledger)
