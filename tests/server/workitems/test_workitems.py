"""UPS-RS over HTTP, as PS3.18 11 writes it."""

from importlib import import_module
from itertools import product
from typing import Any

import pytest
from pydicom.uid import generate_uid
from sqlalchemy import select, update

from server.audit.models import AuditEvent
from server.core.errors import Unavailable
from server.identity.models import Role
from server.requests.models import (
    REQUEST_TRANSITIONS,
    RequestStatus,
    RequestTransition,
)
from server.studies.models import Study
from server.workitems.states import CHANGES, STEP_STATES, StepState, statuses_of
from server.workitems.uids import request_id_of, uid_of
from tests.server.workitems.site import JSON, LOCK, Site, attributes, unread_study, wanted
from tests.support.dicom_files import ct_bytes, ecg_bytes

OTHER_LOCK = "1.2.3.5"


@pytest.mark.parametrize("status", RequestStatus)
def test_every_status_is_a_state_of_ups(status: RequestStatus) -> None:
    assert status in statuses_of(STEP_STATES[status])


def test_what_performers_change_is_what_requests_allow() -> None:
    for (before, after), event in CHANGES.items():
        reached = {
            STEP_STATES[REQUEST_TRANSITIONS[status, event]]
            for status in statuses_of(before)
            if (status, event) in REQUEST_TRANSITIONS
        }
        assert reached == {after}


@pytest.mark.parametrize("request_id", ["0" * 31 + "1", "f" * 32, "00ff" * 8])
def test_a_request_s_id_and_its_uid_name_each_other(request_id: str) -> None:
    assert request_id_of(uid_of(request_id)) == request_id


@pytest.mark.parametrize("uid", ["1.2.3", "2.25.", "2.25.01", f"2.25.{1 << 128}", "2.25.-1"])
def test_another_uid_names_no_request(uid: str) -> None:
    assert request_id_of(uid) is None


async def test_a_study_that_came_is_a_scheduled_workitem(site: Site) -> None:
    await site.app.receive(
        ct_bytes(
            SpecificCharacterSet="GB18030", PatientName="ZHANG^SAN=张^三", AccessionNumber="A1"
        )
    )
    step = await site.one(await site.workitem())
    assert (step.ProcedureStepState, step.ScheduledProcedureStepPriority) == ("SCHEDULED", "MEDIUM")
    assert str(step.PatientName) == "ZHANG^SAN=张^三"
    assert step.SOPClassUID == "1.2.840.10008.5.1.4.34.6.1"
    assert step.WorklistLabel == "county 医院"
    (reference,) = step.InputInformationSequence
    assert reference.WADORSRetrievalSequence[0].RetrieveURL.endswith(
        f"/dicomweb/studies/{step.StudyInstanceUID}"
    )
    assert step.ReferencedRequestSequence[0].AccessionNumber == "A1"
    assert "TransactionUID" not in step
    async with site.app.services.database.reading() as session:
        read = select(AuditEvent).where(AuditEvent.action == "study.read")
        assert len((await session.scalars(read)).all()) == 1


@pytest.mark.parametrize(
    ("query", "count"),
    [
        ("", 2),
        ("?ProcedureStepState=SCHEDULED", 2),
        ("?ProcedureStepState=IN%20PROGRESS", 0),
        ("?ProcedureStepState=IN%20PROGRESS,SCHEDULED", 2),
        ("?00741000=COMPLETED", 0),
        ("?PatientID=P1", 1),
        ("?PatientName=LI*", 1),
        ("?AccessionNumber=A1", 1),
        ("?ReferencedRequestSequence.AccessionNumber=A1", 1),
        ("?ScheduledProcedureStepPriority=HIGH", 0),
        ("?ScheduledProcedureStepPriority=MEDIUM", 2),
        ("?ScheduledProcedureStepStartDateTime=20200101-", 2),
        ("?ScheduledProcedureStepStartDateTime=-20200101", 0),
        ("?SOPInstanceUID=1.2.3", 0),
        ("?limit=1", 1),
        ("?offset=1", 1),
    ],
)
async def test_workitems_are_found(site: Site, query: str, count: int) -> None:
    await site.app.receive(ct_bytes(PatientID="P1", PatientName="ZHANG^SAN", AccessionNumber="A1"))
    await site.app.receive(ecg_bytes(PatientID="P2", PatientName="LI^SI"))
    assert len(await site.found(query)) == count


async def test_one_is_found_by_its_uid_and_a_page_says_that_there_is_more(site: Site) -> None:
    for _ in range(2):
        await site.app.receive(ecg_bytes())
    first, second = await site.found()
    (found,) = await site.found(f"?SOPInstanceUID={second.SOPInstanceUID}")
    assert found == second
    assert first != second
    _, _, headers = await site.ask("GET", "/workitems?limit=1")
    assert headers["Warning"].startswith("299 ")


