"""A study leaves as a ZIP that is whole, or not at all."""

import asyncio
import hashlib
import itertools
import zipfile
from collections.abc import AsyncIterator
from io import BytesIO
from pathlib import Path

import orjson
import pytest
from aiohttp import ClientError
from pydicom import dcmread
from sqlalchemy import select, update
from typer.testing import CliRunner

from server.audit.models import AuditEvent
from server.cli import app as cli
from server.identity.models import Role
from server.intake.drain import object_key
from server.intake.models import StoredObject
from server.studies.models import Study
from tests.support.application import ORG, RunningApp, running_app, settings_for
from tests.support.databases import migrated_sqlite
from tests.support.dicom_files import ct_series, file_bytes, sample
from tests.support.file_sets import files_of


@pytest.fixture
async def app(tmp_path: Path) -> AsyncIterator[RunningApp]:
    migrated_sqlite(tmp_path / "lianzhen.db")
    async with running_app(settings_for(tmp_path)) as running:
        yield running


async def received(app: RunningApp, files: list[bytes]) -> Study:
    for each in files:
        await app.receive(each)
    while await app.services.drain.drain_once():
        pass
    async with app.services.database.reading() as session:
        return (await session.scalars(select(Study))).one()


async def events(app: RunningApp) -> list[AuditEvent]:
    async with app.services.database.reading() as session:
        found = await session.scalars(
            select(AuditEvent).where(AuditEvent.action == "study.export").order_by(AuditEvent.seq)
        )
        return list(found)


async def test_a_study_s_zip_has_its_bytes_and_a_directory_that_finds_them(
    app: RunningApp, tmp_path: Path
) -> None:
    files = ct_series(3)
    study = await received(app, files)
    who = await app.token("reader", "county", Role.COUNTY_READER)
    answer = await app.client.get(f"/api/studies/{study.id}/export", headers=who)
    body = await answer.read()
    assert (answer.status, answer.content_type) == (200, "application/zip")
    assert answer.headers["Content-Length"] == str(len(body))
    assert ".zip" in answer.headers["Content-Disposition"]
    with zipfile.ZipFile(BytesIO(body)) as archive:
        assert archive.testzip() is None
        archive.extractall(tmp_path / "out")
    assert b"DICOMDIR" in (tmp_path / "out" / "README.TXT").read_bytes()
    kept = [each.read_bytes() for each in files_of(tmp_path / "out" / "DICOMDIR").values()]
    assert sorted(kept) == sorted(files)
    event = (await events(app))[-1]
    assert (event.outcome, event.object_id) == ("success", study.id)
    assert orjson.loads(event.detail) == {"objects": 3, "bytes": len(body)}


async def test_the_length_told_is_that_of_the_directory_sent(
    app: RunningApp, monkeypatch: pytest.MonkeyPatch
) -> None:
    # Random UIDs differ in length: one made for the length is not the one that is sent.
    lengths = itertools.count(1)
    monkeypatch.setattr(
        "server.exports.service.new_uid", lambda _: f"2.25.{10 ** (4 * next(lengths))}"
    )
    await app.receive(sample("waveform_ecg.dcm").read_bytes())
    async with app.services.database.reading() as session:
        study_id = await session.scalar(select(Study.id))
    who = await app.token("doctor", "township1", Role.TOWNSHIP_DOCTOR)
    answer = await app.client.get(f"/api/studies/{study_id}/export", headers=who)
    with zipfile.ZipFile(BytesIO(await answer.read())) as archive:
        assert archive.testzip() is None


async def test_what_still_lies_in_the_spool_is_exported_too(app: RunningApp) -> None:
    app.services.drain.stop()
    await app.receive(sample("waveform_ecg.dcm").read_bytes())
    async with app.services.database.reading() as session:
        study_id = await session.scalar(select(Study.id))
    who = await app.token("doctor", "township1", Role.TOWNSHIP_DOCTOR)
    answer = await app.client.get(f"/api/studies/{study_id}/export", headers=who)
    with zipfile.ZipFile(BytesIO(await answer.read())) as archive:
        whole = archive.read("DICOM/SE000001/IM000001")
    assert whole == sample("waveform_ecg.dcm").read_bytes()


@pytest.mark.parametrize("fault", ["marked", "gone", "cut"])
async def test_a_damaged_object_is_told_before_the_first_byte(
    app: RunningApp, tmp_path: Path, fault: str
) -> None:
    files = ct_series(3)
    study = await received(app, files)
    digest = hashlib.sha256(files[1]).hexdigest()
    path = tmp_path / "objects" / object_key(ORG, digest)
    if fault == "gone":
        path.unlink()
    elif fault == "cut":
        path.chmod(0o640)
        path.write_bytes(files[1][:-2])
    else:
        async with app.services.database.unit_of_work() as uow:
            marking = update(StoredObject).where(StoredObject.sha256 == digest)
            await uow.session.execute(marking.values(damaged_at=app.services.clock.now()))
            await uow.commit()
    who = await app.token("reader", "county", Role.COUNTY_READER)
    answer = await app.client.get(f"/api/studies/{study.id}/export", headers=who)
    said = await answer.json()
    assert (answer.status, said["code"]) == (503, "objects-absent")
    assert said["detail"].startswith("1 of the study's 3 objects")
    assert await events(app) == []


