"""A node killed at any moment: what it answered with success is there, the rest absent or whole."""

import asyncio
import os
import time
from random import Random

from server.audit.verify import verify
from tests.support.ledger import Ledger, Sender, check, ct_slices, is_drained, spooled
from tests.support.node_process import RoleProcess, Site, wait_until

KILLS = 16
UP_AGAIN_S = 10.0


async def test_what_was_promised_survives_kills_at_random_moments(site: Site) -> None:
    random = Random(20_261_121)  # noqa: S311 -- not a secret
    ledger = Ledger()
    slices = ct_slices(150)
    node = await site.role("node").start()
    senders = [Sender(site.dicom_port, slices[half::2], ledger, seed=half) for half in range(2)]
    lasted_s = []
    for _ in range(KILLS):
        enough = ledger.attempts + random.randint(2, 16)
        await wait_until(lambda: ledger.attempts >= enough, "the senders to go on")  # noqa: B023 -- called at once
        await asyncio.sleep(random.random() * 0.02)
        await node.kill()
        begun_s = time.monotonic()
        await node.start()
        lasted_s.append(time.monotonic() - begun_s)
    # The median: on a machine that others share, a single start proves nothing.
    assert sorted(lasted_s)[KILLS // 2] < UP_AGAIN_S
    for sender in senders:
        await sender.finish()
    assert ledger.kept == {each.uid for each in slices}
    await check(site, ledger)
    await _nothing_stays_in_the_spool(site, node)
    await check(site, ledger)
    async with site.looking() as services:
        key = services.settings.audit.key_file
        assert key is not None
        report = await verify(services.database, key.read_bytes(), services.settings.data_dir)
    assert report.findings == ()


async def _nothing_stays_in_the_spool(site: Site, node: RoleProcess) -> None:
    assert await node.terminate() == 0, node.tail()
    for name in spooled(site):
        # What dead processes left is swept only once no commit of theirs can be under way.
        os.utime(site.spool_dir / name, (0, 0))
    await node.start()

    async def is_empty() -> bool:
        return not spooled(site) and await is_drained(site)

    await wait_until(is_empty, "the spool to be empty")
