"""Who may do what, as a literal table: every route × role × institution."""

from collections.abc import AsyncIterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path

import pytest
from aiohttp import web
from aiohttp.test_utils import TestClient, TestServer
from sqlalchemy import select

from dicom.dimse.command import CommandField
from server.app import build_app
from server.audit.models import AuditEvent, Outcome
from server.consults.models import Consult, ConsultStatus
from server.core.http import ACCESS, Public, Route, add_routes
from server.ecg_records.models import EcgRecord
from server.identity.models import Role
from server.reports.models import Report
from server.requests.models import DiagnosisRequest, RequestKind
from server.scheduling.models import ExamStatus, ScheduledExam
from server.studies.models import Instance, Rejection, Series, Study
from server.workitems.uids import uid_of
from tests.support.application import PLACES, RunningApp, running_app, settings_for
from tests.support.databases import migrated_sqlite
from tests.support.dicom_files import ct_bytes, rejection_note, sample

CREATORS = frozenset({Role.TOWNSHIP_TECHNICIAN})
READERS = frozenset(
    {
        Role.VILLAGE_DOCTOR, Role.TOWNSHIP_DOCTOR, Role.COUNTY_READER, Role.COUNTY_REVIEWER,
        Role.COUNTY_DUTY, Role.CATH_TEAM, Role.STROKE_TEAM, Role.CITY_EXPERT,
    }
)  # fmt: skip
LISTENERS = READERS | CREATORS
CLAIMANTS = frozenset({Role.COUNTY_READER, Role.COUNTY_REVIEWER})
EXPORTERS = CLAIMANTS | {Role.TOWNSHIP_DOCTOR, Role.COUNTY_DUTY}
EXAMINERS = frozenset({Role.TOWNSHIP_TECHNICIAN, Role.TOWNSHIP_DOCTOR})
ADMINISTRATORS = frozenset({Role.SYSTEM_ADMINISTRATOR})
OFFICE = frozenset({Role.MEDICAL_OFFICE})
QUALITY = frozenset({Role.COUNTY_REVIEWER, Role.QUALITY_CONTROL, Role.SYSTEM_ADMINISTRATOR})
EVERYBODY = frozenset(Role)
# The one study of this test is township1's; its county reads for it; township2 must not know of it.
WITHIN_REACH = frozenset({"township1", "county"})


@dataclass(frozen=True)
class Rule:
    """What a route is expected to answer, and to whom."""

    roles: frozenset[Role] | None
    """None: anybody, signed in or not."""
    scoped: bool = False
    """Whether it names one study, which another institution must not find."""
    places: frozenset[str] = WITHIN_REACH
    """Where what is scoped is found."""
    query: str = ""
    headers: Mapping[str, str] = field(default_factory=dict)
    body: Mapping[str, object] | None = None
    answer: int | None = None
    """What those who may ask get here, where it is not a success."""


REQUEST = "/api/requests/{request_id}"
REPORT = "/api/reports/{report_id}"
PATIENT = "/api/patients/{patient_id}"
KEPT = "/api/studies/{study_id}"
WHY = {"reason": "for a reason"}
# Saved, signed and opened for a change.
SEEN = {"revision": 3}
EXAMINING, DIAGNOSING = frozenset({"township1"}), frozenset({"county"})
STUDY = "/dicomweb/studies/{study}"
WORKITEM = "/dicomweb/workitems/{workitem}"
SERIES = STUDY + "/series/{series}"
INSTANCE = SERIES + "/instances/{instance}"
PUBLIC = Rule(None)
TUS = {"Tus-Resumable": "1.0.0"}

