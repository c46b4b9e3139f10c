"""The page for devices, against DCMTK's storescp and a port where nobody is."""

from pathlib import Path

import pytest
from pydicom import dcmread

from tests.dicom.dimse.acceptors import storescp
from tests.support.demo import running_demo
from tests.support.playwright import BROWSERS, run_spec
from tests.support.ports import free_port


@pytest.mark.parametrize("browser", BROWSERS)
async def test_a_device_is_registered_and_tried_and_another_is_missed(
    browser: str, tmp_path: Path
) -> None:
    received = tmp_path / "received"
    received.mkdir()
    async with storescp(received) as port, running_demo(tmp_path / "data") as demo:
        ports = {"E2E_DEVICE_PORT": str(port), "E2E_NO_DEVICE_PORT": str(free_port())}
        await run_spec("devices.spec.ts", browser, demo, ports)
    (image,) = received.iterdir()
    assert dcmread(image).pixel_array.any()
