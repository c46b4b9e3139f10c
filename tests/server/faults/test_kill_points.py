"""A node killed at each step of the way from a device to the object store, one after the other."""

from tests.support.ledger import Ledger, Sender, check, ct_slices, is_drained
from tests.support.node_process import Site, wait_until
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