EXPECTED: dict[tuple[str, str], Rule] = {
    ("GET", "/"): PUBLIC,
    # The web client's own addresses answer with its page, which holds nothing of anybody.
    ("GET", "/worklist"): PUBLIC,
    ("GET", "/reading/{request_id}"): PUBLIC,
    ("GET", "/ecg/{request_id}"): PUBLIC,
    ("GET", "/consult"): PUBLIC,
    ("GET", "/consult/{consult_id}"): PUBLIC,
    ("GET", "/inbox"): PUBLIC,
    ("GET", "/reports"): PUBLIC,
    ("GET", "/forwarding"): PUBLIC,
    ("GET", "/records"): PUBLIC,
    ("GET", "/devices"): PUBLIC,
    ("GET", "/assets/{name}"): PUBLIC,
    ("GET", "/healthz"): PUBLIC,
    ("GET", "/readyz"): PUBLIC,
    ("GET", "/api/openapi.json"): PUBLIC,
    ("POST", "/api/session"): PUBLIC,
    ("GET", "/api/session"): Rule(EVERYBODY),
    # A bearer token has no session to end.
    ("DELETE", "/api/session"): Rule(EVERYBODY, answer=401),
    ("GET", "/metrics"): Rule(ADMINISTRATORS),
    ("OPTIONS", "/api/uploads"): Rule(CREATORS),
    ("POST", "/api/uploads"): Rule(CREATORS, headers={**TUS, "Upload-Length": "10"}),
    ("HEAD", "/api/uploads/{upload_id}"): Rule(CREATORS, headers=TUS, answer=404),
    ("GET", "/api/uploads/{upload_id}"): Rule(CREATORS, answer=404),
    ("PATCH", "/api/uploads/{upload_id}"): Rule(
        CREATORS,
        headers={**TUS, "Upload-Offset": "0", "Content-Type": "application/offset+octet-stream"},
        answer=404,
    ),
    ("GET", "/api/studies"): Rule(READERS),
    ("GET", "/api/studies/{study_id}"): Rule(READERS, scoped=True),
    ("GET", "/api/studies/{study_id}/export"): Rule(EXPORTERS, scoped=True),
    # A record is found by a number or name, and nobody has said one.
    ("GET", "/api/patients"): Rule(OFFICE, answer=400),
    ("GET", PATIENT): Rule(OFFICE, scoped=True),
    ("GET", f"{PATIENT}/studies"): Rule(OFFICE, scoped=True),
    ("POST", f"{PATIENT}/merge"): Rule(
        OFFICE, scoped=True, body={"into": "0" * 32, "reason": "same"}, answer=404
    ),
    ("POST", f"{PATIENT}/unmerge"): Rule(OFFICE, scoped=True, body={"reason": "no"}, answer=409),
    ("GET", f"{KEPT}/lifecycle"): Rule(OFFICE, scoped=True),
    ("PUT", f"{KEPT}/retention"): Rule(
        OFFICE, scoped=True, body={"retention_class": "inpatient", "reason": "was admitted"}
    ),
    ("POST", f"{KEPT}/recall"): Rule(OFFICE, scoped=True),
    # It has just come, and is to be kept for thirty years.
    ("POST", f"{KEPT}/deletion"): Rule(OFFICE, scoped=True, body=WHY, answer=409),
    ("POST", f"{KEPT}/holds"): Rule(OFFICE, scoped=True, body=WHY),
    ("POST", f"{KEPT}/holds/{{hold_id}}/lift"): Rule(OFFICE, scoped=True, body=WHY, answer=404),
    ("GET", "/api/deletions"): Rule(OFFICE),
    **{
        ("POST", f"/api/deletions/{{deletion_id}}/{step}"): Rule(OFFICE, body=WHY, answer=404)
        for step in ("approve", "reject", "withdraw", "restore")
    },
    ("GET", "/api/studies/{study_id}/rejections"): Rule(QUALITY, scoped=True),
    # It was revoked already.
    ("POST", "/api/rejections/{rejection_id}/revoke"): Rule(
        ADMINISTRATORS, scoped=True, answer=409
    ),
    ("GET", "/api/quarantine"): Rule(OFFICE | ADMINISTRATORS),
    ("GET", "/api/ecgs"): Rule(READERS),
    # A body that is no ECG: whoever may send hears that.
    ("POST", "/api/ecgs"): Rule(CREATORS, answer=422),
    ("GET", "/api/ecgs/{ecg_id}"): Rule(READERS, scoped=True),
    ("GET", "/api/ecgs/{ecg_id}/paper.svg"): Rule(READERS, scoped=True),
    ("POST", "/api/scheduled-exams"): Rule(
        EXAMINERS,
        body={
            "patient": {"name": "张三", "patient_id": "P1"},
            "modality": "DX",
            "description": "胸部正位",
            "start_date": "2026-11-26",
        },
    ),
    ("GET", "/api/scheduled-exams"): Rule(EXAMINERS),
    # What township1 ordered only township1 knows of.
    ("GET", "/api/scheduled-exams/{exam_id}"): Rule(EXAMINERS, scoped=True, places=EXAMINING),
    # It was taken back already.
    ("POST", "/api/scheduled-exams/{exam_id}/cancel"): Rule(
        EXAMINERS, scoped=True, places=EXAMINING, answer=409
    ),
    ("GET", "/api/worklist"): Rule(LISTENERS),
    ("GET", REQUEST): Rule(LISTENERS, scoped=True),
    ("PATCH", REQUEST): Rule(EXAMINERS, scoped=True, places=EXAMINING, body={"emergency": True}),
    # In this order each may do it in turn.
    ("POST", f"{REQUEST}/claim"): Rule(CLAIMANTS, scoped=True, places=DIAGNOSING),
    ("POST", f"{REQUEST}/open"): Rule(CLAIMANTS, scoped=True, places=DIAGNOSING),
    ("POST", f"{REQUEST}/release"): Rule(CLAIMANTS, scoped=True, places=DIAGNOSING),
    # Nobody holds it any more, so there is nothing to return or to take up again.
    ("POST", f"{REQUEST}/return"): Rule(
        CLAIMANTS, scoped=True, places=DIAGNOSING, body={"reason": "poor-quality"}, answer=409
    ),
    ("POST", f"{REQUEST}/resume"): Rule(EXAMINERS, scoped=True, places=EXAMINING, answer=409),
    ("GET", "/api/ecgs/{ecg_id}/waveform"): Rule(READERS, scoped=True),
    ("GET", "/api/ecgs/{ecg_id}/original"): Rule(READERS, scoped=True),
    ("GET", "/api/ecgs/{ecg_id}/previous"): Rule(READERS, scoped=True),
    ("GET", "/api/report-templates"): Rule(CLAIMANTS),
    # Nobody holds the request, and so nobody has written its report.
    ("GET", f"{REQUEST}/report"): Rule(LISTENERS, scoped=True, answer=404),
    ("PUT", f"{REQUEST}/report"): Rule(
        CLAIMANTS,
        scoped=True,
        places=DIAGNOSING,
        body={"findings": "F", "impression": "I", "base_revision": 0},
        answer=409,
    ),
    # The report was issued, and is being amended by somebody else.
    ("GET", "/api/reports"): Rule(LISTENERS),
    ("GET", REPORT): Rule(LISTENERS, scoped=True),
    ("GET", f"{REPORT}/versions"): Rule(LISTENERS, scoped=True),
    ("GET", f"{REPORT}/document.pdf"): Rule(LISTENERS, scoped=True),
    ("POST", f"{REPORT}/submit"): Rule(
        CLAIMANTS, scoped=True, places=DIAGNOSING, body=SEEN, answer=409
    ),
    ("POST", f"{REPORT}/return"): Rule(
        CLAIMANTS, scoped=True, places=DIAGNOSING, body={"comment": "C", **SEEN}, answer=409
    ),
    ("POST", f"{REPORT}/sign"): Rule(
        CLAIMANTS, scoped=True, places=DIAGNOSING, body=SEEN, answer=409
    ),
    ("POST", f"{REPORT}/amend"): Rule(
        CLAIMANTS, scoped=True, places=DIAGNOSING, body={"reason": "R", **SEEN}, answer=409
    ),
    ("POST", f"{REPORT}/acknowledge"): Rule(
        frozenset({Role.TOWNSHIP_DOCTOR}), scoped=True, places=EXAMINING, body={"version": 1}
    ),
    ("GET", "/dicomweb/workitems"): Rule(LISTENERS),
    ("GET", WORKITEM): Rule(LISTENERS, scoped=True),
    # The body is none: what is asked is whether the door opens.
    ("POST", "/dicomweb/workitems"): Rule(EXAMINERS, answer=415),
    ("POST", WORKITEM): Rule(EXAMINERS | CLAIMANTS, answer=415),
    ("PUT", f"{WORKITEM}/state"): Rule(CLAIMANTS, answer=415),
    # It is cancelled: asked again, it is so.
    ("POST", f"{WORKITEM}/cancelrequest"): Rule(EXAMINERS, scoped=True, places=EXAMINING),
    ("POST", f"{WORKITEM}/subscribers/{{ae}}"): Rule(LISTENERS, scoped=True),
    # The first of a place ends it, and where nobody subscribed there is nothing to end.
    ("DELETE", f"{WORKITEM}/subscribers/{{ae}}"): Rule(LISTENERS, scoped=True),
    # Of one workitem there is nothing to suspend.
    ("POST", f"{WORKITEM}/subscribers/{{ae}}/suspend"): Rule(LISTENERS, answer=400),
    # Without the handshake of a WebSocket the door opens to a bad request.
    ("GET", "/dicomweb/subscribers/{ae}"): Rule(LISTENERS, answer=400),
    ("GET", "/dicomweb/studies"): Rule(READERS),
    ("GET", "/dicomweb/series"): Rule(READERS),
    ("GET", "/dicomweb/instances"): Rule(READERS),
    ("GET", f"{STUDY}/series"): Rule(READERS),
    ("GET", f"{STUDY}/instances"): Rule(READERS),
    ("GET", f"{SERIES}/instances"): Rule(READERS),
    ("GET", STUDY): Rule(READERS, scoped=True),
    ("GET", SERIES): Rule(READERS, scoped=True),
    ("GET", INSTANCE): Rule(READERS, scoped=True),
    ("GET", f"{STUDY}/metadata"): Rule(READERS, scoped=True),
    ("GET", f"{SERIES}/metadata"): Rule(READERS, scoped=True),
    ("GET", f"{INSTANCE}/metadata"): Rule(READERS, scoped=True),
    ("GET", f"{INSTANCE}/frames/{{frames}}"): Rule(READERS, scoped=True),
    ("GET", f"{INSTANCE}/bulkdata/{{value}}"): Rule(READERS, scoped=True),
    **{
        ("GET", f"{place}/{name}"): Rule(READERS, scoped=True)
        for place in (STUDY, SERIES, INSTANCE, f"{INSTANCE}/frames/{{frames}}")
        for name in ("rendered", "thumbnail")
    },
    **{
        ("GET", f"{place}/{name}"): Rule(READERS, scoped=True)
        for place in (STUDY, SERIES, INSTANCE)
        for name in ("bulkdata", "pixeldata")
    },
    ("GET", "/dicomweb/wado"): Rule(
        READERS,
        scoped=True,
        query="?requestType=WADO&studyUID={study}&seriesUID={series}&objectUID={instance}",
    ),
    **{
        (method, path): Rule(EVERYBODY)
        for path in ("/dicomweb", "/dicomweb/")
        for method in ("GET", "OPTIONS")
    },
    # Nothing is sent here: what is asked is whether the door opens, and it does to a bad request.
    ("POST", "/dicomweb/studies"): Rule(CREATORS, answer=415),
    ("POST", STUDY): Rule(CREATORS, answer=415),
    # Without the handshake of a WebSocket the door opens to a bad request.
    ("GET", "/ws"): Rule(LISTENERS, answer=400),
    ("GET", "/rtc/{consult_id}"): Rule(READERS, answer=400),
    # One is open about the case, which is opened again for whoever may join it.
    ("POST", f"{REQUEST}/consult"): Rule(READERS, scoped=True),
    ("GET", "/api/devices"): Rule(ADMINISTRATORS),
    # At an institution that there is not, and of a device that there is not.
    ("POST", "/api/devices"): Rule(
        ADMINISTRATORS, body={"ae_title": "CT1", "institution": "none"}, answer=404
    ),
    ("PATCH", "/api/devices/{device_id}"): Rule(
        ADMINISTRATORS, body={"is_enabled": False}, answer=404
    ),
    ("POST", "/api/devices/{device_id}/echo"): Rule(ADMINISTRATORS, answer=404),
    ("POST", "/api/devices/{device_id}/sample"): Rule(ADMINISTRATORS, answer=404),
    ("GET", "/api/forwarding/routes"): Rule(ADMINISTRATORS),
    # A destination that nobody registered.
    ("POST", "/api/forwarding/routes"): Rule(
        ADMINISTRATORS, body={"destination_id": "none"}, answer=400
    ),
    ("PUT", "/api/forwarding/routes/{route_id}"): Rule(
        ADMINISTRATORS, body={"destination_id": "none"}, answer=404
    ),
    ("DELETE", "/api/forwarding/routes/{route_id}"): Rule(ADMINISTRATORS, answer=404),
    ("GET", "/api/forwarding/destinations"): Rule(ADMINISTRATORS),
    ("GET", "/api/forwarding/jobs"): Rule(ADMINISTRATORS),
    ("POST", "/api/forwarding/jobs"): Rule(
        ADMINISTRATORS, body={"study_instance_uid": "1.2", "destination_id": "none"}, answer=400
    ),
    ("GET", "/api/forwarding/jobs/{job_id}"): Rule(ADMINISTRATORS, answer=404),
    ("POST", "/api/forwarding/jobs/{job_id}/retry"): Rule(ADMINISTRATORS, answer=404),
    ("DELETE", "/api/forwarding/jobs/{job_id}"): Rule(ADMINISTRATORS, answer=404),
    ("GET", "/api/consults"): Rule(READERS),
    # Another was closed before.
    ("GET", "/api/consults/{consult_id}"): Rule(READERS, scoped=True),
    ("POST", "/api/consults/{consult_id}/close"): Rule(READERS, scoped=True, answer=409),
}

