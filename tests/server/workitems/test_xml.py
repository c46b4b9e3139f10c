"""UPS-RS in the Native DICOM Model (PS3.18 11 and 8.7.3, PS3.19 A.1)."""

from typing import Any

import pytest
from pydicom import Dataset

from dicom.web.native_xml import from_xml, to_xml
from server.workitems.uids import uid_of
from tests.server.dicomweb.test_transcoding import parts_of
from tests.server.workitems.site import LOCK, Site, attributes, unread_study, wanted
from tests.support.dicom_files import ct_bytes, ecg_bytes

XML = "application/dicom+xml"
SEVERAL = f'multipart/related; type="{XML}"'
SPARSE = (
    b'<NativeDicomModel><DicomAttribute tag="00741000" vr="CS"><Value number="9999999">x'
    b"</Value></DicomAttribute></NativeDicomModel>"
)


def named() -> bytes:
    return ct_bytes(SpecificCharacterSet="GB18030", PatientName="ZHANG^SAN=张^三")


async def send(
    site: Site, method: str, path: str, who: str, described: list[dict[str, Any]] | bytes
) -> tuple[int, str]:
    """Send a data set as XML."""
    data = described if isinstance(described, bytes) else to_xml(described[0])
    response = await site.app.client.request(
        method,
        f"/dicomweb{path}",
        headers={**site.people[who], "Content-Type": XML},
        data=data,
    )
    return response.status, await response.text()


async def get(site: Site, path: str, accept: str) -> tuple[str, bytes]:
    response = await site.app.client.get(
        f"/dicomweb{path}", headers={**site.people["reader"], "Accept": accept}
    )
    assert response.status == 200
    return response.headers["Content-Type"], await response.read()


def read(document: bytes) -> Dataset:
    return Dataset.from_json(from_xml(document))


async def test_a_search_answers_in_xml_what_it_answers_in_json(site: Site) -> None:
    for data in (named(), ecg_bytes()):
        await site.app.receive(data)
    kind, body = await get(site, "/workitems", SEVERAL)
    assert kind.startswith("multipart/related")
    found = []
    for head, document in parts_of(kind, body):
        assert f"Content-Type: {XML}" in head
        found.append(read(document))
    assert found == await site.found()


@pytest.mark.parametrize("accept", [XML, SEVERAL])
async def test_a_workitem_is_told_in_xml(site: Site, accept: str) -> None:
    await site.app.receive(named())
    uid = await site.workitem()
    kind, body = await get(site, f"/workitems/{uid}", accept)
    if accept == XML:
        assert kind == XML
    else:
        ((_, body),) = parts_of(kind, body)
    assert read(body) == await site.one(uid)


async def test_json_is_told_where_nothing_else_is_asked_for(site: Site) -> None:
    await site.app.receive(ct_bytes())
    uid = await site.workitem()
    for path in ("/workitems", f"/workitems/{uid}"):
        for accept in ("*/*", f"{SEVERAL}; q=0.5, application/dicom+json"):
            assert (await get(site, path, accept))[0] == "application/dicom+json"
    status, _, _ = await site.ask("GET", "/workitems", Accept=XML)
    assert status == 406  # Several are no one document (PS3.18 8.7.3).


async def test_every_transaction_takes_xml(site: Site) -> None:
    body = wanted(await unread_study(site), ScheduledProcedureStepPriority="HIGH")
    status, answer = await send(site, "POST", "/workitems", "township", body)
    assert status == 201, answer
    uid = await site.workitem()
    assert uid == uid_of((await site.request()).id)
    said = [attributes(CommentsOnTheScheduledProcedureStep="胸痛 <2 h & more")]
    assert (await send(site, "POST", f"/workitems/{uid}", "township", said))[0] == 200
    state = [attributes(ProcedureStepState="IN PROGRESS", TransactionUID=LOCK)]
    assert (await send(site, "PUT", f"/workitems/{uid}/state", "reader", state))[0] == 200
    progress = attributes(ProcedureStepProgress="40", ProcedureStepProgressDescription="reading")
    told = [attributes(ProcedureStepProgressInformationSequence=progress)]
    path = f"/workitems/{uid}?transaction-uid={LOCK}"
    assert (await send(site, "POST", path, "reader", told))[0] == 200
    step = await site.one(uid)
    assert (step.ProcedureStepState, step.ScheduledProcedureStepPriority) == ("IN PROGRESS", "HIGH")
    assert step.CommentsOnTheScheduledProcedureStep == "胸痛 <2 h & more"
    (progressed,) = step.ProcedureStepProgressInformationSequence
    assert float(progressed.ProcedureStepProgress) == 40
    reason = [attributes(ReasonForCancellation="重复申请")]
    cancel = f"/workitems/{uid}/cancelrequest"
    assert (await send(site, "POST", cancel, "township", reason))[0] == 202


@pytest.mark.parametrize(
    ("document", "status"),
    [
        (b"", 400),
        (b"<NativeDicomModel>", 400),
        (b"<html/>", 400),
        (b'<!DOCTYPE x [<!ENTITY a "b">]><NativeDicomModel/>', 400),
        (b"<NativeDicomModel/>", 400),
        (b"<NativeDicomModel>" + b"<a>" * 100_000, 400),
        (SPARSE, 413),
    ],
)
async def test_xml_that_is_none_or_too_much_is_refused(
    site: Site, document: bytes, status: int
) -> None:
    await site.app.receive(ct_bytes())
    path = f"/workitems/{await site.workitem()}/state"
    answered, detail = await send(site, "PUT", path, "reader", document)
    assert answered == status, detail
