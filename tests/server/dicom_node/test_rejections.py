"""Rejection notes (IHE RAD, IOCM): what they hide, from whom, and how it comes back."""

import asyncio
from collections.abc import AsyncIterator, Mapping
from dataclasses import dataclass
from io import BytesIO
from pathlib import Path
from typing import Any

import pytest
from pydicom import Dataset, dcmread
from pydicom.uid import generate_uid
from pynetdicom import AE, evt
from pynetdicom.presentation import build_role
from sqlalchemy import func, select

from dicom.dimse.information_models import STUDY_ROOT_FIND, STUDY_ROOT_GET
from server.audit.models import AuditEvent
from server.dicom_node.registered import NewDevice
from server.identity.models import Role
from server.intake.models import StoredObject
from server.node import dimse_server
from server.requests.models import DiagnosisRequest
from server.studies.models import Rejection, Study
from tests.dicom.dimse.senders import run
from tests.server.dicom_node.test_node import _send
from tests.support.application import ORG, RunningApp, running_app, settings_for
from tests.support.dicom_files import ct_bytes, ct_series, ecg_bytes, rejection_note
from tests.support.peers import require_program

QUALITY, SAFETY, WORKLIST, RETENTION = "113001", "113037", "113038", "113039"
NOT_AUTHORISED = 0x0124


@dataclass
class Site:
    """A web role and a node over the same services."""

    app: RunningApp
    port: int
    people: dict[str, dict[str, str]]

    async def send(self, *files: bytes, ae_title: str = "TOWNSHIP1") -> list[int] | None:
        return await asyncio.to_thread(_send, self.port, ae_title, list(files))

    async def get(self, path: str, who: str = "reader", **headers: str) -> tuple[int, Any]:
        response = await self.app.client.get(path, headers={**self.people[who], **headers})
        is_json = response.status == 200 and "json" in response.content_type
        return response.status, await response.json() if is_json else await response.read()

    async def found(self, path: str) -> list[Mapping[str, Any]]:
        status, body = await self.get(f"/dicomweb/{path}")
        assert status == (200 if body else 204), status
        return list(body)

    async def shown(self, data: bytes) -> bool:
        """Tell whether an instance is found and retrieved, in every way or in none."""
        ds = dcmread(BytesIO(data))
        study = f"/dicomweb/studies/{ds.StudyInstanceUID}"
        instance = f"{study}/series/{ds.SeriesInstanceUID}/instances/{ds.SOPInstanceUID}"
        searched = await self.found(f"instances?SOPInstanceUID={ds.SOPInstanceUID}")
        retrieved, _ = await self.get(
            instance, Accept='multipart/related; type="application/dicom"'
        )
        metadata, body = await self.get(f"{study}/metadata")
        listed = [each["00080018"]["Value"][0] for each in body] if metadata == 200 else []
        asked = await asyncio.to_thread(self._find, ds)
        got = await asyncio.to_thread(self._get, ds)
        told = [
            len(searched) == 1,
            retrieved == 200,
            ds.SOPInstanceUID in listed,
            asked == [ds.SOPInstanceUID],
            got == [ds.SOPInstanceUID],
        ]
        assert len(set(told)) == 1, told
        return told[0]

    def _query(self, ds: Dataset) -> Dataset:
        query = Dataset()
        query.QueryRetrieveLevel = "IMAGE"
        for keyword in ("StudyInstanceUID", "SeriesInstanceUID", "SOPInstanceUID"):
            setattr(query, keyword, ds[keyword].value)
        return query

    def _find(self, ds: Dataset) -> list[str]:
        return [found.SOPInstanceUID for found in self.asked(self._query(ds))]

    def asked(self, query: Dataset) -> list[Dataset]:
        entity = AE(ae_title="TOWNSHIP1")
        entity.add_requested_context(STUDY_ROOT_FIND)
        association = entity.associate("127.0.0.1", self.port)
        answers = list(association.send_c_find(query, STUDY_ROOT_FIND))
        association.release()
        return [found for _, found in answers if found is not None]

    def _get(self, ds: Dataset) -> list[str]:
        got: list[str] = []

        def stored(event: evt.Event) -> int:
            got.append(str(event.dataset.SOPInstanceUID))
            return 0

        entity = AE(ae_title="TOWNSHIP1")
        entity.add_requested_context(STUDY_ROOT_GET)
        entity.add_requested_context(ds.SOPClassUID)
        association = entity.associate(
            "127.0.0.1",
            self.port,
            ext_neg=[build_role(ds.SOPClassUID, scp_role=True)],
            evt_handlers=[(evt.EVT_C_STORE, stored)],
        )
        list(association.send_c_get(self._query(ds), STUDY_ROOT_GET))
        association.release()
        return got

    async def request(self) -> DiagnosisRequest:
        async with self.app.services.database.reading() as session:
            return (await session.scalars(select(DiagnosisRequest))).one()

    async def study(self) -> Study:
        async with self.app.services.database.reading() as session:
            return (await session.scalars(select(Study))).one()

    async def rejections(self) -> list[Rejection]:
        async with self.app.services.database.reading() as session:
            return list(await session.scalars(select(Rejection).order_by(Rejection.rejected_at)))

    async def revoke(self, rejection: Rejection, who: str = "admin") -> int:
        response = await self.app.client.post(
            f"/api/rejections/{rejection.id}/revoke", headers=self.people[who]
        )
        return response.status


