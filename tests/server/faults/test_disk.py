"""A disk that is full, nearly full, or fails: refused in time, never a success, and it recovers."""

from pathlib import Path

import pytest
from aiohttp.test_utils import TestClient, TestServer

from server.app import build_app
from tests.support.databases import migrated_sqlite
from tests.support.ledger import (
    OUT_OF_RESOURCES,
    SUCCESS,
    Ledger,
    check,
    compare,
    ct_slices,
    is_drained,
    send,
)
from tests.support.mounts import fill, open_descriptors, small_disk
from tests.support.node_process import Site, found_site, wait_until
from tests.support.strace import injecting


async def test_a_full_disk_refuses_reads_on_and_recovers(tmp_path: Path) -> None:
    with small_disk(tmp_path / "disk", 24) as disk:
        migrated_sqlite(disk / "lianzhen.db")
        site = await found_site(disk / "data", f"sqlite:///{disk / 'lianzhen.db'}")
        slices, ledger = ct_slices(12), Ledger()
        try:
            node = await site.role("node").start()
            assert await send(site.dicom_port, slices[:3], ledger)
            await wait_until(lambda: is_drained(site), "the store to have everything")
            async with site.looking() as services:
                fill(disk / "filler")
                descriptors = open_descriptors(node.pid)
                ledger.answers.clear()
                assert await send(site.dicom_port, slices[3:], ledger)
                assert ledger.answers == {OUT_OF_RESOURCES: 9}, node.tail()
                assert open_descriptors(node.pid) <= descriptors + 1
                await compare(services, ledger)
            (disk / "filler").unlink()
            ledger.answers.clear()
            assert await send(site.dicom_port, slices, ledger)
            assert ledger.answers == {SUCCESS: 12}, node.tail()
            await check(site, ledger)
        finally:
            await site.end()


async def test_below_the_watermark_devices_and_uploads_are_told_to_wait(
    embedded_site: Site,
) -> None:
    ledger = Ledger()
    values = {**embedded_site.values, "spool": {"min_free_bytes": 1 << 60}}
    site = Site(values, embedded_site.token, embedded_site.started)
    await site.role("node").start()
    assert await send(site.dicom_port, ct_slices(2), ledger)
    assert ledger.answers == {OUT_OF_RESOURCES: 2}
    headers = {
        "Authorization": f"Bearer {site.token}",
        "Tus-Resumable": "1.0.0",
        "Upload-Length": "1000",
    }
    async with TestClient(TestServer(build_app(site.settings))) as client:
        answer = await client.post("/api/uploads", headers=headers)
        assert answer.status == 507
        ready = await client.get("/readyz")
        assert ready.status == 503


@pytest.mark.parametrize(
    ("syscall", "fault"),
    [
        ("fsync", "error=EIO"),
        ("fsync", "error=EIO:when=1"),
        ("fdatasync", "error=EIO"),
        ("pwrite64", "error=EIO"),
    ],
)
async def test_a_disk_that_cannot_write_is_never_a_success(
    embedded_site: Site, syscall: str, fault: str
) -> None:
    """``fsync`` is the spool's: all, or a thread's first, which is the file's own.

    ``fdatasync`` and ``pwrite64`` are the database's.
    """
    site, ledger, slices = embedded_site, Ledger(), ct_slices(6)
    node = await site.role("node").start()
    assert await send(site.dicom_port, slices[:2], ledger)
    with injecting(node.pid, syscall, fault):
        ledger.answers.clear()
        assert await send(site.dicom_port, slices[2:3], ledger)
        assert ledger.answers == {OUT_OF_RESOURCES: 1}, node.tail()
    ledger.answers.clear()
    assert await send(site.dicom_port, slices, ledger)
    assert ledger.answers == {SUCCESS: 6}, node.tail()
    await check(site, ledger)