@pytest.mark.fault
async def test_rot_met_on_the_way_breaks_the_answer_off(app: RunningApp, tmp_path: Path) -> None:
    files = ct_series(2)
    study = await received(app, files)
    path = tmp_path / "objects" / object_key(ORG, hashlib.sha256(files[1]).hexdigest())
    path.chmod(0o640)
    path.write_bytes(files[1][:-1] + b"\xff")
    who = await app.token("reader", "county", Role.COUNTY_READER)
    answer = await app.client.get(f"/api/studies/{study.id}/export", headers=who)
    assert answer.status == 200
    with pytest.raises(ClientError):
        await answer.read()
    assert [each.outcome for each in await events(app)] == ["success", "failed"]


async def test_a_de_identified_study_is_a_file_set_of_nobody(
    app: RunningApp, tmp_path: Path
) -> None:
    study = await received(app, ct_series(3))
    who = await app.token("reader", "county", Role.COUNTY_READER)
    path = f"/api/studies/{study.id}/export?deidentify=true&option=retain-modified-dates"
    answer = await app.client.get(path + "&option=clean-descriptors", headers=who)
    body = await answer.read()
    assert answer.status == 200, body
    with zipfile.ZipFile(BytesIO(body)) as archive:
        assert archive.testzip() is None
        archive.extractall(tmp_path / "out")
    found = files_of(tmp_path / "out" / "DICOMDIR")
    assert len(found) == 3
    original = dcmread(sample("CT_small.dcm"))
    read = [dcmread(each) for each in found.values()]
    assert {str(ds.SOPInstanceUID) for ds in read} == set(found)
    assert len({str(ds.StudyInstanceUID) for ds in read}) == 1
    for secret in (original.PatientName, original.PatientID, study.study_instance_uid, study.id):
        assert str(secret).encode() not in body
    assert [each.pixel_array.shape for each in read] == [(128, 128)] * 3
    detail = orjson.loads((await events(app))[-1].detail)
    assert detail["deidentified"] == ["clean-descriptors", "retain-modified-dates"]
    again = await app.client.get(path, headers=who)
    assert again.status == 200, await again.text()
    with zipfile.ZipFile(BytesIO(await again.read())) as archive:
        first = dcmread(BytesIO(archive.read("DICOM/SE000001/IM000001")))
    assert str(first.SOPInstanceUID) in found


async def test_what_may_have_a_name_in_its_pixels_is_refused_or_left_out(app: RunningApp) -> None:
    files = ct_series(2)
    doubtful = dcmread(BytesIO(files[1]))
    doubtful.BurnedInAnnotation = "YES"
    study = await received(app, [files[0], file_bytes(doubtful)])
    who = await app.token("reader", "county", Role.COUNTY_READER)
    path = f"/api/studies/{study.id}/export?deidentify=true"
    refused = await app.client.get(path, headers=who)
    said = await refused.json()
    assert (refused.status, said["code"]) == (409, "may-be-burned-in")
    assert said["detail"].startswith("1 of the study's 2 objects")
    answer = await app.client.get(path + "&leave_out_burned_in=true", headers=who)
    with zipfile.ZipFile(BytesIO(await answer.read())) as archive:
        assert len([name for name in archive.namelist() if name.startswith("DICOM/")]) == 1
        assert "1 further objects" in archive.read("README.TXT").decode("utf-8-sig")


async def test_dates_in_full_and_moved_are_refused(app: RunningApp) -> None:
    study = await received(app, ct_series(1))
    who = await app.token("reader", "county", Role.COUNTY_READER)
    both = "option=retain-full-dates&option=retain-modified-dates"
    path = f"/api/studies/{study.id}/export?deidentify=true&{both}"
    assert (await app.client.get(path, headers=who)).status == 400


async def test_the_operator_exports_by_uid(app: RunningApp, tmp_path: Path) -> None:
    files = ct_series(2)
    study = await received(app, files)
    runner, out = CliRunner(), tmp_path / "study.zip"
    environment = {"LIANZHEN_DATA_DIR": str(tmp_path)}
    arguments = ["study", "export", study.study_instance_uid, str(out), "--org", ORG]

    def run(*changed: str) -> tuple[int, str]:
        done = runner.invoke(cli, [*arguments, *changed], env=environment)
        return done.exit_code, f"{done.output}{done.exception or ''}"

    code, said = await asyncio.to_thread(run)
    assert code == 0, said
    assert "2 objects" in said
    with zipfile.ZipFile(out) as archive:
        names = [each for each in archive.namelist() if each.startswith("DICOM/")]
        found = [archive.read(each) for each in names]
        first = dcmread(BytesIO(found[0]))
    assert sorted(found) == sorted(files)
    assert first.StudyInstanceUID == study.study_instance_uid
    arguments[3] = str(tmp_path / "nobody.zip")
    code, said = await asyncio.to_thread(run, "--deidentify", "--option", "retain-uids")
    assert code == 0, said
    with zipfile.ZipFile(tmp_path / "nobody.zip") as archive:
        first = dcmread(BytesIO(archive.read("DICOM/SE000001/IM000001")))
    assert first.StudyInstanceUID == study.study_instance_uid
    assert str(first.PatientID).startswith("ANON-")
    code, said = await asyncio.to_thread(run)
    assert (code, "already" in said) == (1, True)
    assert (await events(app))[-1].actor_kind == "system"
