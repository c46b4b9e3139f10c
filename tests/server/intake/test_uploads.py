"""Resumable uploads: cut anywhere, they go on where they stood, and end as one study."""

import asyncio
import base64
import hashlib
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from sqlalchemy import func, select

from server.identity.models import Role
from server.intake.models import UploadSession
from server.studies.models import Study
from tests.support.application import RunningApp, running_app, settings_for
from tests.support.databases import migrated_sqlite
from tests.support.dicom_files import ct_bytes
from tests.support.fakes import ManualClock

SCP = Path(__file__).resolve().parents[2] / "data" / "ecg" / "scp" / "anon000007.scp"
TUS = {"Tus-Resumable": "1.0.0"}


@pytest.fixture
async def app(tmp_path: Path) -> AsyncIterator[RunningApp]:
    migrated_sqlite(tmp_path / "lianzhen.db")
    async with running_app(settings_for(tmp_path)) as running:
        yield running


@pytest.fixture
async def who(app: RunningApp) -> dict[str, str]:
    return {**await app.token("t1", "township1", Role.TOWNSHIP_TECHNICIAN), **TUS}


async def create(app: RunningApp, who: dict[str, str], size: int) -> str:
    name = base64.b64encode("胸片.dcm".encode()).decode()
    response = await app.client.post(
        "/api/uploads",
        headers={**who, "Upload-Length": str(size), "Upload-Metadata": f"filename {name}"},
    )
    assert response.status == 201
    return response.headers["Location"]


async def patch(
    app: RunningApp, who: dict[str, str], url: str, offset: int, body: bytes, **more: str
) -> tuple[int, dict[str, str]]:
    response = await app.client.patch(
        url,
        data=body,
        headers={
            **who,
            "Upload-Offset": str(offset),
            "Content-Type": "application/offset+octet-stream",
            **more,
        },
    )
    return response.status, dict(response.headers)


async def study_count(app: RunningApp) -> int:
    async with app.services.database.reading() as session:
        return await session.scalar(select(func.count()).select_from(Study)) or 0


@pytest.mark.fault
@pytest.mark.parametrize("percent", [1, 50, 99])
async def test_an_upload_cut_on_the_way_goes_on_where_it_stood(
    app: RunningApp, who: dict[str, str], percent: int
) -> None:
    data = ct_bytes()
    cut = len(data) * percent // 100
    url = await create(app, who, len(data))
    assert (await patch(app, who, url, 0, data[:cut]))[0] == 204
    head = await app.client.head(url, headers=who)
    assert head.headers["Upload-Offset"] == str(cut)
    status, headers = await patch(app, who, url, cut, data[cut:])
    assert (status, headers["Upload-Outcome"]) == (204, "stored")
    look = await (await app.client.get(url, headers=who)).json()
    assert (look["outcome_code"], look["filename"], look["offset"]) == (
        "stored", "胸片.dcm", len(data),
    )  # fmt: skip
    assert await study_count(app) == 1


async def test_a_wrong_offset_is_a_conflict_and_changes_nothing(
    app: RunningApp, who: dict[str, str]
) -> None:
    url = await create(app, who, 100)
    await patch(app, who, url, 0, b"x" * 10)
    assert (await patch(app, who, url, 5, b"y"))[0] == 409
    assert (await app.client.head(url, headers=who)).headers["Upload-Offset"] == "10"


@pytest.mark.fault
async def test_a_damaged_chunk_is_forgotten(app: RunningApp, who: dict[str, str]) -> None:
    data = ct_bytes()
    url = await create(app, who, len(data))
    wrong = base64.b64encode(hashlib.sha256(b"other").digest()).decode()
    right = base64.b64encode(hashlib.sha256(data).digest()).decode()
    status, _ = await patch(app, who, url, 0, data, **{"Upload-Checksum": f"sha256 {wrong}"})
    assert status == 460
    assert (await app.client.head(url, headers=who)).headers["Upload-Offset"] == "0"
    status, _ = await patch(app, who, url, 0, data, **{"Upload-Checksum": f"sha256 {right}"})
    assert status == 204
    assert await study_count(app) == 1


async def test_more_than_was_announced_is_refused(app: RunningApp, who: dict[str, str]) -> None:
    url = await create(app, who, 10)
    assert (await patch(app, who, url, 0, b"x" * 11))[0] == 413


async def test_what_is_neither_dicom_nor_an_ecg_says_so_and_is_not_a_study(
    app: RunningApp, who: dict[str, str]
) -> None:
    url = await create(app, who, 20)
    status, headers = await patch(app, who, url, 0, b"%PDF-1.7 not an exam")
    assert (status, headers["Upload-Outcome"]) == (204, "unknown-format")
    assert "Upload-Study" not in headers
    assert await study_count(app) == 0