@pytest.fixture
async def site(tmp_path: Path, database_url: str) -> AsyncIterator[Site]:
    async with running_app(settings_for(tmp_path, database_url)) as app:
        for place in ("township1", "township2", "county"):
            await app.services.devices.register(
                NewDevice(ORG, app.institutions[place], place.upper(), may_query=True)
            )
        people = {
            "reader": await app.token("reader", "county", Role.COUNTY_READER),
            "reviewer": await app.token("reviewer", "county", Role.COUNTY_REVIEWER),
            "admin": await app.token("admin", "county", Role.SYSTEM_ADMINISTRATOR),
            "stranger": await app.token("stranger", "township2", Role.SYSTEM_ADMINISTRATOR),
        }
        server = dimse_server(app.services)
        port = await server.start("127.0.0.1", 0)
        yield Site(app, port, people)
        await server.close(1)


@pytest.mark.parametrize("code", [QUALITY, SAFETY, WORKLIST, RETENTION])
async def test_storescu_brings_a_note_and_what_it_names_is_gone_from_every_door(
    site: Site, tmp_path: Path, code: str
) -> None:
    storescu, dsrdump = require_program("storescu"), require_program("dsrdump")
    one, two = ct_series(2)
    assert await site.send(one, two) == [0, 0]
    path = tmp_path / "note.dcm"
    path.write_bytes(rejection_note(one, code=code))
    status, said = await run(dsrdump, str(path))
    assert status == 0, said
    assert "Key Object Selection Document" in said
    status, said = await run(storescu, "-aet", "TOWNSHIP1", "127.0.0.1", str(site.port), str(path))
    assert status == 0, said
    assert not await site.shown(one)
    assert await site.shown(two)
    (found,) = await site.found("studies?includefield=NumberOfStudyRelatedInstances")
    assert found["00201208"]["Value"] == [1]
    assert found["00201206"]["Value"] == [1]
    assert found["00080061"]["Value"] == ["CT"]
    uid = found["0020000D"]["Value"][0]
    (series,) = await site.found(f"studies/{uid}/series")
    assert series["00201209"]["Value"] == [1]
    async with site.app.services.database.reading() as session:
        assert await session.scalar(select(func.count()).select_from(StoredObject)) == 3
        rejected = select(AuditEvent).where(AuditEvent.action == "instance.reject")
        (row,) = await session.scalars(rejected)
    assert (row.outcome, row.institution_id) == ("success", site.app.institutions["township1"])
    assert f'"reason":"{code}"' in row.detail


async def test_a_study_rejected_as_a_whole_is_listed_nowhere(site: Site) -> None:
    one, two = ct_series(2)
    await site.send(one, two)
    await site.send(rejection_note(one, two))
    assert await site.found("studies") == []
    assert await site.found("series") == []
    study = await site.study()
    assert (study.instance_count, study.series_count, study.modalities) == (0, 0, "")
    assert (await site.get("/api/studies"))[1]["items"] == []
    assert (await site.get(f"/api/studies/{study.id}"))[0] == 404
    assert (await site.get(f"/dicomweb/studies/{study.study_instance_uid}"))[0] == 404
    assert (await site.get(f"/api/studies/{study.id}/export", "reviewer"))[0] == 404


