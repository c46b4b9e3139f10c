"""The object store is down for the whole intake and comes back later: nothing waits for it."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from server.migrations.run import migrate
from tests.support.ledger import SUCCESS, Ledger, check, ct_slices, is_drained, send, spooled
from tests.support.node_process import found_site, wait_until
from tests.support.stores import S3Server, seaweedfs


@pytest.fixture
def store(tmp_path: Path) -> Iterator[S3Server]:
    """An S3 server that nobody has started yet."""
    directory = tmp_path / "seaweedfs"
    directory.mkdir()
    server = seaweedfs(directory)
    yield server
    server.stop()


async def test_intake_goes_on_without_its_store_and_the_backlog_drains(
    store: S3Server, tmp_path: Path
) -> None:
    url = f"sqlite:///{tmp_path / 'lianzhen.db'}"
    migrate(url)
    site = await found_site(tmp_path / "data", url, store.url)
    ledger, slices = Ledger(), ct_slices(80)
    try:
        node = await site.role("node").start()
        assert await send(site.dicom_port, slices[:40], ledger)
        # Read at once, from the spool, with the store still down.
        await check(site, ledger)
        assert await node.terminate() == 0, node.tail()
        await node.start()
        assert await send(site.dicom_port, slices, ledger)
        assert ledger.answers == {SUCCESS: 120}, node.tail()
        await check(site, ledger)
        assert len(spooled(site)) == 80
        store.start()
        await wait_until(lambda: is_drained(site), "the store to have everything")
        await wait_until(lambda: not spooled(site), "the spool to be empty")
        await check(site, ledger)
    finally:
        await site.end()
