"""ECGs in other formats: kept as they came, and found and screened by a DICOM twin beside them."""

import asyncio
import hashlib
import subprocess
from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import numpy as np
import pytest
from sqlalchemy import select

from ecg.formats import read
from ecg.formats.scp import write_scp
from server.audit.models import AuditEvent
from server.core.errors import Conflict, TooLarge, Unprocessable
from server.ecg_records.models import EcgRecord, RecordSeverity, ScreeningStatus
from server.ecg_records.schemas import EcgReceivedOut
from server.identity.models import Role
from server.intake.models import Conversion, Quarantined, StoredObject
from server.intake.prepare import prepare
from server.intake.public import Accepted, Refusal, Verdict
from server.requests.models import DiagnosisRequest
from server.studies.models import Instance
from tests.server.ecg_records.conftest import Room
from tests.support.application import RunningApp, running_app, settings_for
from tests.support.databases import migrated_sqlite
from tests.support.dicom_files import ct_bytes, rewrapped, sample
from tests.support.peers import require_program
from tests.support.senders import OTHER_TOWNSHIP, TOWNSHIP, device

SCP = Path(__file__).resolve().parents[2] / "data" / "ecg" / "scp" / "anon000007.scp"


async def pieces(data: bytes) -> AsyncIterator[bytes]:
    for start in range(0, len(data), 7000):
        yield data[start : start + 7000]


async def take(room: Room, data: bytes, institution: str = TOWNSHIP) -> EcgReceivedOut:
    return await room.reception.take(device(institution), pieces(data))


async def objects(room: Room) -> dict[str, StoredObject]:
    async with room.database.reading() as session:
        return {each.sha256: each for each in await session.scalars(select(StoredObject))}


def dciodvfy_errors(path: Path) -> list[str]:
    done = subprocess.run(
        [require_program("dciodvfy"), path], capture_output=True, text=True, check=False
    )
    return [line for line in done.stderr.splitlines() if line.startswith("Error")]


async def content(room: Room, object_id: str) -> bytes:
    async with room.intake.originals.open(object_id) as blocks:
        return b"".join([block async for block in blocks])


async def test_a_scp_record_is_kept_as_it_came_with_its_dicom_twin_beside_it(
    room: Room, tmp_path: Path
) -> None:
    data = SCP.read_bytes()
    taken = await take(room, data)
    (record,) = await room.records()
    assert (taken.id, taken.duplicate) == (record.id, False)
    kept = await objects(room)
    original = kept.pop(hashlib.sha256(data).hexdigest())
    (twin,) = kept.values()
    async with room.database.reading() as session:
        (made,) = await session.scalars(select(Conversion))
    assert (made.object_id, made.source_object_id, made.source_format) == (
        twin.id, original.id, "scp",
    )  # fmt: skip
    assert record.object_id == twin.id
    assert await content(room, original.id) == data
    path = tmp_path / "twin.dcm"
    path.write_bytes(await content(room, twin.id))
    np.testing.assert_allclose(read(path).samples_uv, read(data).samples_uv, atol=1e-6)
    assert await asyncio.to_thread(dciodvfy_errors, path) == []


async def test_it_is_screened_requested_and_ordered_like_any_ecg(room: Room) -> None:
    await take(room, SCP.read_bytes())
    (record,) = await room.records()
    assert record.status == ScreeningStatus.PENDING
    await room.screener.screen(record.id)
    (record,) = await room.records()
    assert record.status == ScreeningStatus.SCREENED
    assert record.severity in set(RecordSeverity)
    assert record.findings


async def test_the_same_file_again_is_the_same_ecg_and_leaves_no_file(
    room: Room, tmp_path: Path
) -> None:
    first = await take(room, SCP.read_bytes())
    second = await take(room, SCP.read_bytes())
    assert second == first.model_copy(update={"duplicate": True})
    assert len(await room.records()) == 1
    assert len(await objects(room)) == 2
    files = [path for path in (tmp_path / "spool").rglob("*") if path.is_file()]
    assert len([path for path in files if path.stat().st_size > 1000]) == 2


async def test_a_file_whose_twin_would_be_another_today_is_still_the_same_file(
    room: Room, monkeypatch: pytest.MonkeyPatch
) -> None:
    first = await take(room, SCP.read_bytes())

    def tomorrow(*given: object) -> object:
        found = prepare(*given)  # type: ignore[arg-type]  # as the service calls it
        return found if isinstance(found, Refusal) else replace(found, dataset_blake3="0" * 64)

    monkeypatch.setattr("server.intake.service.prepare", tomorrow)
    second = await take(room, SCP.read_bytes())
    assert (second.id, second.duplicate) == (first.id, True)
    assert len(await objects(room)) == 2


async def test_the_twin_sent_back_as_dicom_is_known(room: Room) -> None:
    await take(room, SCP.read_bytes())
    (record,) = await room.records()
    receipt = await room.receive(await content(room, record.object_id))
    assert receipt.verdict is Verdict.DUPLICATE


