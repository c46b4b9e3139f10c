"""Two nodes of one host share a spool and a database: one drains, and the other takes over."""

import os
import signal

from tests.support.ledger import Ledger, Sender, check, ct_slices, is_drained, spooled
from tests.support.node_process import Site, wait_until
from tests.support.ports import free_port


async def test_the_other_node_takes_over_from_a_killed_one(site: Site) -> None:
    ledger, slices = Ledger(), ct_slices(100)
    port = free_port()
    first = await site.role("node").start()
    second = await site.role("node", dicom={"port": port}).start()
    doomed = Sender(site.dicom_port, slices[:50], ledger, seed=1)
    lasting = Sender(port, slices[50:], ledger, seed=2)
    await wait_until(lambda: ledger.attempts >= 30, "both to receive")
    os.kill(second.pid, signal.SIGSTOP)
    await first.kill()
    await doomed.stop()
    for name in spooled(site):
        # What the dead one left must look settled to be swept; what lives is locked.
        os.utime(site.spool_dir / name, (0, 0))
    os.kill(second.pid, signal.SIGCONT)
    await lasting.finish()
    await wait_until(lambda: is_drained(site), "the other to drain everything")
    await wait_until(lambda: not spooled(site), "the other to sweep what the first left")
    await check(site, ledger)
    assert {each.uid for each in slices[50:]} <= ledger.kept
    await Sender(port, slices[:50], ledger, seed=3).finish()
    await check(site, ledger)
    assert await second.terminate() == 0, second.tail()
