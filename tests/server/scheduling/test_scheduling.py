"""Examinations ordered before there are images, and the requests they become."""

import secrets
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
from pydicom.uid import generate_uid
from sqlalchemy import select, update

from dicom.uids import is_conforming_uid
from server.audit.models import AuditEvent
from server.core.errors import Conflict
from server.identity.models import Role
from server.patients.models import Patient
from server.requests.models import DiagnosisRequest
from server.scheduling.models import (
    EXAM_TRANSITIONS,
    ExamEvent,
    ExamStatus,
    ScheduledExam,
    status_after,
)
from server.studies.models import Study
from tests.support.application import RunningApp, running_app, settings_for
from tests.support.dicom_files import ct_bytes

PATH = "/api/scheduled-exams"


@pytest.fixture
async def app(tmp_path: Path, database_url: str) -> AsyncIterator[RunningApp]:
    async with running_app(settings_for(tmp_path, database_url)) as running:
        yield running


def order(**changes: object) -> dict[str, object]:
    body: dict[str, object] = {
        "patient": {
            "name": "张小东",
            "patient_id": "P1",
            "birth_date": "1956-03-02",
            "sex": "M",
        },
        "modality": "CT",
        "description": "胸部平扫",
        "start_date": "2026-11-26",
        "start_time": "09:30",
    }
    return body | changes


async def ordered(app: RunningApp, place: str = "township1", **changes: object) -> dict[str, Any]:
    who = await app.token(f"orders-{secrets.token_hex(4)}", place, Role.TOWNSHIP_TECHNICIAN)
    response = await app.client.post(PATH, headers=who, json=order(**changes))
    assert response.status == 201, await response.text()
    answer: dict[str, Any] = await response.json()
    return answer


async def exams(app: RunningApp) -> list[ScheduledExam]:
    async with app.services.database.reading() as session:
        return list(await session.scalars(select(ScheduledExam)))


async def requests(app: RunningApp) -> list[DiagnosisRequest]:
    async with app.services.database.reading() as session:
        return list(await session.scalars(select(DiagnosisRequest)))


async def test_what_is_ordered_gets_its_numbers_in_advance(app: RunningApp) -> None:
    exam = await ordered(app)
    assert is_conforming_uid(exam["study_instance_uid"])
    assert 0 < len(exam["accession_number"]) <= 16
    assert exam["patient"] == {
        "name": "张小东", "name_latin": "ZHANG^XIAODONG", "patient_id": "P1",
        "birth_date": "1956-03-02", "sex": "M",
    }  # fmt: skip
    assert (exam["status"], exam["study_id"]) == ("scheduled", None)
    (row,) = await exams(app)
    assert row.patient_name == "ZHANG^XIAODONG=张^小东"
    async with app.services.database.reading() as session:
        acts = await session.scalars(
            select(AuditEvent.object_id).where(AuditEvent.action == "exam.schedule")
        )
        assert list(acts) == [exam["id"]]


async def test_an_accession_number_is_given_once_at_each_institution(app: RunningApp) -> None:
    await ordered(app, accession_number="A1")
    await ordered(app, "township2", accession_number="A1")
    who = await app.token("again", "township1", Role.TOWNSHIP_DOCTOR)
    response = await app.client.post(PATH, headers=who, json=order(accession_number="A1"))
    assert (response.status, (await response.json())["code"]) == (409, "accession-taken")


@pytest.mark.parametrize(
    "change",
    [
        {"modality": "ct scan"},
        {"station_ae": "SEVENTEEN_LETTERS"},
        {"station_ae": "A\\B"},
        {"description": "  "},
        {"description": "A" * 65},
        {"accession_number": "A\\B"},
        {"start_date": "yesterday"},
        {"patient": {"name": "张=三", "patient_id": "P1"}},
        {"patient": {"name": "张\n三", "patient_id": "P1"}},
        {"patient": {"name": "张三"}},
        {"patient": {"name": "赵" * 64, "patient_id": "P1"}},
        {"unknown": 1},
    ],
)
async def test_what_no_device_could_show_is_refused(
    app: RunningApp, change: dict[str, object]
) -> None:
    who = await app.token("orders", "township1", Role.TOWNSHIP_DOCTOR)
    response = await app.client.post(PATH, headers=who, json=order(**change))
    assert response.status == 400, await response.text()
    assert await exams(app) == []


async def test_a_place_sees_its_own_examinations_of_some_days(app: RunningApp) -> None:
    first = await ordered(app, start_date="2026-11-26")
    second = await ordered(app, start_date="2026-11-27")
    await ordered(app, "township2")
    who = await app.token("lists", "township1", Role.TOWNSHIP_DOCTOR)

    async def listed(query: str) -> tuple[list[str], bool]:
        answer = await (await app.client.get(f"{PATH}?{query}", headers=who)).json()
        return [each["id"] for each in answer["items"]], answer["more"]

    assert await listed("") == ([first["id"], second["id"]], False)
    assert await listed("limit=1") == ([first["id"]], True)
    assert await listed("first=2026-11-27&last=2026-11-27") == ([second["id"]], False)
    assert await listed("status=cancelled") == ([], False)