async def test_what_was_not_good_enough_is_seen_by_whom_it_concerns(site: Site) -> None:
    one, two = ct_series(2)
    await site.send(one, two)
    await site.send(rejection_note(one, code=QUALITY))
    await site.send(rejection_note(two, code=SAFETY))
    study = await site.study()
    for data, expected in ((one, 200), (two, 404)):
        ds = dcmread(BytesIO(data))
        path = (
            f"/dicomweb/studies/{ds.StudyInstanceUID}/series/{ds.SeriesInstanceUID}"
            f"/instances/{ds.SOPInstanceUID}/rendered"
        )
        assert (await site.get(path, "reviewer"))[0] == expected
        assert (await site.get(path))[0] == 404
    status, body = await site.get(f"/api/studies/{study.id}/rejections", "reviewer")
    assert status == 200
    assert {each["reason"]: [o["hidden"] for o in each["objects"]] for each in body["items"]} == {
        QUALITY: [True], SAFETY: [True],
    }  # fmt: skip
    assert (await site.get(f"/api/studies/{study.id}/rejections", "stranger"))[0] == 404


@pytest.mark.parametrize("ae_title", ["TOWNSHIP2", "COUNTY"])
async def test_only_who_owns_images_may_reject_them(site: Site, ae_title: str) -> None:
    """Not even the county that reads them."""
    image = ct_bytes()
    await site.send(image)
    # In a study of the sender's own: else the note is refused as part of another's study.
    note = rejection_note(image, StudyInstanceUID=generate_uid())
    assert await site.send(note, ae_title=ae_title) == [NOT_AUTHORISED]
    assert await site.rejections() == []
    assert await site.shown(image)


async def test_a_note_that_names_another_study_hides_nothing(site: Site) -> None:
    image, other = ct_bytes(), ct_bytes(StudyInstanceUID=generate_uid())
    await site.send(image)
    await site.send(rejection_note(other))
    assert await site.shown(image)


@pytest.mark.parametrize(
    ("code", "status", "shown"),
    [(QUALITY, 0, False), (SAFETY, NOT_AUTHORISED, False), (WORKLIST, NOT_AUTHORISED, False),
     (RETENTION, 0, True)],
)  # fmt: skip
@pytest.mark.parametrize("first", ["image", "note"])
async def test_what_was_rejected_is_sent_again(
    site: Site, first: str, code: str, status: int, shown: bool
) -> None:
    one, two = ct_series(2)
    await site.send(two, *([one] if first == "image" else []))
    note = rejection_note(one, code=code)
    assert await site.send(note) == [0]
    # On an association of its own, and on one where its series is known already.
    assert await site.send(one) == [status]
    assert await site.send(note) == [0]
    assert await site.shown(one) is shown
    assert await site.shown(two)


async def test_an_administrator_brings_it_back(site: Site) -> None:
    one, two = ct_series(2)
    await site.send(one, two)
    await site.send(rejection_note(one, code=SAFETY))
    assert not await site.shown(one)
    (rejection,) = await site.rejections()
    assert await site.revoke(rejection, "reviewer") == 403
    assert await site.revoke(rejection, "stranger") == 404
    assert await site.revoke(rejection) == 204
    assert await site.shown(one)
    assert (await site.study()).instance_count == 2
    assert await site.revoke(rejection) == 409
    # What was prepared of the series before is not shown again.
    await site.send(rejection_note(two))
    assert await site.shown(one)
    assert not await site.shown(two)


async def test_of_two_notes_the_other_still_holds(site: Site) -> None:
    image = ct_bytes()
    await site.send(image)
    await site.send(rejection_note(image, code=QUALITY))
    await site.send(rejection_note(image, code=WORKLIST))
    for rejection in await site.rejections():
        assert not await site.shown(image)
        assert await site.revoke(rejection) == 204
    assert await site.shown(image)