async def test_who_sends_an_ecg_in_its_makers_format_hears_which_study_it_became(
    app: RunningApp, who: dict[str, str]
) -> None:
    data = SCP.read_bytes()
    for outcome in ("stored", "duplicate"):
        url = await create(app, who, len(data))
        assert "Upload-Study" not in (await patch(app, who, url, 0, data[:1000]))[1]
        status, headers = await patch(app, who, url, 1000, data[1000:])
        assert (status, headers["Upload-Outcome"]) == (204, outcome)
        async with app.services.database.reading() as session:
            (study_uid,) = await session.scalars(select(Study.study_instance_uid))
        assert headers["Upload-Study"] == study_uid
        # The answer may be lost: asked again, it is the same.
        assert (await app.client.head(url, headers=who)).headers["Upload-Study"] == study_uid
        look = await (await app.client.get(url, headers=who)).json()
        assert look["study_instance_uid"] == study_uid


async def test_somebody_else_s_upload_does_not_exist(app: RunningApp, who: dict[str, str]) -> None:
    url = await create(app, who, 10)
    other = {**await app.token("t2", "township1", Role.TOWNSHIP_TECHNICIAN), **TUS}
    assert (await app.client.head(url, headers=other)).status == 404
    assert (await patch(app, other, url, 0, b"x"))[0] == 404


@pytest.mark.fault
async def test_an_unfinished_upload_outlives_the_server(
    app: RunningApp, who: dict[str, str], tmp_path: Path
) -> None:
    data = ct_bytes()
    url = await create(app, who, len(data))
    await patch(app, who, url, 0, data[:1000])
    (kept,) = (tmp_path / "spool" / "unfinished-uploads").iterdir()
    assert kept.read_bytes() == data[:1000]


async def test_other_versions_and_bad_headers_are_refused(
    app: RunningApp, who: dict[str, str]
) -> None:
    without = {"Authorization": who["Authorization"]}
    response = await app.client.post("/api/uploads", headers={**without, "Upload-Length": "1"})
    assert response.status == 412
    for length in ("-1", "1e3", "９", "", "9" * 30):
        response = await app.client.post("/api/uploads", headers={**who, "Upload-Length": length})
        assert response.status == 400, length
    too_large = {**who, "Upload-Length": str(1 << 50)}
    assert (await app.client.post("/api/uploads", headers=too_large)).status == 413


async def test_the_server_says_what_it_speaks(app: RunningApp, who: dict[str, str]) -> None:
    headers = (await app.client.options("/api/uploads", headers=who)).headers
    assert headers["Tus-Version"] == "1.0.0"
    assert set(headers["Tus-Extension"].split(",")) == {"creation", "checksum", "expiration"}


async def test_what_is_past_its_time_is_forgotten_by_the_host_that_keeps_it(
    tmp_path: Path, clock: ManualClock
) -> None:
    migrated_sqlite(tmp_path / "lianzhen.db")
    async with running_app(settings_for(tmp_path), clock=clock) as app:
        who = {**await app.token("t1", "township1", Role.TOWNSHIP_TECHNICIAN), **TUS}
        done = await create(app, who, 20)
        await patch(app, who, done, 0, b"%PDF-1.7 not an exam")
        await patch(app, who, await create(app, who, 100), 0, b"x" * 10)
        clock.advance(8 * 24 * 3600)
        folder = tmp_path / "spool" / "unfinished-uploads"
        # The web role alone: no worker need run beside a spool.
        async with asyncio.timeout(30):
            while True:
                if not any(folder.iterdir()) and await session_count(app) == 0:
                    break
                await asyncio.sleep(0.05)


async def session_count(app: RunningApp) -> int:
    async with app.services.database.reading() as session:
        return await session.scalar(select(func.count()).select_from(UploadSession)) or 0


async def test_a_finished_upload_takes_no_more_and_leaves_no_file(
    app: RunningApp, who: dict[str, str], tmp_path: Path
) -> None:
    url = await create(app, who, 20)
    await patch(app, who, url, 0, b"%PDF-1.7 not an exam")
    assert (await patch(app, who, url, 20, b""))[0] == 409
    assert list((tmp_path / "spool" / "unfinished-uploads").iterdir()) == []


async def test_another_version_hears_which_one_is_spoken(
    app: RunningApp, who: dict[str, str]
) -> None:
    headers = {**who, "Tus-Resumable": "0.2.2", "Upload-Length": "1"}
    response = await app.client.post("/api/uploads", headers=headers)
    assert (response.status, response.headers["Tus-Version"]) == (412, "1.0.0")
