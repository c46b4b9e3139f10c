"""The demonstration from outside: DCMTK sends, a foreign client fetches, a browser opens it."""

import asyncio
import json
import os
import signal
import subprocess
import sys
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import aiohttp
import numpy as np
import pytest
from dicomweb_client.api import DICOMwebClient
from pydicom import dcmread
from pydicom.uid import generate_uid

from tests.support.dicom_files import changed, sample
from tests.support.peers import require_program
from tests.support.ports import free_port

CHROMIUM_FLAGS = (
    "--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run",
    "--disable-background-networking", "--disable-component-update", "--disable-sync",
)  # fmt: skip


@dataclass
class Demo:
    """A running demonstration."""

    process: asyncio.subprocess.Process
    data_dir: Path
    http: str
    dicom_port: int

    def bearer(self, login: str) -> dict[str, str]:
        """Return the header that speaks for one of its people."""
        tokens = json.loads((self.data_dir / "demo-tokens.json").read_text())
        return {"Authorization": f"Bearer {tokens[login]}"}

    async def get(self, login: str, path: str) -> tuple[int, str, bytes]:
        """Return status, media type and body."""
        async with (
            aiohttp.ClientSession(headers=self.bearer(login)) as session,
            session.get(self.http + path) as response,
        ):
            return response.status, response.content_type, await response.read()

    async def items(self, login: str, path: str) -> list[dict[str, Any]]:
        """Return the items of a list."""
        status, _, body = await self.get(login, path)
        assert status == 200, body
        found: list[dict[str, Any]] = json.loads(body)["items"]
        return found


@asynccontextmanager
async def running_demo(data_dir: Path, *, end_with: signal.Signals) -> AsyncIterator[Demo]:
    """Run ``lianzhen demo`` as a child until it says that it is ready."""
    http_port, dicom_port = free_port(), free_port()
    environment = os.environ | {
        "LIANZHEN_DATA_DIR": str(data_dir),
        "LIANZHEN_HTTP__PORT": str(http_port),
        "LIANZHEN_HTTP__MEDIA_PORT": "0",
        "LIANZHEN_HTTP__WORKER_PORT": "0",
        "LIANZHEN_DICOM__PORT": str(dicom_port),
        "LIANZHEN_SPOOL__MIN_FREE_BYTES": "1",
        "PYTHONUNBUFFERED": "1",
    }
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "server", "demo",
        env=environment, stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.STDOUT,
        start_new_session=True,
    )  # fmt: skip
    assert process.stdout is not None
    said: list[str] = []
    try:
        async with asyncio.timeout(120):
            while not said or "Ctrl-C" not in said[-1]:
                line = await process.stdout.readline()
                assert line, "the demonstration ended:\n" + "".join(said)
                said.append(line.decode())
        reader = asyncio.create_task(process.stdout.read())
        yield Demo(process, data_dir, f"http://127.0.0.1:{http_port}", dicom_port)
        if end_with is signal.SIGKILL:
            os.killpg(process.pid, signal.SIGKILL)
        else:
            process.send_signal(end_with)
        assert await asyncio.wait_for(process.wait(), 60) == (
            -signal.SIGKILL if end_with is signal.SIGKILL else 0
        )
        await reader
    finally:
        if process.returncode is None:
            os.killpg(process.pid, signal.SIGKILL)
            await process.wait()


def storescu(demo: Demo, *files: Path) -> None:
    """Send files with DCMTK as the township's device."""
    subprocess.run(
        [
            require_program("storescu"), "-aet", "TOWNSHIP1", "-aec", "LIANZHEN",
            "127.0.0.1", str(demo.dicom_port), *files,
        ],
        check=True, timeout=60,
    )  # fmt: skip


async def until(check: Callable[[], Awaitable[bool]], what: str) -> None:
    """Wait until ``check`` holds."""
    for _ in range(300):
        if await check():
            return
        await asyncio.sleep(0.1)
    pytest.fail(f"{what} did not happen within 30 s")


