"""The DICOM node: only registered devices, and what each object's fate sounds like to a device."""

import asyncio
from collections.abc import AsyncIterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import orjson
import pytest
from pydicom import dcmread
from pydicom.filebase import DicomBytesIO
from pydicom.uid import generate_uid
from pynetdicom import AE
from sqlalchemy import select

from server.audit.models import AuditEvent
from server.core.errors import Conflict, InvalidInput
from server.dicom_node.allow_list import Caller
from server.dicom_node.node import (
    CANNOT_UNDERSTAND,
    NOT_AUTHORISED,
    OUT_OF_RESOURCES,
    SUCCESS,
    UID_CONFLICT,
)
from server.dicom_node.public import NewDevice
from server.identity.institutions import NewInstitution
from server.identity.models import Level
from server.intake.models import Quarantined
from server.node import dimse_server
from server.services import Services, build_services, running
from server.studies.models import Study
from tests.dicom.dimse.node import (
    ABORT,
    CT,
    IMPLICIT,
    RELEASE,
    associate_request,
    context_item,
    raw_peer,
)
from tests.support.application import settings_for
from tests.support.dicom_files import changed, ct_bytes, ct_series, sample
from tests.support.peers import require_program

VERIFICATION = "1.2.840.10008.1.1"


@dataclass
class Node:
    """A node over real services, on loopback."""

    services: Services
    port: int
    institutions: dict[str, str]


@pytest.fixture
async def node(tmp_path: Path, database_url: str) -> AsyncIterator[Node]:
    services = build_services(settings_for(tmp_path, database_url), role="node")
    async with running(services):
        institutions = {}
        for code in ("township1", "township2"):
            institutions[code] = await services.institutions.create(
                NewInstitution("qinghe", code, code, code, Level.TOWNSHIP)
            )
            await services.devices.register(
                NewDevice("qinghe", institutions[code], code.upper(), ("127.0.0.0/8",))
            )
        server = dimse_server(services)
        port = await server.start("127.0.0.1", 0)
        yield Node(services, port, institutions)
        await server.close(1)


def _send(port: int, ae_title: str, files: list[bytes]) -> list[int] | None:
    """Send files on one association and return each status; None where it was refused."""
    datasets = [dcmread(DicomBytesIO(data), force=True) for data in files]
    entity = AE(ae_title=ae_title)
    for dataset in datasets:
        entity.add_requested_context(dataset.SOPClassUID, dataset.file_meta.TransferSyntaxUID)
    association = entity.associate("127.0.0.1", port)
    if not association.is_established:
        return None
    try:
        return [association.send_c_store(dataset).Status for dataset in datasets]
    finally:
        association.release()


async def send(node: Node, *files: bytes, ae_title: str = "TOWNSHIP1") -> list[int] | None:
    return await asyncio.to_thread(_send, node.port, ae_title, list(files))


async def audited(node: Node, action: str) -> list[AuditEvent]:
    async with node.services.database.reading() as session:
        found = await session.scalars(select(AuditEvent).where(AuditEvent.action == action))
        return list(found)


async def until_audited(node: Node, action: str) -> AuditEvent:
    for _ in range(500):
        if found := await audited(node, action):
            return found[0]
        await asyncio.sleep(0.02)
    raise AssertionError(f"{action} was never audited")


async def ended(node: Node, count: int) -> list[dict[str, Any]]:
    """Wait until so many associations are in the audit, and return what it tells of each."""
    for _ in range(500):
        rows = await audited(node, "dicom.association")
        if len(rows) >= count:
            return [orjson.loads(row.detail) for row in sorted(rows, key=lambda row: row.seq)]
        await asyncio.sleep(0.02)
    raise AssertionError("the associations were never audited")


def echo(port: int, ae_title: str = "TOWNSHIP2") -> int:
    """Return the status of a C-ECHO on an association of its own."""
    entity = AE(ae_title=ae_title)
    entity.add_requested_context(VERIFICATION)
    association = entity.associate("127.0.0.1", port)
    try:
        return int(association.send_c_echo().Status)
    finally:
        association.release()


async def test_a_registered_device_s_objects_belong_to_its_institution(node: Node) -> None:
    assert await send(node, *ct_series(3)) == [SUCCESS] * 3
    async with node.services.database.reading() as session:
        study = (await session.scalars(select(Study))).one()
    assert study.owner_institution_id == node.institutions["township1"]
    assert study.instance_count == 3


async def test_an_association_is_one_audit_row(node: Node) -> None:
    await send(node, *ct_series(3))
    row = await until_audited(node, "dicom.association")
    detail = orjson.loads(row.detail)
    assert (row.outcome, row.institution_id) == ("success", node.institutions["township1"])
    assert (detail["stored"], detail["failed"], detail["studies"]) == (3, 0, 1)


