"""A node killed at each step of the way from a device to the object store, one after the other."""

import os
import signal
from collections.abc import Iterator
from functools import partial
from pathlib import Path

import pytest
from aiohttp import web

from server.migrations.run import migrate
from tests.support.ledger import Ledger, Sender, check, ct_slices, is_drained, send
from tests.support.node_process import ORG, Site, found_site, wait_until
from tests.support.store_proxy import StoreProxy, store_proxy
from tests.support.stores import S3Server, running_seaweedfs
from tests.support.strace import injecting

# A thread counts its own calls. `fsync` is the spool's file, then its folder, and the store's;
# `fdatasync` and `pwrite64` are SQLite's; `linkat` makes an object in the store, `unlink` takes it
# out of the spool; the loop's own `write` is bytes to the spool and the answer to the device.
POINTS = (
    ("fsync", 1),
    ("fsync", 2),
    ("fsync", 4),
    ("pwrite64", 1),
    ("pwrite64", 30),
    ("fdatasync", 1),
    ("fdatasync", 2),
    ("linkat", 1),
    ("unlink", 1),
    ("unlink", 2),
    ("write", 4),
    ("write", 7),
)


async def test_what_was_promised_survives_a_kill_at_each_step(embedded_site: Site) -> None:
    site = embedded_site
    ledger = Ledger()
    slices = ct_slices(6 * len(POINTS))
    node = site.role("node")
    for number, (syscall, when) in enumerate(POINTS):
        await node.start()
        with injecting(node.pid, syscall, f"signal=KILL:when={when}"):
            batch = slices[6 * number : 6 * number + 6]
            sender = Sender(site.dicom_port, batch, ledger, seed=number)
            assert await node.ended() == -9, (syscall, when)
        await sender.stop()
        # Before anybody repairs anything: what was promised must be there already.
        await check(site, ledger)
    await node.start()
    await Sender(site.dicom_port, slices, ledger, seed=0).finish()
    await wait_until(lambda: is_drained(site), "the store to have everything")
    await check(site, ledger)
    assert len(ledger.kept) == len(slices)


@pytest.fixture(scope="module")
def store(tmp_path_factory: pytest.TempPathFactory) -> Iterator[S3Server]:
    with running_seaweedfs(tmp_path_factory.mktemp("seaweedfs")) as server:
        yield server


AT_THE_STORE = (("PUT", "before"), ("PUT", "after"), ("HEAD", "after"))


async def test_what_was_promised_survives_a_kill_at_each_step_of_a_put(
    store: S3Server, tmp_path: Path
) -> None:
    """Before the store has an object, before it says so, and after each; then before the unlink."""
    url = f"sqlite:///{tmp_path / 'lianzhen.db'}"
    migrate(url)
    ledger, slices = Ledger(), ct_slices(4 * len(AT_THE_STORE) + 4)
    async with store_proxy(store) as proxy:
        site = await found_site(tmp_path / "data", url, store.url_at(proxy.port))
        node = site.role("node")
        try:
            for number, step in enumerate(AT_THE_STORE):
                await node.start()
                proxy.meddle = partial(killed_at, step, node.pid, proxy)
                await send(site.dicom_port, slices[4 * number : 4 * number + 4], ledger)
                assert await node.ended() == -9, step
                proxy.meddle = None
                await check(site, ledger)
            await node.start()
            with injecting(node.pid, "unlink", "signal=KILL:when=2"):
                await send(site.dicom_port, slices[-4:], ledger)
                assert await node.ended() == -9
            await check(site, ledger)
            await node.start()
            await Sender(site.dicom_port, slices, ledger, seed=0).finish()
            await wait_until(lambda: is_drained(site), "the store to have everything")
            await check(site, ledger)
            assert ledger.kept == {each.uid for each in slices}
            async with site.looking() as services:
                there = [key async for key in services.stores.originals.keys(f"{ORG}/i/")]
            assert len(there) == len(slices), "an object of nobody"
        finally:
            await site.end()


async def killed_at(
    step: tuple[str, str], pid: int, proxy: StoreProxy, request: web.Request, body: bytes
) -> web.StreamResponse:
    """Kill before the store hears of it, or once it has answered and before the answer arrives."""
    method, when = step
    if request.method == method and when == "before":
        os.kill(pid, signal.SIGKILL)
    answer = await proxy.hand_on(request, body)
    if request.method == method and when == "after":
        os.kill(pid, signal.SIGKILL)
    return answer
