"""A real gateway before a real county, with a real device and a line that is cut."""

import asyncio
import os
import subprocess
import sys
from collections.abc import AsyncIterator
from functools import partial
from io import BytesIO
from pathlib import Path
from random import Random

import pytest
from pydicom import Dataset, dcmread
from sqlalchemy import select

from server.migrations.run import migrate
from server.studies.models import Instance
from tests.support.cutting_proxy import cutting_proxy
from tests.support.dicom_files import ct_series, ecg_bytes, sample
from tests.support.ledger import Ledger, Sender, check, ct_slices, read
from tests.support.node_process import (
    DEVICE_AE,
    GATEWAY,
    Site,
    environment_of,
    found_site,
    wait_until,
)
from tests.support.peers import require_program
from tests.support.township import are_confirmed, found_township, outbound

HTJ2K_LOSSLESS = "1.2.840.10008.1.2.4.201"
KILLS = 8


@pytest.fixture
async def county(tmp_path: Path) -> AsyncIterator[Site]:
    url = f"sqlite:///{tmp_path / 'county.db'}"
    migrate(url)
    site = await found_site(tmp_path / "county", url)
    yield site
    await site.end()


def dcmsend(port: int, folder: Path) -> None:
    """Send a folder as a device does."""
    program = require_program("dcmsend")
    subprocess.run(
        [program, "-aet", DEVICE_AE, "-aec", "LIANZHEN", "+sd", "127.0.0.1", str(port), folder],
        check=True, timeout=60,
    )  # fmt: skip


def put(folder: Path, files: list[bytes]) -> Path:
    """Write files into a new folder."""
    folder.mkdir()
    for number, data in enumerate(files):
        (folder / f"{number}.dcm").write_bytes(data)
    return folder


async def test_what_a_device_sends_is_at_the_county_pixel_by_pixel(
    county: Site, tmp_path: Path
) -> None:
    await county.role("web").start()
    site = await found_township(
        tmp_path / "township",
        county_url=f"http://127.0.0.1:{county.settings.http.port}",
        token=county.token,
        gateway={"compression": "htj2k"},
    )
    files = [*ct_series(3), sample("MR_small_implicit.dcm").read_bytes(), ecg_bytes()]
    await site.role(GATEWAY).start()
    try:
        dcmsend(site.dicom_port, put(tmp_path / "exam", files))
        await wait_until(partial(are_confirmed, site, 5), "the county to confirm")
        told = gateway_status(site)
    finally:
        await site.end()
    assert "5" in next(line for line in told if "confirmed" in line)
    sent = {dcmread(BytesIO(data)).SOPInstanceUID: dcmread(BytesIO(data)) for data in files}
    compressed = 0
    for uid, there in (await stored_datasets(county)).items():
        if "PixelData" in there:
            compressed += there.file_meta.TransferSyntaxUID == HTJ2K_LOSSLESS
            assert (there.pixel_array == sent[uid].pixel_array).all()
        else:
            assert there == sent[uid]
    assert compressed == 4


@pytest.mark.fault
async def test_what_was_promised_gets_there_through_kills_and_cuts(
    county: Site, tmp_path: Path
) -> None:
    random = Random(20_261_126)  # noqa: S311 -- not a secret
    ledger = Ledger()
    slices = ct_slices(80)
    web = await county.role("web").start()
    async with cutting_proxy(county.settings.http.port) as proxy:
        site = await found_township(
            tmp_path / "township",
            county_url=f"http://127.0.0.1:{proxy.port}",
            token=county.token,
        )
        gateway = await site.role(GATEWAY).start()
        senders = [Sender(site.dicom_port, slices[half::2], ledger, seed=half) for half in range(2)]
        try:
            for number in range(KILLS):
                proxy.cut_after_sent_bytes = random.choice((None, 700, 20_000, 90_000, 400_000))
                proxy.cut_after_bytes = random.choice((None, 300, 2_000))
                enough = ledger.attempts + random.randint(2, 12)
                await wait_until(lambda: ledger.attempts >= enough, "the senders to go on")  # noqa: B023 -- called at once
                await asyncio.sleep(random.random() * 0.3)
                if number % 3 == 2:
                    await web.kill()
                    await web.start()
                await gateway.kill()
                await gateway.start()
            for sender in senders:
                await sender.finish()
            proxy.cut_after_sent_bytes = proxy.cut_after_bytes = None
            await wait_until(partial(are_confirmed, site, len(slices)), "the county to confirm")
            rows = await outbound(site)
        finally:
            for sender in senders:
                await sender.stop()
            await site.end()
    assert ledger.kept == {each.uid for each in slices}
    assert {row.answer for row in rows.values()} <= {"stored", "duplicate"}
    await check(county, ledger)


def gateway_status(site: Site) -> list[str]:
    """Ask the command beside a running gateway."""
    told = subprocess.run(
        [sys.executable, "-m", "server", "gateway", "status"],
        env={**os.environ, **environment_of(site.values)},
        capture_output=True, check=True, text=True, timeout=60,
    )  # fmt: skip
    return told.stdout.splitlines()


async def stored_datasets(site: Site) -> dict[str, Dataset]:
    """Return everything a county keeps."""
    async with site.looking() as services:
        async with services.database.reading() as session:
            rows = list(
                await session.execute(select(Instance.sop_instance_uid, Instance.object_id))
            )
        return {uid: dcmread(BytesIO(await read(services, object_id))) for uid, object_id in rows}