async def test_what_a_township_sends_a_county_reads_and_a_kill_takes_nothing(
    tmp_path: Path,
) -> None:
    study, instance, ecg_study = generate_uid(), generate_uid(), generate_uid()
    ct = tmp_path / "ct.dcm"
    ct.write_bytes(changed(sample("CT_small.dcm"), StudyInstanceUID=study, SOPInstanceUID=instance))
    ecg = tmp_path / "ecg.dcm"
    ecg.write_bytes(
        changed(
            sample("waveform_ecg.dcm"),
            StudyInstanceUID=ecg_study,
            SOPInstanceUID=generate_uid(),
        )
    )
    data_dir = tmp_path / "data"
    async with running_demo(data_dir, end_with=signal.SIGKILL) as demo:
        await asyncio.to_thread(storescu, demo, ct, ecg)
        await both_are_read(demo, study, ecg_study, ct)
        await the_page_opens(demo, tmp_path)
    async with running_demo(data_dir, end_with=signal.SIGINT) as demo:
        await both_are_read(demo, study, ecg_study, ct)
    audit = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "server", "audit", "verify",
        env=os.environ | {"LIANZHEN_DATA_DIR": str(data_dir)},
        stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.STDOUT,
    )  # fmt: skip
    output, _ = await audit.communicate()
    assert audit.returncode == 0, output.decode()


async def both_are_read(demo: Demo, study: str, ecg_study: str, ct: Path) -> None:
    """The county lists and fetches both; the other township knows of neither."""
    studies = await demo.items("county", "/api/studies")
    # The demonstration's own CT and four ECGs, and DCMTK's two.
    assert len(studies) == 7
    assert study in {each["study_instance_uid"] for each in studies}
    assert await demo.items("township2", "/api/studies") == []

    client = DICOMwebClient(f"{demo.http}/dicomweb", headers=demo.bearer("county"))
    (found,) = await asyncio.to_thread(
        client.search_for_instances, search_filters={"StudyInstanceUID": study}
    )
    series, sop = found["0020000E"]["Value"][0], found["00080018"]["Value"][0]
    fetched = await asyncio.to_thread(client.retrieve_instance, study, series, sop)
    assert np.array_equal(fetched.pixel_array, dcmread(ct).pixel_array)
    path = f"/dicomweb/studies/{study}/series/{series}/instances/{sop}/rendered"
    status, media_type, body = await demo.get("county", path)
    assert (status, media_type) == (200, "image/jpeg"), body[:200]

    async def screened() -> bool:
        ecgs = await demo.items("county", "/api/ecgs")
        return len(ecgs) == 5 and {each["status"] for each in ecgs} == {"screened"}

    await until(screened, "the screening of every ECG")
    (first,) = (
        each
        for each in await demo.items("county", "/api/ecgs")
        if each["study_instance_uid"] == ecg_study
    )
    # What the cart that recorded it measured: 61/min.
    assert first["heart_rate_bpm"] == pytest.approx(61, abs=1)
    status, media_type, body = await demo.get("county", f"/api/ecgs/{first['id']}/paper.svg")
    assert (status, media_type) == (200, "image/svg+xml")
    assert "机器分析提示（仅供参考，未注册）".encode() in body
    assert (await demo.get("township2", f"/api/ecgs/{first['id']}"))[0] == 404


async def the_page_opens(demo: Demo, tmp_path: Path) -> None:
    """A real browser runs the page: its sign-in form is made by its own script."""
    browser = await asyncio.create_subprocess_exec(
        require_program("chromium"), *CHROMIUM_FLAGS, f"--user-data-dir={tmp_path / 'browser'}",
        "--virtual-time-budget=5000", "--dump-dom", demo.http + "/",
        stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.DEVNULL,
    )  # fmt: skip
    page, _ = await asyncio.wait_for(browser.communicate(), 60)
    assert 'type="password"' in page.decode()
