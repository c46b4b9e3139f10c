"""The gateway's page in real browsers: figures for everybody, names and buttons for its people."""

from pathlib import Path

import pytest
from aiohttp.test_utils import TestServer

from server.gateway.faults import Fault
from server.gateway_process import build_gateway_app
from server.identity.models import Role
from server.identity.people import NewPerson
from tests.support.dicom_files import changed, ct_series, ecg_bytes, sample
from tests.support.playwright import BROWSERS, run_spec
from tests.support.township import running_township


@pytest.mark.parametrize("browser", BROWSERS)
async def test_a_township_looks_after_its_gateway(tmp_path: Path, browser: str) -> None:
    county_url = "https://lianzhen.qinghe.example.cn"
    async with running_township(
        tmp_path, county_url=county_url, token="none", max_kbit_s=2000
    ) as town:
        await town.receive_all([*ct_series(6), ecg_bytes(PatientName="Zhang^San")])
        await town.receive(
            changed(sample("MR_small.dcm"), SpecificCharacterSet="ISO_IR 192", PatientName="张三")
        )
        queue, rows = town.gateway.queue, await town.rows()
        for row in rows[:3]:
            await queue.confirm(row.number, "stored")
        await queue.refuse(rows[3].number, "uid-conflict", "already stored with other content")
        await queue.refuse(rows[4].number, Fault.DAMAGED_HERE, "the file here is not what came")
        await town.gateway.line.contacted(125_000)
        technician = frozenset({Role.TOWNSHIP_TECHNICIAN})
        await town.gateway.services.people.create(
            NewPerson(town.institution, "technician", "何样板", technician),
            password="a long enough password",
        )
        async with TestServer(build_gateway_app(town.gateway)) as server:
            url = f"http://127.0.0.1:{server.port}"
            await run_spec("gateway.spec.ts", browser, None, {"E2E_URL": url})
