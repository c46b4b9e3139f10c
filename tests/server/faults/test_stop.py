"""Stopped under load, and killed while a foreign program sends: its word is kept."""

import asyncio
import re
from pathlib import Path

from pydicom import dcmread

from tests.dicom.dimse.senders import run
from tests.support.dicom_files import ct_series
from tests.support.ledger import Ledger, Sender, check, ct_slices, stored_pixels
from tests.support.node_process import DEVICE_AE, Site, wait_until
from tests.support.peers import require_program


async def test_a_node_stopped_under_load_keeps_its_word(site: Site) -> None:
    ledger, slices = Ledger(), ct_slices(200)
    node = await site.role("node").start()
    senders = [Sender(site.dicom_port, slices[n::4], ledger, seed=n) for n in range(4)]
    await wait_until(lambda: len(ledger.kept) >= 40, "the senders to get going")
    assert await node.terminate() == 0, node.tail()
    for sender in senders:
        await sender.stop()
    await check(site, ledger)


async def test_what_storescu_was_told_before_a_kill_is_there(
    embedded_site: Site, tmp_path: Path
) -> None:
    """DCMTK says what it sends and then what it was told, one after the other."""
    site, node = embedded_site, await embedded_site.role("node").start()
    folder = tmp_path / "files"
    folder.mkdir()
    for number, data in enumerate(ct_series(100)):
        (folder / f"{number:03}.dcm").write_bytes(data)
    peer = ["-aet", DEVICE_AE, "127.0.0.1", str(site.dicom_port)]
    sending = asyncio.create_task(run(require_program("storescu"), "-v", "+sd", *peer, folder))

    async def has_some() -> bool:
        return len(await stored_pixels(site)) >= 25

    await wait_until(has_some, "storescu to get going")
    await node.kill()
    code, output = await sending
    assert code != 0, output
    told = re.findall(
        r"Sending file: (\S+)(?:(?!Sending file)[\s\S])*?Response \(Success\)", output
    )
    assert len(told) >= 25, output
    there = await stored_pixels(site)
    for path in told:
        dataset = dcmread(path)
        assert there[dataset.SOPInstanceUID] == dataset.PixelData