@pytest.mark.parametrize("by", ["study_instance_uid", "accession_number"])
async def test_images_turn_an_order_into_a_request_with_what_was_said(
    app: RunningApp, by: str
) -> None:
    exam = await ordered(app, emergency=True, complaint="胸痛2小时")
    said = {
        "study_instance_uid": {"StudyInstanceUID": exam["study_instance_uid"], "PatientID": "P9"},
        "accession_number": {"AccessionNumber": exam["accession_number"], "PatientID": "P1"},
    }[by]
    assert (await app.receive(ct_bytes(**said))).verdict.kept
    (request,) = await requests(app)
    assert (request.emergency, request.complaint) == (True, "胸痛2小时")
    assert request.priority == 1
    (row,) = await exams(app)
    assert (row.status, row.study_pk) == (ExamStatus.PERFORMED, request.study_pk)
    async with app.services.database.reading() as session:
        (detail,) = await session.scalars(
            select(AuditEvent.detail).where(AuditEvent.action == "exam.arrive")
        )
    # A device that took the right line and another patient's number: people must look.
    assert f'"other_patient":{str(by == "study_instance_uid").lower()}' in detail


@pytest.mark.parametrize("ordered_for", ["P1", "R1"])
async def test_a_merged_patient_s_order_is_recognised_under_either_number(
    app: RunningApp, ordered_for: str
) -> None:
    for number in ("P1", "R1"):
        await app.receive(ct_bytes(PatientID=number, StudyInstanceUID=generate_uid(),
                                   SOPInstanceUID=generate_uid()))  # fmt: skip
    async with app.services.database.unit_of_work() as uow:
        records = await uow.session.execute(select(Patient.identifier, Patient.id))
        ids = {row[0]: row[1] for row in records}
        merged = update(Patient).where(Patient.id == ids["P1"])
        await uow.session.execute(merged.values(merged_into_id=ids["R1"]))
        await uow.commit()
    patient = {"name": "张小东", "patient_id": ordered_for}
    exam = await ordered(app, patient=patient, emergency=True, complaint="胸痛2小时")
    await app.receive(
        ct_bytes(
            AccessionNumber=exam["accession_number"], PatientID="P1",
            StudyInstanceUID=generate_uid(), SOPInstanceUID=generate_uid(),
        )
    )  # fmt: skip
    (row,) = await exams(app)
    assert row.status == ExamStatus.PERFORMED
    (request,) = [each for each in await requests(app) if each.study_pk == row.study_pk]
    assert (request.emergency, request.complaint) == (True, "胸痛2小时")
    async with app.services.database.reading() as session:
        study = await session.get_one(Study, row.study_pk)
        (detail,) = await session.scalars(
            select(AuditEvent.detail).where(AuditEvent.action == "exam.arrive")
        )
    assert (study.patient_id, '"other_patient":false' in detail) == ("R1", True)


async def test_the_number_alone_of_another_patient_is_no_match(app: RunningApp) -> None:
    exam = await ordered(app)
    await app.receive(ct_bytes(AccessionNumber=exam["accession_number"], PatientID="P2"))
    assert [each.status for each in await exams(app)] == [ExamStatus.SCHEDULED]
    assert [each.complaint for each in await requests(app)] == [None]


async def test_another_institution_s_images_are_not_what_was_ordered_here(app: RunningApp) -> None:
    exam = await ordered(app)
    await app.receive(ct_bytes(StudyInstanceUID=exam["study_instance_uid"]), "township2")
    assert [each.status for each in await exams(app)] == [ExamStatus.SCHEDULED]


async def test_a_second_image_changes_nothing_more(app: RunningApp) -> None:
    exam = await ordered(app)
    for _ in range(2):
        await app.receive(
            ct_bytes(StudyInstanceUID=exam["study_instance_uid"], SOPInstanceUID=generate_uid())
        )
    assert len(await requests(app)) == 1
    assert [each.status for each in await exams(app)] == [ExamStatus.PERFORMED]


@pytest.mark.parametrize("status", ExamStatus)
@pytest.mark.parametrize("event", ExamEvent)
def test_only_what_the_table_holds_may_happen(status: ExamStatus, event: ExamEvent) -> None:
    if (status, event) in EXAM_TRANSITIONS:
        assert status_after(status, event) == EXAM_TRANSITIONS[status, event]
    else:
        with pytest.raises(Conflict):
            status_after(status, event)


async def test_an_examination_is_taken_back_once(app: RunningApp) -> None:
    exam = await ordered(app)
    who = await app.token("cancels", "township1", Role.TOWNSHIP_DOCTOR)
    path = f"{PATH}/{exam['id']}/cancel"
    assert (await (await app.client.post(path, headers=who)).json())["status"] == "cancelled"
    assert (await app.client.post(path, headers=who)).status == 409
    stranger = await app.token("stranger", "township2", Role.TOWNSHIP_DOCTOR)
    assert (await app.client.post(path, headers=stranger)).status == 404