# What GET answers is what HEAD would; what may be asked of a resource is no secret.
for _method, _path in tuple(EXPECTED):
    if _path.startswith(("/dicomweb/s", "/dicomweb/i", "/dicomweb/w")):
        EXPECTED["OPTIONS", _path] = PUBLIC
        if _method == "GET":
            EXPECTED["HEAD", _path] = EXPECTED["GET", _path]


@pytest.fixture
async def app(tmp_path: Path) -> AsyncIterator[RunningApp]:
    migrated_sqlite(tmp_path / "lianzhen.db")
    async with running_app(settings_for(tmp_path)) as running:
        await running.receive(ct_bytes())
        await running.receive(sample("waveform_ecg.dcm").read_bytes())
        await _report_of_the_ecg(running)
        await _confer(running)
        await _order(running)
        await _reject_and_revoke(running)
        await _withdraw(running)
        yield running


async def _report_of_the_ecg(app: RunningApp) -> None:
    """Issue a report, and begin to amend it."""
    async with app.services.database.reading() as session:
        request_id = await session.scalar(
            select(DiagnosisRequest.id).where(DiagnosisRequest.kind == RequestKind.ECG)
        )
    author = await app.token("author", "county", Role.COUNTY_READER, signs=True)
    request = f"/api/requests/{request_id}"

    async def done(method: str, path: str, body: Mapping[str, object] | None = None) -> str:
        answer = await app.client.request(method, path, headers=author, json=body)
        assert answer.status == 200, await answer.text()
        return str((await answer.json())["id"])

    await done("POST", f"{request}/claim")
    text = {"findings": "F", "impression": "I", "base_revision": 0}
    report_id = await done("PUT", f"{request}/report", text)
    await done("POST", f"/api/reports/{report_id}/sign", {"revision": 1})
    await done("POST", f"/api/reports/{report_id}/amend", {"reason": "R", "revision": 2})