@pytest.mark.parametrize("query", ["?Modality=CT", "?limit=x", "?ExpectedCompletionDateTime=soon"])
async def test_a_search_that_cannot_be_answered_is_refused(site: Site, query: str) -> None:
    assert (await site.ask("GET", f"/workitems{query}"))[0] == 400


async def test_another_institution_knows_of_nothing(site: Site) -> None:
    await site.app.receive(ct_bytes())
    uid = await site.workitem()
    assert await site.found(who="stranger") == []
    assert (await site.ask("GET", f"/workitems/{uid}", "stranger"))[0] == 404
    assert (await site.ask("POST", f"/workitems/{uid}/cancelrequest", "stranger"))[0] == 404
    body = [attributes(ScheduledProcedureStepPriority="HIGH")]
    assert (await site.ask("POST", f"/workitems/{uid}", "stranger", body))[0] == 404
    assert (await site.ask("POST", f"/workitems/{uid}/subscribers/AE", "stranger"))[0] == 404


async def test_a_deleted_study_is_no_workitem(site: Site) -> None:
    await site.app.receive(ct_bytes())
    uid = await site.workitem()
    async with site.app.services.database.unit_of_work() as uow:
        await uow.session.execute(update(Study).values(deleted_at=site.app.services.clock.now()))
        await uow.commit()
    for who in ("reader", "township"):
        assert await site.found(who=who) == []
        assert (await site.ask("GET", f"/workitems/{uid}", who))[0] == 404
    assert (await site.put_state(uid, "IN PROGRESS"))[0] == 404


async def test_a_performer_takes_a_workitem_with_a_transaction_uid(site: Site) -> None:
    await site.app.receive(ct_bytes())
    uid = await site.workitem()
    assert await site.put_state(uid, "IN PROGRESS") == (200, "")
    request = await site.request()
    assert request.status == "received"
    step = await site.one(uid)
    assert step.ProcedureStepState == "IN PROGRESS"
    assert str(step.ActualHumanPerformersSequence[0].HumanPerformerName) == "reader"
    assert await site.put_state(uid, "IN PROGRESS") == (409, "ups-in-progress")
    assert await site.put_state(uid, "CANCELED", OTHER_LOCK) == (409, "ups-wrong-lock")
    assert await site.put_state(uid, "CANCELED", LOCK, "second") == (403, "not-the-claimant")
    assert await site.put_state(uid, "COMPLETED") == (409, "ups-not-final")
    assert await site.put_state(uid, "SCHEDULED") == (409, "ups-not-scheduled")
    assert await site.put_state(uid, "CANCELED") == (200, "")
    assert (await site.request()).status == "cancelled"
    status, warning = await site.put_state(uid, "CANCELED")
    assert status == 200
    assert "already in the requested state of CANCELED" in warning
    assert await site.put_state(uid, "IN PROGRESS") == (409, "ups-final")


def failing_once(monkeypatch: pytest.MonkeyPatch, place: str) -> None:
    """Let a step fail as where the database goes away, once."""
    path, name = place.rsplit(".", 1)
    real, failures = getattr(import_module(path), name), [Unavailable("out of reach")]

    def step(*args: Any) -> Any:
        if failures:
            raise failures.pop()
        return real(*args)

    monkeypatch.setattr(place, step)


async def test_what_could_not_be_locked_was_not_taken(
    site: Site, monkeypatch: pytest.MonkeyPatch
) -> None:
    await site.app.receive(ct_bytes())
    uid = await site.workitem()
    failing_once(monkeypatch, "server.workitems.service._named")
    assert (await site.put_state(uid, "IN PROGRESS"))[0] == 503
    assert await site.put_state(uid, "IN PROGRESS") == (200, "")
    assert await site.put_state(uid, "CANCELED") == (200, "")


@pytest.mark.parametrize("state", ["COMPLETED", "CANCELED"])
async def test_what_nobody_took_is_not_ended(site: Site, state: str) -> None:
    await site.app.receive(ct_bytes())
    assert await site.put_state(await site.workitem(), state) == (409, "ups-not-in-progress")


async def test_a_workitem_taken_in_the_browser_is_not_a_ups_client_s(site: Site) -> None:
    await site.app.receive(ct_bytes())
    uid, request = await site.workitem(), await site.request()
    headers = site.people["reader"]
    await site.app.client.post(f"/api/requests/{request.id}/claim", headers=headers)
    assert await site.put_state(uid, "CANCELED") == (409, "ups-wrong-lock")