@pytest.mark.parametrize(
    ("code", "reason"),
    [(QUALITY, "poor-quality"), (WORKLIST, "wrong-patient"), (SAFETY, "other")],
)
async def test_a_request_of_which_nothing_is_left_goes_back(
    site: Site, code: str, reason: str
) -> None:
    one, two = ct_series(2)
    await site.send(one, two)
    await site.send(rejection_note(one, code=code))
    assert (await site.request()).status == "requested"
    await site.send(rejection_note(two, code=code))
    request = await site.request()
    assert (request.status, request.return_reason) == ("on-hold", reason)
    for rejection in await site.rejections():
        await site.revoke(rejection)
    assert (await site.request()).status == "requested"


async def test_a_retake_puts_a_request_back_in_line(site: Site) -> None:
    one, retake = ct_series(2)
    await site.send(one)
    await site.send(rejection_note(one))
    await site.send(retake)
    assert (await site.request()).status == "requested"
    assert await site.shown(retake)
    assert (await site.study()).series_count == 1


async def test_a_note_alone_opens_no_request_until_its_images_are_shown(site: Site) -> None:
    image = ct_bytes()
    note = rejection_note(image)
    await site.send(note)
    await site.send(image)
    async with site.app.services.database.reading() as session:
        assert await session.scalar(select(func.count()).select_from(DiagnosisRequest)) == 0
    (rejection,) = await site.rejections()
    await site.revoke(rejection)
    assert (await site.request()).modality == "CT"


async def test_image_and_note_on_one_association(site: Site) -> None:
    image = ct_bytes()
    await site.send(image, rejection_note(image))
    assert not await site.shown(image)
    assert (await site.request()).status == "on-hold"


async def test_a_rejected_ecg_is_listed_no_more(site: Site) -> None:
    ecg = ecg_bytes()
    await site.send(ecg)
    ((ecg_id,),) = [[each["id"] for each in (await site.get("/api/ecgs"))[1]["items"]]]
    await site.send(rejection_note(ecg))
    assert (await site.get("/api/ecgs"))[1]["items"] == []
    for path in ("", "/paper.svg", "/waveform", "/original"):
        assert (await site.get(f"/api/ecgs/{ecg_id}{path}"))[0] == 404


async def test_another_key_object_selection_rejects_nothing(site: Site) -> None:
    image = ct_bytes()
    await site.send(image)
    note = dcmread(BytesIO(rejection_note(image)))
    note.ConceptNameCodeSequence[0].CodeValue = "113000"  # Of Interest
    buffer = BytesIO()
    note.save_as(buffer)
    await site.send(buffer.getvalue())
    assert await site.shown(image)
    assert await site.rejections() == []


async def test_what_a_rejected_object_says_answers_for_no_study_or_series(site: Site) -> None:
    """Neither one of a series that is rejected whole, nor one beside others that are shown."""
    study, right = generate_uid(), generate_uid()
    own: dict[str, Any] = {"StudyInstanceUID": study, "PatientID": "P1"}
    files = [
        ct_bytes(
            **own, SeriesInstanceUID=series, SOPInstanceUID=generate_uid(), InstanceNumber=number,
            ProtocolName=said, PatientComments=said,
        )
        for series, number, said in (
            (generate_uid(), 1, "WRONG"), (right, 1, "WRONG"), (right, 2, "RIGHT"),
        )
    ]  # fmt: skip
    assert await site.send(*files) == [0, 0, 0]
    assert await site.send(rejection_note(files[0]), rejection_note(files[1])) == [0, 0]
    (of_series,) = await site.found("series?includefield=ProtocolName,PatientComments")
    assert of_series["0020000E"]["Value"] == [right]
    assert of_series["00181030"]["Value"] == of_series["00104000"]["Value"] == ["RIGHT"]
    (of_study,) = await site.found("studies?includefield=PatientComments,SOPClassesInStudy")
    assert of_study["00104000"]["Value"] == ["RIGHT"]
    assert of_study["00080062"]["Value"] == [dcmread(BytesIO(files[2])).SOPClassUID]
    for level, keyword in (("SERIES", "ProtocolName"), ("STUDY", "PatientComments")):
        query = Dataset()
        query.QueryRetrieveLevel, query.StudyInstanceUID = level, study
        setattr(query, keyword, "")
        (found,) = await asyncio.to_thread(site.asked, query)
        assert found[keyword].value == "RIGHT"