async def _confer(app: RunningApp) -> None:
    """Leave a closed and an open consult about the CT."""
    who = await app.token("conferring", "township1", Role.TOWNSHIP_DOCTOR)
    async with app.services.database.reading() as session:
        request_id = await session.scalar(
            select(DiagnosisRequest.id).where(DiagnosisRequest.modality == "CT")
        )
    path = f"/api/requests/{request_id}/consult"
    consult = await (await app.client.post(path, headers=who)).json()
    await app.client.post(f"/api/consults/{consult['id']}/close", headers=who)
    await app.client.post(path, headers=who)


async def _order(app: RunningApp) -> None:
    """Leave an examination that was scheduled and taken back."""
    who = await app.token("ordering", "township1", Role.TOWNSHIP_DOCTOR)
    body = EXPECTED["POST", "/api/scheduled-exams"].body
    path = "/api/scheduled-exams"
    exam = await (await app.client.post(path, headers=who, json=body)).json()
    await app.client.post(f"{path}/{exam['id']}/cancel", headers=who)


async def _reject_and_revoke(app: RunningApp) -> None:
    """Leave a rejection of the CT that was revoked."""
    await app.receive(rejection_note(ct_bytes()))
    who = await app.token("revoking", "county", Role.SYSTEM_ADMINISTRATOR)
    async with app.services.database.reading() as session:
        rejection_id = await session.scalar(select(Rejection.id))
    path = f"/api/rejections/{rejection_id}/revoke"
    assert (await app.client.post(path, headers=who)).status == 204