async def test_given_back_it_is_scheduled_again_and_its_lock_is_void(site: Site) -> None:
    await site.app.receive(ct_bytes())
    uid, request = await site.workitem(), await site.request()
    await site.put_state(uid, "IN PROGRESS")
    headers = site.people["reader"]
    await site.app.client.post(f"/api/requests/{request.id}/release", headers=headers)
    assert (await site.one(uid)).ProcedureStepState == "SCHEDULED"
    await site.app.client.post(f"/api/requests/{request.id}/claim", headers=headers)
    assert await site.put_state(uid, "CANCELED") == (409, "ups-wrong-lock")


async def test_a_signed_report_completes_a_workitem(site: Site) -> None:
    await site.app.receive(ecg_bytes())
    uid, request = await site.workitem(), await site.request()
    author = await site.app.token("author", "county", Role.COUNTY_READER, signs=True)
    site.people["author"] = author
    await site.put_state(uid, "IN PROGRESS", who="author")
    text = {"findings": "F", "impression": "I", "base_revision": 0}
    saved = await site.app.client.put(
        f"/api/requests/{request.id}/report", headers=author, json=text
    )
    report = (await saved.json())["id"]
    signed = await site.app.client.post(
        f"/api/reports/{report}/sign", headers=author, json={"revision": 1}
    )
    assert signed.status == 200, await signed.text()
    assert (await site.one(uid)).ProcedureStepState == "COMPLETED"
    status, warning = await site.put_state(uid, "COMPLETED", who="author")
    assert status == 200
    assert "already in the requested state of COMPLETED" in warning
    assert (await site.ask("POST", f"/workitems/{uid}/cancelrequest", "township"))[0] == 409


async def test_the_examining_side_cancels_what_nobody_performs(site: Site) -> None:
    await site.app.receive(ct_bytes())
    uid = await site.workitem()
    body = [attributes(ReasonForCancellation="重复申请")]
    status, _, _ = await site.ask("POST", f"/workitems/{uid}/cancelrequest", "township", body)
    assert status == 202
    step = await site.one(uid)
    assert step.ProcedureStepState == "CANCELED"
    async with site.app.services.database.reading() as session:
        reasons = await session.scalars(select(RequestTransition.reason))
        assert "重复申请" in reasons.all()
    status, _, headers = await site.ask("POST", f"/workitems/{uid}/cancelrequest", "township")
    assert (status, headers["Warning"][:3]) == (200, "299")


async def test_of_what_is_performed_the_performer_is_asked(site: Site) -> None:
    await site.app.receive(ct_bytes())
    uid = await site.workitem()
    await site.put_state(uid, "IN PROGRESS")
    status, _, _ = await site.ask("POST", f"/workitems/{uid}/cancelrequest", "township")
    assert status == 202
    assert (await site.one(uid)).ProcedureStepState == "IN PROGRESS"


async def test_each_side_says_what_is_its_own(site: Site) -> None:
    await site.app.receive(ct_bytes())
    uid = await site.workitem()
    said = [attributes(ScheduledProcedureStepPriority="HIGH",
                       CommentsOnTheScheduledProcedureStep="胸痛")]  # fmt: skip
    assert (await site.ask("POST", f"/workitems/{uid}", "reader", said))[0] == 403
    assert (await site.ask("POST", f"/workitems/{uid}", "township", said))[0] == 200
    step = await site.one(uid)
    assert (step.ScheduledProcedureStepPriority, step.CommentsOnTheScheduledProcedureStep) == (
        "HIGH", "胸痛",
    )  # fmt: skip
    assert len(await site.found("?ScheduledProcedureStepPriority=HIGH")) == 1
    progress = [
        attributes(
            ProcedureStepProgressInformationSequence=attributes(
                ProcedureStepProgress=40, ProcedureStepProgressDescription="reading"
            )
        )
    ]
    assert (await site.ask("POST", f"/workitems/{uid}", "reader", progress))[0] == 403
    await site.put_state(uid, "IN PROGRESS")
    path = f"/workitems/{uid}?transaction-uid="
    assert (await site.ask("POST", path + OTHER_LOCK, "reader", progress))[0] == 409
    assert (await site.ask("POST", path + LOCK, "second", progress))[0] == 403
    assert (await site.ask("POST", path + LOCK, "reader", progress))[0] == 200
    (told,) = (await site.one(uid)).ProcedureStepProgressInformationSequence
    assert (float(told.ProcedureStepProgress), told.ProcedureStepProgressDescription) == (
        40, "reading",
    )  # fmt: skip