async def test_a_damaged_twin_is_healed_by_another_wrapping_and_by_the_file_itself(
    room: Room,
) -> None:
    await take(room, SCP.read_bytes())
    (record,) = await room.records()
    again = rewrapped(await content(room, record.object_id))
    await _mark_damaged(room, record.object_id)
    assert (await room.receive(again)).verdict is Verdict.STORED
    (record,) = await room.records()
    assert await content(room, record.object_id) == again
    await _mark_damaged(room, record.object_id)
    await take(room, SCP.read_bytes())
    (record,) = await room.records()
    assert (await content(room, record.object_id)) != again
    async with room.database.reading() as session:
        (made,) = await session.scalars(select(Conversion))
        instance_object = await session.scalar(select(Instance.object_id))
    assert made.object_id == instance_object == record.object_id
    assert await content(room, made.source_object_id) == SCP.read_bytes()
    assert len(await objects(room)) == 2


async def _mark_damaged(room: Room, object_id: str) -> None:
    async with room.database.unit_of_work() as uow:
        (await uow.session.get_one(StoredObject, object_id)).damaged_at = datetime.now(UTC)
        await uow.commit()


async def test_a_damaged_file_is_quarantined_with_the_reader_s_line(room: Room) -> None:
    with pytest.raises(Unprocessable, match="SCP-ECG") as caught:
        await take(room, SCP.read_bytes()[:900])
    assert caught.value.code == "unreadable-ecg"
    async with room.database.reading() as session:
        (kept,) = await session.scalars(select(Quarantined))
        events = list(
            await session.scalars(select(AuditEvent).where(AuditEvent.action == "ecg.receive"))
        )
    assert (kept.reason, kept.detail) == ("unreadable-ecg", caught.value.detail)
    assert [event.outcome for event in events] == ["refused"]
    assert await room.records() == []


@pytest.mark.parametrize(
    ("data", "code"), [(b"", "unknown-format"), (b"%PDF-1.7", "unknown-format")]
)
async def test_what_no_reader_knows_is_refused(room: Room, data: bytes, code: str) -> None:
    with pytest.raises(Unprocessable) as caught:
        await take(room, data)
    assert caught.value.code == code


async def test_a_ct_is_no_ecg(room: Room) -> None:
    with pytest.raises(Unprocessable) as caught:
        await take(room, ct_bytes())
    assert caught.value.code == "not-an-ecg"


async def test_a_dicom_ecg_is_taken_as_it_is(room: Room) -> None:
    data = sample("waveform_ecg.dcm").read_bytes()
    taken = await take(room, data)
    assert taken.id is not None
    assert set(await objects(room)) == {hashlib.sha256(data).hexdigest()}


async def test_a_known_instance_with_other_content_is_a_conflict(room: Room) -> None:
    data = sample("waveform_ecg.dcm").read_bytes()
    await take(room, data)
    with pytest.raises(Conflict) as caught:
        await take(room, data.replace(b"RHYTHM", b"OTHERS"), OTHER_TOWNSHIP)
    assert caught.value.code == "uid-conflict"


async def test_more_than_any_reader_takes_is_refused_on_the_way(
    room: Room, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("server.ecg_records.reception.MAX_BYTES", 10_000)
    with pytest.raises(TooLarge):
        await take(room, bytes(20_000))
    assert await objects(room) == {}


async def test_other_ways_in_take_dicom_alone(room: Room) -> None:
    assert (await room.receive(SCP.read_bytes())).code == "not-dicom"
    incoming = room.intake.intake.begin(device(), accepted=Accepted.EXAM)
    incoming.write(SCP.read_bytes())
    assert (await incoming.finish()).verdict is Verdict.STORED


@pytest.fixture
async def app(tmp_path: Path) -> AsyncIterator[RunningApp]:
    migrated_sqlite(tmp_path / "lianzhen.db")
    async with running_app(settings_for(tmp_path)) as running:
        yield running


async def test_over_http_it_is_answered_found_over_dicomweb_and_requested(
    app: RunningApp,
) -> None:
    sender = await app.token("t1", "township1", Role.TOWNSHIP_TECHNICIAN)
    reader = await app.token("r1", "county", Role.COUNTY_READER)
    data = write_scp(read(sample("waveform_ecg.dcm")))
    response = await app.client.post("/api/ecgs", data=data, headers=sender)
    body = await response.json()
    assert response.status == 201, body
    again = await app.client.post("/api/ecgs", data=data, headers=sender)
    assert (again.status, (await again.json())["id"]) == (200, body["id"])
    series = f"/dicomweb/studies/{body['study_instance_uid']}/series/{body['series_instance_uid']}"
    found = await app.client.get(f"{series}/instances", headers=reader)
    (instance,) = await found.json()
    assert instance["00080018"]["Value"] == [body["sop_instance_uid"]]
    async with app.services.database.reading() as session:
        assert await session.scalar(select(EcgRecord.id)) == body["id"]
        assert await session.scalar(select(DiagnosisRequest.id)) is not None
    paper = await app.client.get(f"/api/ecgs/{body['id']}/paper.svg", headers=reader)
    assert paper.status == 200


async def test_a_bad_file_over_http_is_a_problem_with_the_reader_s_line(app: RunningApp) -> None:
    sender = await app.token("t1", "township1", Role.TOWNSHIP_TECHNICIAN)
    response = await app.client.post("/api/ecgs", data=SCP.read_bytes()[:900], headers=sender)
    assert (response.status, response.content_type) == (422, "application/problem+json")
    body = await response.json()
    assert body["code"] == "unreadable-ecg"
    assert body["detail"].startswith("SCP-ECG: ")
