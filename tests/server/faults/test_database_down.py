"""A database that is locked or down: refused in time, no half index, and no restart needed."""

import sqlite3
from collections.abc import AsyncIterator, Iterator
from contextlib import closing, contextmanager
from pathlib import Path

import psycopg
import pytest

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
        connection.execute("LOCK TABLE objects IN ACCESS EXCLUSIVE MODE")
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
