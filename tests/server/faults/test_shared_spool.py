"""Two nodes of one host share a spool and a database: one drains, and the other takes over."""

import os
import signal

from tests.support.ledger import Ledger, Sender, check, ct_slices, is_drained, spooled
from tests.support.node_process import READY_WITHIN_S, Site, wait_until
from tests.support.ports import free_port


async def test_the_other_node_takes_over_from_a_killed_one(site: Site) -> None:
    ledger, slices = Ledger(), ct_slices(100)
    port = free_port()
    first = await site.role("node").start()
    dead_folders = {each.name for each in site.spool_dir.iterdir()}
    second = await site.role("node", dicom={"port": port}).start()
    doomed = Sender(site.dicom_port, slices[:50], ledger, seed=1)
    lasting = Sender(port, slices[50:], ledger, seed=2)
    await wait_until(lambda: ledger.attempts >= 30, "both to receive")
    os.kill(second.pid, signal.SIGSTOP)
    await first.kill()
    await doomed.stop()
    _settle(site)
    os.kill(second.pid, signal.SIGCONT)
    await lasting.finish()
    await wait_until(lambda: is_drained(site), "the other to drain everything")
    # A flip that the database finished after its process's death is seen by the next sweep only.
    await wait_until(
        lambda: all(name.partition("/")[0] not in dead_folders for name in spooled(site)),
        "the other to sweep what the first left",
        within_s=2 * READY_WITHIN_S,
    )
    await check(site, ledger)
    assert {each.uid for each in slices[50:]} <= ledger.kept
    await Sender(port, slices[:50], ledger, seed=3).finish()
    await check(site, ledger)
    assert await second.terminate() == 0, second.tail()
    # The first drained what the second received too. What it had moved and not yet removed lies
    # in the second's folder, which is swept once the second has ended.
    _settle(site)
    await site.role("node").start()
    await wait_until(lambda: not spooled(site), "a third to sweep what the second left")
    await check(site, ledger)


def _settle(site: Site) -> None:
    """Age what is in the spool: only settled files of dead processes are swept."""
    for name in spooled(site):
        os.utime(site.spool_dir / name, (0, 0))