async def _withdraw(app: RunningApp) -> None:
    """Leave a request that the examining side took back."""
    await app.receive(sample("MR_small.dcm").read_bytes())
    who = await app.token("withdrawing", "township1", Role.TOWNSHIP_DOCTOR)
    path = f"/dicomweb/workitems/{uid_of(await _withdrawn(app))}/cancelrequest"
    assert (await app.client.post(path, headers=who)).status == 202


async def _withdrawn(app: RunningApp) -> str:
    async with app.services.database.reading() as session:
        found = select(DiagnosisRequest.id).where(DiagnosisRequest.modality == "MR")
        return str(await session.scalar(found))


async def _concrete(app: RunningApp) -> dict[str, str]:
    async with app.services.database.reading() as session:
        study, series, instance = (
            await session.execute(
                select(Study, Series, Instance)
                .join(Series, Series.study_pk == Study.id)
                .join(Instance, Instance.series_pk == Series.id)
                .where(Series.modality == "CT")
            )
        ).one()
        ecg_id = await session.scalar(select(EcgRecord.id))
        consult_id = await session.scalar(
            select(Consult.id).where(Consult.status == ConsultStatus.CLOSED)
        )
        request_id = await session.scalar(
            select(DiagnosisRequest.id).where(DiagnosisRequest.study_pk == study.id)
        )
        report_id = await session.scalar(select(Report.id))
        rejection_id = await session.scalar(select(Rejection.id))
        exam_id = await session.scalar(
            select(ScheduledExam.id).where(ScheduledExam.status == ExamStatus.CANCELLED)
        )
    return {
        "{exam_id}": str(exam_id),
        "{workitem}": uid_of(await _withdrawn(app)),
        "{ae}": "RIS",
        "{rejection_id}": str(rejection_id),
        "{report_id}": str(report_id),
        "{study_id}": study.id,
        "{patient_id}": study.patient_pk,
        "{hold_id}": "0" * 32,
        "{deletion_id}": "0" * 32,
        "{ecg_id}": str(ecg_id),
        "{request_id}": str(request_id),
        "{upload_id}": "0" * 32,
        "{route_id}": "0" * 32,
        "{job_id}": "0" * 32,
        "{consult_id}": str(consult_id),
        "{device_id}": "0" * 32,
        "{name}": "none.js",
        "{study}": study.study_instance_uid,
        "{series}": series.series_instance_uid,
        "{instance}": instance.sop_instance_uid,
        "{frames}": "1",
        "{value}": "7FE00010",
    }


