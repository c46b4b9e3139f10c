"""The power goes while a device sends: what the disk holds at that moment must be enough."""

import asyncio
import os
import signal
import subprocess
from pathlib import Path

from server.migrations.run import migrate
from tests.support.ledger import Ledger, Sender, check, ct_slices, is_drained
from tests.support.mounts import image_mount, make_image
from tests.support.node_process import Site, found_site, wait_until

CUTS = 4


async def test_what_was_promised_survives_a_power_cut(tmp_path: Path) -> None:
    """The image is what was written to the disk; what waits in memory is lost, as with the power.

    The node stands still while the image is copied, so that the copy is of one moment.
    """
    image, disk = make_image(tmp_path / "disk.img", 96), tmp_path / "disk"
    cuts: list[Ledger] = []
    with image_mount(image, disk):
        site = await found_site(disk / "data", _migrated(disk))
        ledger = Ledger()
        try:
            node = await site.role("node").start()
            sender = Sender(site.dicom_port, ct_slices(200), ledger, seed=1)
            for number in range(CUTS):
                enough = len(ledger.kept) + 7
                await wait_until(lambda: len(ledger.kept) >= enough, "the sender to go on")  # noqa: B023 -- awaited here
                os.kill(node.pid, signal.SIGSTOP)
                await asyncio.sleep(0.05)
                cuts.append(Ledger(dict(ledger.sent), set(ledger.kept)))
                await asyncio.to_thread(_copy, image, tmp_path / f"cut-{number}.img")
                os.kill(node.pid, signal.SIGCONT)
            await sender.stop()
        finally:
            await site.end()
    for number, promised in enumerate(cuts):
        assert len(promised.kept) >= 7 * (number + 1)
        at = tmp_path / f"cut-{number}"
        with image_mount(tmp_path / f"cut-{number}.img", at):
            await _lives_on(_moved(site, disk, at), promised)


async def _lives_on(site: Site, promised: Ledger) -> None:
    try:
        await check(site, promised)
        await site.role("node").start()
        await wait_until(lambda: is_drained(site), "the store to have everything")
        await check(site, promised)
    finally:
        await site.end()


def _migrated(disk: Path) -> str:
    url = f"sqlite:///{disk / 'lianzhen.db'}"
    migrate(url)
    return url


def _moved(site: Site, disk: Path, to: Path) -> Site:
    places = {"data_dir": str(to / "data"), "database": {"url": f"sqlite:///{to / 'lianzhen.db'}"}}
    return Site({**site.values, **places})


def _copy(image: Path, to: Path) -> None:
    subprocess.run(
        ["cp", "--sparse=always", "--reflink=never", str(image), str(to)], check=True, timeout=60
    )