@pytest.mark.parametrize(
    "body",
    [
        [attributes(PatientID="P9")],
        [attributes(ScheduledProcedureStepPriority="SOON")],
        [],
        [{}, {}],
        "text",
        [{"00741000": "text"}],
        [{"ZZZZZZZZ": {}}],
        [
            attributes(
                ProcedureStepProgressInformationSequence=attributes(ProcedureStepProgress=101)
            )
        ],
        [attributes(CommentsOnTheScheduledProcedureStep="A" * 501)],
    ],
)
async def test_an_update_that_cannot_be_is_refused(site: Site, body: Any) -> None:
    await site.app.receive(ct_bytes())
    uid = await site.workitem()
    assert (await site.ask("POST", f"/workitems/{uid}", "township", body))[0] == 400


async def test_bodies_of_other_kinds_are_refused(site: Site) -> None:
    await site.app.receive(ct_bytes())
    uid = await site.workitem()
    for content, status in ((b"<x/>", 415), (b"[", 400), (b"[" * 100_000, 400), (b"\xff", 400)):
        kind = "application/xml" if status == 415 else JSON["Content-Type"]
        response = await site.app.client.put(
            f"/dicomweb/workitems/{uid}/state",
            headers={**site.people["reader"], "Content-Type": kind},
            data=content,
        )
        assert response.status == status, content[:9]
    for lock, state in (("", "IN PROGRESS"), ("x", "IN PROGRESS"), (LOCK, "DONE")):
        assert (await site.put_state(uid, state, lock))[0] == 400
    assert (await site.ask("GET", f"/workitems/{uid}", Accept="application/dicom"))[0] == 406


@pytest.mark.parametrize("named", ["", "?1.2.3.99", "?AffectedSOPInstanceUID=1.2.3.99"])
async def test_the_reading_of_an_old_study_is_asked_for(site: Site, named: str) -> None:
    study_uid = await unread_study(site)
    body = wanted(study_uid, ScheduledProcedureStepPriority="HIGH")
    status, answer, headers = await site.ask("POST", f"/workitems{named}", "township", body)
    assert status == 201, answer
    uid = await site.workitem()
    assert uid == ("1.2.3.99" if named else uid_of((await site.request()).id))
    assert headers["Content-Location"].endswith(f"/dicomweb/workitems/{uid}")
    step = await site.one(uid)
    assert (step.StudyInstanceUID, step.ScheduledProcedureStepPriority) == (study_uid, "HIGH")
    assert await site.put_state(uid, "IN PROGRESS") == (200, "")
    again = await site.ask("POST", "/workitems", "township", body)
    assert (again[0], again[1]["code"]) == (409, "workitem-exists")


async def test_an_emergency_is_asked_for_whole_or_not_at_all(
    site: Site, monkeypatch: pytest.MonkeyPatch
) -> None:
    body = wanted(await unread_study(site), ScheduledProcedureStepPriority="HIGH")
    failing_once(monkeypatch, "server.requests.service.weigh")
    assert (await site.ask("POST", "/workitems", "township", body))[0] == 503
    assert (await site.ask("POST", "/workitems", "township", body))[0] == 201
    assert (await site.request()).emergency


async def test_only_own_studies_are_given_to_be_read(site: Site) -> None:
    study_uid = await unread_study(site)
    assert (await site.ask("POST", "/workitems", "stranger", wanted(study_uid)))[0] == 404
    unknown = wanted(generate_uid())
    assert (await site.ask("POST", "/workitems", "township", unknown))[0] == 404


@pytest.mark.parametrize(
    "more",
    [
        {"ProcedureStepState": "IN PROGRESS"},
        {"TransactionUID": LOCK},
        {"InputInformationSequence": []},
        {"StudyInstanceUID": "1.2.9"},
        {"SOPInstanceUID": "x.y"},
        {"ScheduledProcedureStepPriority": "SOON"},
    ],
)
async def test_a_workitem_that_makes_no_sense_is_not_made(site: Site, more: Any) -> None:
    study_uid = await unread_study(site)
    assert (await site.ask("POST", "/workitems", "township", wanted(study_uid, **more)))[0] == 400


@pytest.mark.parametrize(("before", "after"), list(product(StepState, StepState)))
def test_the_table_of_changes_is_that_of_the_standard(before: StepState, after: StepState) -> None:
    """PS3.4 Table CC.1.1-2, but for COMPLETED, which a signed report brings."""
    allowed = {("SCHEDULED", "IN PROGRESS"), ("IN PROGRESS", "CANCELED")}
    assert ((before, after) in CHANGES) == ((before.value, after.value) in allowed)


async def test_the_service_says_what_it_does_with_workitems(site: Site) -> None:
    _, body, _ = await site.ask("GET", "/", Accept="application/json")
    said = str(body)
    for transaction in ("SearchForUPS", "CreateUPS", "ChangeUPSState", "OpenEventChannel"):
        assert transaction in said
    status, _, headers = await site.ask("OPTIONS", "/workitems")
    assert (status, headers["Allow"]) == (204, "GET, HEAD, OPTIONS, POST")
