"""The web role, who works there, and what they send."""

from dataclasses import dataclass
from io import BytesIO
from typing import Any

from pydicom import Dataset, dcmread
from pydicom.datadict import dictionary_VR, tag_for_keyword
from sqlalchemy import delete, select

from server.requests.models import DiagnosisRequest, RequestTransition
from tests.support.application import RunningApp
from tests.support.dicom_files import ct_bytes

JSON = {"Content-Type": "application/dicom+json"}
LOCK = "1.2.3.4"


@dataclass
class Site:
    """The web role, and who works there."""

    app: RunningApp
    people: dict[str, dict[str, str]]

    async def ask(
        self, method: str, path: str, who: str = "reader", body: Any = None, **headers: str
    ) -> tuple[int, Any, dict[str, str]]:
        response = await self.app.client.request(
            method,
            f"/dicomweb{path}",
            headers={**self.people[who], **(JSON if body is not None else {}), **headers},
            json=body,
        )
        text = await response.read()
        answer = await response.json(content_type=None) if text else None
        return response.status, answer, dict(response.headers)

    async def found(self, query: str = "", who: str = "reader") -> list[Dataset]:
        status, body, _ = await self.ask("GET", f"/workitems{query}", who)
        assert status == (200 if body else 204), body
        return [Dataset.from_json(each) for each in body or ()]

    async def workitem(self) -> str:
        """Return the UID of the one workitem."""
        (found,) = await self.found()
        return str(found.SOPInstanceUID)

    async def one(self, uid: str, who: str = "reader") -> Dataset:
        status, body, _ = await self.ask("GET", f"/workitems/{uid}", who)
        assert status == 200, body
        (only,) = body
        return Dataset.from_json(only)

    async def put_state(
        self, uid: str, state: str, lock: str = LOCK, who: str = "reader"
    ) -> tuple[int, str]:
        body = [attributes(ProcedureStepState=state, TransactionUID=lock)]
        status, answer, headers = await self.ask("PUT", f"/workitems/{uid}/state", who, body)
        return status, answer["code"] if status >= 400 else headers.get("Warning", "")

    async def request(self) -> DiagnosisRequest:
        async with self.app.services.database.reading() as session:
            return (await session.scalars(select(DiagnosisRequest))).one()


def attributes(**values: Any) -> dict[str, Any]:
    """Return attributes by keyword as DICOM JSON."""
    found = {}
    for keyword, value in values.items():
        several = value if isinstance(value, list) else [value]
        found[f"{tag_for_keyword(keyword):08X}"] = {"vr": dictionary_VR(keyword), "Value": several}
    return found


async def unread_study(site: Site) -> str:
    """Leave a study that nobody was asked to read: one of before there were requests."""
    data = ct_bytes()
    await site.app.receive(data)
    async with site.app.services.database.unit_of_work() as uow:
        await uow.session.execute(delete(RequestTransition))
        await uow.session.execute(delete(DiagnosisRequest))
        await uow.commit()
    return str(dcmread(BytesIO(data)).StudyInstanceUID)


def wanted(study_uid: str, **more: Any) -> list[dict[str, Any]]:
    item = attributes(StudyInstanceUID=study_uid)
    values = {"ProcedureStepState": "SCHEDULED", "InputInformationSequence": item}
    return [attributes(**(values | more))]


def told(report: dict[str, Any]) -> tuple[str, int, str]:
    """Return workitem, event type and state of an event report."""
    assert report["00000002"]["Value"] == ["1.2.840.10008.5.1.4.34.6.4"]
    state = report.get("00741000", {"Value": [""]})["Value"][0]
    return report["00001000"]["Value"][0], report["00001002"]["Value"][0], state