async def test_false_labels_of_text_are_told_with_the_device_that_writes_them(node: Node) -> None:
    # Encoded as Latin-1, the text has the bytes of GB18030.
    name = "张^三".encode("gb18030").decode("latin_1")
    label = {"SpecificCharacterSet": "ISO_IR 100", "PatientName": name}
    await send(node, *[ct_bytes(**label, SOPInstanceUID=generate_uid()) for _ in range(2)])
    row = await until_audited(node, "dicom.association")
    assert orjson.loads(row.detail)["charset_repairs"] == {"ISO_IR 100 → GB18030": 2}


async def test_an_unknown_ae_is_refused_and_audited_once(node: Node) -> None:
    for _ in range(3):
        assert await send(node, ct_bytes(), ae_title="STRANGER") is None
    row = await until_audited(node, "dicom.associate")
    assert (row.outcome, row.source) == ("refused", "STRANGER@127.0.0.1")
    assert len(await audited(node, "dicom.associate")) == 1


async def test_who_calls_us_by_another_title_is_refused_logged_and_audited_once(
    node: Node, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    settings = node.services.settings
    strict = settings.dicom.model_copy(update={"check_called_ae": True, "ae_title": "US"})
    services = replace(node.services, settings=settings.model_copy(update={"dicom": strict}))
    server = dimse_server(services)
    port = await server.start("127.0.0.1", 0)
    for _ in range(2):
        async with raw_peer(port) as peer:
            await peer.send(associate_request(calling=b"TOWNSHIP1", called=b"THEM"))
            assert await peer.receive() == (0x03, b"\0\1\1\7")
    async with raw_peer(port) as peer:
        await peer.associate(associate_request(calling=b"TOWNSHIP1", called=b"US"))
        await peer.send(RELEASE)
        await peer.receive()
    await server.close(1)
    (row,) = await audited(node, "dicom.associate")
    assert (row.outcome, row.source) == ("refused", "TOWNSHIP1@127.0.0.1")
    assert orjson.loads(row.detail) == {"because": "THEM"}
    assert "a caller of another AE title was refused" in capsys.readouterr().out


@pytest.mark.parametrize("goes", ["aborts", "vanishes"])
async def test_whoever_leaves_without_a_release_is_on_record(
    node: Node, goes: str, capsys: pytest.CaptureFixture[str]
) -> None:
    async with raw_peer(node.port) as peer:
        await peer.associate(associate_request(calling=b"TOWNSHIP1"))
        if goes == "aborts":
            await peer.send(ABORT)
            assert await peer.at_end()
    row = await until_audited(node, "dicom.association")
    ending = "aborted_by_peer" if goes == "aborts" else "connection_lost"
    assert (row.outcome, orjson.loads(row.detail)["ending"]) == ("failed", ending)
    said = capsys.readouterr().out
    assert "an association broke off" in said
    assert ending in said


async def test_coming_and_breaking_off_all_day_does_not_fill_the_audit(node: Node) -> None:
    for _ in range(60):
        async with raw_peer(node.port) as peer:
            await peer.associate(associate_request(calling=b"TOWNSHIP1"))
    assert await asyncio.to_thread(echo, node.port) == SUCCESS
    rows = await audited(node, "dicom.association")
    # Twenty a minute, and one more for every three seconds that this took.
    assert 1 <= len(rows) < 40


async def test_a_request_that_is_not_looked_at_is_audited_once(
    node: Node, capsys: pytest.CaptureFixture[str]
) -> None:
    contexts = b"".join(context_item(2 * (n % 128) + 1, CT, IMPLICIT) for n in range(1000))
    for _ in range(3):
        async with raw_peer(node.port) as peer:
            await peer.send(associate_request(contexts, calling=b"TOWNSHIP1"))
            assert await peer.receive() == (0x03, b"\0\2\3\2")
        async with raw_peer(node.port) as peer:
            await peer.send(b"\1\0" + (2**31).to_bytes(4, "big"))
            assert (await peer.receive())[0] == 0x07
    await until_audited(node, "dicom.request")
    await asyncio.sleep(0.2)
    rows = await audited(node, "dicom.request")
    assert {(row.outcome, row.source) for row in rows} == {("refused", "@127.0.0.1")}
    because = sorted(orjson.loads(row.detail)["because"] for row in rows)
    assert because == ["a ASSOCIATE_RQ of 2147483648 bytes", "too many presentation contexts"]
    assert capsys.readouterr().out.count("a request was refused") == 2


async def test_a_known_ae_from_an_unknown_network_is_a_stranger(node: Node) -> None:
    recognise = node.services.devices.recognise
    known = Caller("TOWNSHIP1", "127.0.0.1", None, uses_tls=False)
    assert await recognise(known) is not None
    assert await recognise(Caller("TOWNSHIP1", "10.0.0.1", None, uses_tls=False)) is None
    assert await recognise(Caller("TOWNSHIP1", "::ffff:127.0.0.1", None, uses_tls=False))


async def test_over_tls_a_device_needs_the_certificate_it_was_registered_with(node: Node) -> None:
    subject = "commonName=ct-1"
    await node.services.devices.register(
        NewDevice("qinghe", node.institutions["township1"], "CT1", (), subject)
    )
    recognise = node.services.devices.recognise
    assert await recognise(Caller("CT1", "10.0.0.1", subject, uses_tls=True)) is not None
    assert await recognise(Caller("CT1", "10.0.0.1", "commonName=x", uses_tls=True)) is None
    assert await recognise(Caller("CT1", "10.0.0.1", None, uses_tls=False)) is None
    assert await recognise(Caller("TOWNSHIP1", "127.0.0.1", subject, uses_tls=True)) is None


async def test_bad_registrations_are_refused(node: Node) -> None:
    register = node.services.devices.register
    here = node.institutions["township1"]
    with pytest.raises(InvalidInput):
        await register(NewDevice("qinghe", here, "NAME\\WITH"))
    with pytest.raises(InvalidInput):
        await register(NewDevice("qinghe", here, "SEVENTEEN_LETTERS"))
    with pytest.raises(InvalidInput):
        await register(NewDevice("qinghe", here, "AE", ("not-a-network",)))
    with pytest.raises(Conflict):
        await register(NewDevice("qinghe", here, "TOWNSHIP1", ("127.0.0.0/8",)))


async def test_each_fate_has_its_own_status(node: Node) -> None:
    one, two = ct_series(2)
    assert await send(node, one) == [SUCCESS]
    assert await send(node, one) == [SUCCESS]
    other = dcmread(DicomBytesIO(one))
    other.PatientName = "Somebody^Else"
    buffer = DicomBytesIO()
    other.save_as(buffer)
    assert await send(node, buffer.getvalue()) == [UID_CONFLICT]
    assert await send(node, two, ae_title="TOWNSHIP2") == [NOT_AUTHORISED]
    truncated = changed(sample("CT_small.dcm"), PixelData=b"\0" * 100, SOPInstanceUID="1.2.3.4")
    assert await send(node, truncated) == [CANNOT_UNDERSTAND]
    async with node.services.database.reading() as session:
        reasons = set(await session.scalars(select(Quarantined.reason)))
    assert reasons == {"uid-conflict", "study-of-another", "pixel-data-truncated"}


async def test_below_the_watermark_the_device_hears_out_of_resources(
    node: Node, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(node.services.spool, "_min_free_bytes", 1 << 60)
    assert await send(node, ct_bytes()) == [OUT_OF_RESOURCES]
    monkeypatch.undo()
    assert await send(node, ct_bytes()) == [SUCCESS]


async def test_dcmtk_echoes_and_stores(node: Node, tmp_path: Path) -> None:
    echoscu, storescu = require_program("echoscu"), require_program("storescu")
    for command in (
        (echoscu, "-aet", "TOWNSHIP1", "127.0.0.1", str(node.port)),
        (storescu, "-aet", "TOWNSHIP1", "127.0.0.1", str(node.port), sample("CT_small.dcm")),
    ):
        process = await asyncio.create_subprocess_exec(*command)
        assert await process.wait() == 0
    refused = await asyncio.create_subprocess_exec(
        echoscu, "-aet", "STRANGER", "127.0.0.1", str(node.port),
        stderr=asyncio.subprocess.DEVNULL,
    )  # fmt: skip
    assert await refused.wait() != 0


async def test_who_called_is_known_to_who_sets_devices_up(node: Node) -> None:
    for title in ("TOWNSHIP1", "STRANGER"):
        entity = AE(ae_title=title)
        entity.add_requested_context(VERIFICATION)
        association = await asyncio.to_thread(entity.associate, "127.0.0.1", node.port)
        if association.is_established:
            assert (await asyncio.to_thread(association.send_c_echo)).Status == SUCCESS
            await asyncio.to_thread(association.release)
    async with asyncio.timeout(10):
        while not await _heard(node) or not await node.services.devices.strangers():  # noqa: ASYNC110 -- the node tells nobody
            await asyncio.sleep(0.05)
    assert await _heard(node) == ["TOWNSHIP1"]
    (stranger,) = await node.services.devices.strangers()
    assert (stranger.ae_title, stranger.address) == ("STRANGER", "127.0.0.1")


async def _heard(node: Node) -> list[str]:
    devices = await node.services.devices.registered("qinghe")
    return [each.ae_title for each in devices if each.last_called_at is not None]