def _filled(path: str, values: Mapping[str, str]) -> str:
    for placeholder, value in values.items():
        path = path.replace(placeholder, value)
    assert "{" not in path, f"{path}: the test must know a value for every part"
    return path


async def test_every_route_is_in_the_table(app: RunningApp) -> None:
    listed = app.client.app[ACCESS]
    assert set(listed) == set(EXPECTED)


async def test_a_stranger_gets_nothing_but_what_is_public(app: RunningApp) -> None:
    values = await _concrete(app)
    for (method, path), rule in EXPECTED.items():
        response = await app.client.request(
            method, _filled(path + rule.query, values), headers=rule.headers
        )
        if rule.roles is None:
            assert response.status not in {401, 403}, (method, path)
        else:
            assert response.status == 401, (method, path)


@pytest.mark.parametrize("place", PLACES)
async def test_every_role_at_every_institution(app: RunningApp, place: str) -> None:
    values = await _concrete(app)
    for role in Role:
        who = await app.token(f"{role}-{place}", place, role)
        for (method, path), rule in EXPECTED.items():
            if rule.roles is None:
                continue
            response = await app.client.request(
                method,
                _filled(path + rule.query, values),
                headers={**who, **rule.headers},
                json=rule.body,
            )
            case = (role, place, method, path, response.status)
            if role not in rule.roles:
                assert response.status == 403, case
            elif rule.scoped and place not in rule.places:
                assert response.status == 404, case
            elif rule.answer is not None:
                assert response.status == rule.answer, case
            else:
                assert response.status < 400, case


