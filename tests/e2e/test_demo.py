"""The demonstration from outside: DCMTK sends, a foreign client fetches, a browser opens it."""

import asyncio
import os
import signal
import sys
from pathlib import Path

import numpy as np
import pytest
from dicomweb_client.api import DICOMwebClient
from pydicom import dcmread
from pydicom.uid import generate_uid

from tests.support.demo import Demo, running_demo, storescu, until
from tests.support.dicom_files import changed, sample
from tests.support.peers import require_program

CHROMIUM_FLAGS = (
    "--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run",
    "--disable-background-networking", "--disable-component-update", "--disable-sync",
)  # fmt: skip


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
        before = await both_are_read(demo, study, ecg_study, ct)
        await the_page_opens(demo, tmp_path)
    async with running_demo(data_dir, end_with=signal.SIGINT) as demo:
        # Nothing is gone; the infarction is a new one at every start.
        assert before <= await both_are_read(demo, study, ecg_study, ct)
    audit = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "server", "audit", "verify",
        env=os.environ | {"LIANZHEN_DATA_DIR": str(data_dir)},
        stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.STDOUT,
    )  # fmt: skip
    output, _ = await audit.communicate()
    assert audit.returncode == 0, output.decode()


async def both_are_read(demo: Demo, study: str, ecg_study: str, ct: Path) -> set[str]:
    """The county lists and fetches both; the other township knows of neither. Return all listed."""
    studies = await demo.items("county", "/api/studies")
    listed = {str(each["study_instance_uid"]) for each in studies}
    assert {study, ecg_study} < listed
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
        return {each["status"] for each in ecgs} == {"screened"}

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
    return listed


async def the_page_opens(demo: Demo, tmp_path: Path) -> None:
    """A real browser runs the page: its sign-in form is made by its own script."""
    browser = await asyncio.create_subprocess_exec(
        require_program("chromium"), *CHROMIUM_FLAGS, f"--user-data-dir={tmp_path / 'browser'}",
        "--virtual-time-budget=5000", "--dump-dom", demo.http + "/",
        stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.DEVNULL,
    )  # fmt: skip
    page, _ = await asyncio.wait_for(browser.communicate(), 60)
    assert 'type="password"' in page.decode()
