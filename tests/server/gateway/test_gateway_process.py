"""A real gateway before a real county, with a real device and a line that is cut."""

import subprocess
from collections.abc import AsyncIterator
from functools import partial
from pathlib import Path

import pytest

from server.migrations.run import migrate
from tests.support.dicom_files import ct_series
from tests.support.ledger import stored_pixels
from tests.support.node_process import DEVICE_AE, GATEWAY, Site, found_site, wait_until
from tests.support.peers import require_program
from tests.support.township import are_confirmed, found_township, outbound


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


@pytest.mark.parametrize("compression", ["none", "htj2k", "jpeg-ls"])
async def test_what_a_device_sends_is_at_the_county_pixel_by_pixel(
    county: Site, tmp_path: Path, compression: str
) -> None:
    await county.role("web").start()
    site = await found_township(
        tmp_path / "township",
        county_url=f"http://127.0.0.1:{county.settings.http.port}",
        token=county.token,
        gateway={"compression": compression},
    )
    files = ct_series(5)
    await site.role(GATEWAY).start()
    try:
        dcmsend(site.dicom_port, put(tmp_path / "exam", files))
        await wait_until(partial(are_confirmed, site, 5), "the county to confirm")
    finally:
        await site.end()
    rows = await outbound(site)
    pixels = await stored_pixels(county)
    assert set(pixels) == set(rows)