async def test_lists_and_searches_show_nothing_of_another_institution(app: RunningApp) -> None:
    values = await _concrete(app)
    stranger = await app.token("stranger", "township2", Role.TOWNSHIP_DOCTOR)
    reader = await app.token("reader", "county", Role.COUNTY_READER)

    async def listed(path: str, who: Mapping[str, str]) -> list[object]:
        response = await app.client.get(_filled(path, values), headers=who)
        if response.status == 204:
            return []
        answer = await response.json()
        return list(answer["items"] if isinstance(answer, dict) else answer)

    for (method, path), rule in EXPECTED.items():
        if method == "GET" and rule in (Rule(READERS), Rule(LISTENERS)):
            assert await listed(path, reader), path
            assert await listed(path, stranger) == [], path


async def test_another_institution_s_study_by_url_is_on_record(app: RunningApp) -> None:
    values = await _concrete(app)
    stranger = await app.token("stranger", "township2", Role.TOWNSHIP_DOCTOR)
    for path in ("/api/studies/{study_id}", "/api/ecgs/{ecg_id}"):
        assert (await app.client.get(_filled(path, values), headers=stranger)).status == 404
    async with app.services.database.reading() as session:
        refused = await session.scalars(
            select(AuditEvent.object_id).where(AuditEvent.outcome == Outcome.REFUSED)
        )
        assert set(refused) == {"GET /api/studies/{study_id}", "GET /api/ecgs/{ecg_id}"}


async def test_a_route_that_nobody_listed_is_denied(tmp_path: Path) -> None:
    migrated_sqlite(tmp_path / "lianzhen.db")
    app = build_app(settings_for(tmp_path))

    async def forgotten(_request: web.Request) -> web.Response:
        return web.Response(text="secret")

    app.router.add_get("/forgotten", forgotten)
    add_routes(app, [Route("GET", "/listed", forgotten, Public())])
    async with TestClient(TestServer(app)) as client:
        assert (await client.get("/listed")).status == 200
        assert (await client.get("/forgotten")).status in {401, 403}


# Each DIMSE request the node knows, and which device may make it: a stranger never associates.
DIMSE = {
    CommandField.C_ECHO_RQ: "every registered device",
    CommandField.C_STORE_RQ: "every registered device, for its own institution",
    CommandField.C_FIND_RQ: "devices registered to query, within their institution's reach; "
    "the worklist: devices registered for it, what their institution scheduled",
    CommandField.C_GET_RQ: "devices registered to query, within their institution's reach",
    CommandField.C_MOVE_RQ: "devices registered to query, to registered addresses within reach",
    CommandField.N_CREATE_RQ: "performed steps: every registered device, for its own institution",
    CommandField.N_SET_RQ: "performed steps: devices of the institution whose step it is",
    CommandField.N_GET_RQ: "performed steps: devices of the institution whose step it is",
    CommandField.N_ACTION_RQ: "storage commitment: every registered device, of what its "
    "institution may see",
    CommandField.N_EVENT_REPORT_RQ: "nobody: we hear no events",
}


def test_every_dimse_service_is_in_the_table() -> None:
    """What each row says is tested in tests/server/dicom_node."""
    assert set(DIMSE) == set(CommandField) - {CommandField.C_CANCEL_RQ}
