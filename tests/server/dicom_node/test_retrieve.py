"""C-MOVE and C-GET on the node: who may retrieve, what, and to where."""

import asyncio
import threading
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from pydicom import dcmread
from pydicom.dataset import Dataset
from pydicom.filebase import DicomBytesIO
from pynetdicom import AE, build_role, evt
from pynetdicom.association import Association
from pynetdicom.sop_class import CTImageStorage  # type: ignore[attr-defined]  # made at import

from dicom.dimse.information_models import (
    PATIENT_ROOT_GET,
    PATIENT_ROOT_MOVE,
    PATIENT_STUDY_ONLY_MOVE,
    STUDY_ROOT_GET,
    STUDY_ROOT_MOVE,
)
from server.dicom_node.public import DeviceAddress, NewDevice
from server.identity.institutions import NewInstitution
from server.identity.models import Level
from server.node import dimse_server
from server.services import build_services, running
from tests.dicom.dimse.acceptors import pynetdicom_scp, storescp
from tests.dicom.dimse.senders import run
from tests.dicom.dimse.test_scu import stored_in
from tests.server.dicom_node.test_find import identifier, odd
from tests.server.dicom_node.test_node import Node, audited, echo, ended, send, until_audited
from tests.support.application import settings_for
from tests.support.dicom_files import ct_bytes, ct_series, sample
from tests.support.peers import require_program
from tests.support.ports import free_port

PENDING, CANCELLED = 0xFF00, 0xFE00
EXPLICIT = "1.2.840.10008.1.2.1"


@pytest.fixture
async def node(tmp_path: Path, database_url: str) -> AsyncIterator[Node]:
    settings = settings_for(tmp_path, database_url)
    small = settings.dicom.model_copy(update={"max_retrieved": 8})
    services = build_services(settings.model_copy(update={"dicom": small}), role="node")
    async with running(services):
        institutions = {}
        for code in ("township1", "township2"):
            institutions[code] = await services.institutions.create(
                NewInstitution("qinghe", code, code, code, Level.TOWNSHIP)
            )
            for ae_title, may_query in ((code.upper(), True), (f"{code.upper()}-CT", False)):
                await services.devices.register(
                    NewDevice("qinghe", institutions[code], ae_title, may_query=may_query)
                )
        server = dimse_server(services)
        port = await server.start("127.0.0.1", 0)
        yield Node(services, port, institutions)
        await server.close(1)


async def destination(
    node: Node, port: int, ae_title: str = "ARCHIVE", place: str = "township1", **tls: bool
) -> None:
    """Register a device with an address."""
    address = DeviceAddress("127.0.0.1", port, **tls)
    device = NewDevice("qinghe", node.institutions[place], ae_title, address=address)
    await node.services.devices.register(device)


def data_sets(*files: bytes) -> dict[str, bytes]:
    """Return the data set of each file by SOP instance UID, as it would be sent."""
    found = {}
    for data in files:
        ds = dcmread(DicomBytesIO(data))
        length = ds.file_meta.FileMetaInformationGroupLength
        found[str(ds.SOPInstanceUID)] = data[132 + 12 + length :]
    return found


def uids_of(data: bytes) -> Dataset:
    return dcmread(DicomBytesIO(data), stop_before_pixels=True)


def hang_up(association: Association) -> None:
    """Abort, and wait no longer for an answer that will not come."""
    association.dimse_timeout = 0.5
    association.abort()


Heard = list[tuple[Dataset, Dataset | None]]


def _move(
    port: int,
    wanted: Dataset,
    to: str,
    model: str,
    ae_title: str,
    meanwhile: Callable[[Association, int], None],
) -> Heard:
    entity = AE(ae_title=ae_title)
    entity.add_requested_context(model)
    association = entity.associate("127.0.0.1", port)
    assert association.is_established
    heard: Heard = []
    try:
        for status, found in association.send_c_move(wanted, to, model, priority=1):
            heard.append((status, found))
            meanwhile(association, len(heard))
    finally:
        association.release()
    return heard


async def move(
    node: Node,
    wanted: Dataset,
    to: str = "ARCHIVE",
    model: str = STUDY_ROOT_MOVE,
    ae_title: str = "TOWNSHIP1",
    meanwhile: Callable[[Association, int], None] = lambda *_: None,
) -> Heard:
    """Return each response."""
    return await asyncio.to_thread(_move, node.port, wanted, to, model, ae_title, meanwhile)


def counts(status: Dataset) -> tuple[int | None, ...]:
    """Return remaining, completed, failed and warning."""
    return tuple(
        status.get(f"NumberOf{kind}Suboperations")
        for kind in ("Remaining", "Completed", "Failed", "Warning")
    )


def study_of(data: bytes) -> Dataset:
    return identifier("STUDY", StudyInstanceUID=uids_of(data).StudyInstanceUID)


def any_study() -> Dataset:
    wanted = identifier("STUDY")
    wanted.add(odd("StudyInstanceUID", "UI", "*"))
    return wanted


class Archive:
    """A destination of pynetdicom's, which answers as it is told."""

    def __init__(self, answer: Callable[[int], int] = lambda _: 0) -> None:
        self.answer = answer
        self.requests: list[Any] = []

    def store(self, event: evt.Event) -> int:
        self.requests.append(event.request)
        return self.answer(len(self.requests))

    @contextmanager
    def running(self, *syntaxes: str) -> Iterator[int]:
        entity = AE(ae_title="ARCHIVE")
        entity.add_supported_context(CTImageStorage, list(syntaxes) or [EXPLICIT])
        with pynetdicom_scp(entity, [(evt.EVT_C_STORE, self.store)]) as port:
            yield port


# DCMTK

LEVELS = {
    "STUDY": ["-S", "-k", "StudyInstanceUID={0.StudyInstanceUID}"],
    "SERIES": [
        "-S", "-k", "StudyInstanceUID={0.StudyInstanceUID}",
        "-k", "SeriesInstanceUID={0.SeriesInstanceUID}",
    ],
    "PATIENT": ["-P", "-k", "PatientID={0.PatientID}"],
}  # fmt: skip


@pytest.mark.parametrize("level", LEVELS)
async def test_movescu_moves_each_level_unchanged(node: Node, tmp_path: Path, level: str) -> None:
    program = require_program("movescu")
    folder = tmp_path / "archive"
    folder.mkdir()
    files = ct_series(3)
    assert await send(node, *files) == [0, 0, 0]
    assert await send(node, ct_bytes(PatientID="OTHER")) == [0]
    keys = [each.format(uids_of(files[0])) for each in LEVELS[level]]
    async with storescp(folder, "--bit-preserving", "-aet", "ARCHIVE") as port:
        await destination(node, port)
        code, output = await run(
            program, "-v", *keys, "-k", f"QueryRetrieveLevel={level}", "-aet", "TOWNSHIP1",
            "-aem", "ARCHIVE", "127.0.0.1", str(node.port),
        )  # fmt: skip
    assert code == 0, output
    assert stored_in(folder) == data_sets(*files)


@pytest.mark.parametrize("name", ["JPEG2000.dcm", "CT_small.dcm"])
async def test_getscu_gets_one_image_as_it_is_stored(node: Node, tmp_path: Path, name: str) -> None:
    program = require_program("getscu")
    folder = tmp_path / "got"
    folder.mkdir()
    data = sample(name).read_bytes()
    ds = uids_of(data)
    assert await send(node, data, ct_bytes(SOPInstanceUID="1.2.3")) == [0, 0]
    option = "+xw" if name == "JPEG2000.dcm" else "+x="
    code, output = await run(
        program, "-v", "-S", option, "--bit-preserving", "-aet", "TOWNSHIP1", "-od", folder,
        "-k", "QueryRetrieveLevel=IMAGE", "-k", f"StudyInstanceUID={ds.StudyInstanceUID}",
        "-k", f"SeriesInstanceUID={ds.SeriesInstanceUID}",
        "-k", f"SOPInstanceUID={ds.SOPInstanceUID}", "127.0.0.1", str(node.port),
    )  # fmt: skip
    assert code == 0, output
    assert list(stored_in(folder)) == [ds.SOPInstanceUID]


# What is told


async def test_a_move_tells_how_far_it_is_and_whose_it_is(node: Node) -> None:
    files = ct_series(3)
    await send(node, *files)
    archive = Archive()
    with archive.running() as port:
        await destination(node, port)
        heard = await move(node, study_of(files[0]))
    assert [status.Status for status, _ in heard] == [PENDING, PENDING, 0]
    assert [counts(status) for status, _ in heard] == [
        (2, 1, 0, 0), (1, 2, 0, 0), (None, 3, 0, 0),
    ]  # fmt: skip
    for request in archive.requests:
        assert request.MoveOriginatorApplicationEntityTitle == "TOWNSHIP1"
        assert request.MoveOriginatorMessageID == 1
        assert request.Priority == 1


async def test_a_read_is_audited_once_a_study_and_counted_once_an_association(node: Node) -> None:
    files = ct_series(2)
    await send(node, *files, ae_title="TOWNSHIP1-CT")
    with Archive().running() as port:
        await destination(node, port)
        await move(node, study_of(files[0]))
        await move(node, study_of(files[0]))
    rows = await audited(node, "study.read")
    assert [(row.actor_kind, row.outcome) for row in rows] == [("device", "success")]
    told = [
        (each["retrievals"], each["retrieved"], each["not_retrieved"])
        for each in await ended(node, 3)
    ]
    assert sorted(told) == [(0, 0, 0), (1, 2, 0), (1, 2, 0)]


async def test_a_destination_that_refuses_half_leaves_a_list_of_what_failed(node: Node) -> None:
    files = ct_series(4)
    await send(node, *files)
    archive = Archive(lambda number: 0 if number % 2 else 0xA700)
    bystander: list[int] = []
    with archive.running() as port:
        await destination(node, port)
        heard = await move(
            node, study_of(files[0]), meanwhile=lambda *_: bystander.append(echo(node.port))
        )
    assert set(bystander) == {0}
    detail = (await ended(node, 2))[-1]
    assert (detail["retrieved"], detail["not_retrieved"]) == (2, 2)
    status, failed = heard[-1]
    assert (status.Status, counts(status)) == (0xB000, (None, 2, 2, 0))
    assert failed is not None
    uids = list(data_sets(*files))
    assert list(failed.FailedSOPInstanceUIDList) == [uids[1], uids[3]]


async def test_warnings_are_counted_as_such(node: Node) -> None:
    files = ct_series(2)
    await send(node, *files)
    with Archive(lambda _: 0xB007).running() as port:
        await destination(node, port)
        status, failed = (await move(node, study_of(files[0])))[-1]
    assert (status.Status, counts(status)) == (0xB000, (None, 0, 0, 2))
    assert not failed


async def test_a_cancelled_move_stops_half_way(node: Node) -> None:
    files = ct_series(6)
    await send(node, *files)
    may_go_on = threading.Event()

    def answer(number: int) -> int:
        if number > 2:
            assert may_go_on.wait(20)
        return 0

    def cancel(association: Association, responses: int) -> None:
        if responses == 2:
            association.send_c_cancel(1, None, STUDY_ROOT_MOVE)
            may_go_on.set()

    archive = Archive(answer)
    with archive.running() as port:
        await destination(node, port)
        heard = await move(node, study_of(files[0]), meanwhile=cancel)
    status, _ = heard[-1]
    remaining, completed, failed, _ = counts(status)
    assert (status.Status, failed, completed) == (CANCELLED, 0, len(archive.requests))
    assert remaining
    assert remaining + len(archive.requests) == 6


async def test_a_destination_that_vanishes_half_way_fails_the_rest(node: Node) -> None:
    files = ct_series(5)
    await send(node, *files)
    archive = Archive()

    def store(event: evt.Event) -> int:
        if len(archive.requests) == 2:
            event.assoc.abort()
        return archive.__class__.store(archive, event)

    entity = AE(ae_title="ARCHIVE")
    entity.add_supported_context(CTImageStorage, [EXPLICIT])
    with pynetdicom_scp(entity, [(evt.EVT_C_STORE, store)]) as port:
        await destination(node, port)
        status, failed = (await move(node, study_of(files[0])))[-1]
    assert (status.Status, counts(status)) == (0xB000, (None, 2, 3, 0))
    assert failed is not None
    assert list(failed.FailedSOPInstanceUIDList) == list(data_sets(*files))[2:]


async def test_a_peer_that_vanishes_half_way_stops_the_move_and_is_on_record(node: Node) -> None:
    files = ct_series(6)
    await send(node, *files)
    may_go_on = threading.Event()

    def answer(number: int) -> int:
        if number > 2:
            assert may_go_on.wait(20)
        return 0

    def vanish(association: Association, responses: int) -> None:
        if responses == 2:
            hang_up(association)

    archive = Archive(answer)
    with archive.running() as port:
        await destination(node, port)
        await move(node, study_of(files[0]), meanwhile=vanish)
        detail = (await ended(node, 2))[-1]
        may_go_on.set()
    assert detail["ending"] == "aborted_by_peer"
    assert (detail["retrieved"], detail["not_retrieved"]) == (2, 4)


async def test_a_destination_that_is_not_there_fails_everything(node: Node) -> None:
    files = ct_series(2)
    await send(node, *files)
    await destination(node, free_port())
    ((status, failed),) = await move(node, study_of(files[0]))
    assert (status.Status, counts(status)) == (0xA702, (None, 0, 2, 0))
    assert "cannot be reached" in status.ErrorComment
    assert failed is not None
    assert len(failed.FailedSOPInstanceUIDList) == 2


async def test_what_a_destination_does_not_take_fails_with_a_reason(node: Node) -> None:
    await send(node, ct_bytes())
    with Archive().running("1.2.840.10008.1.2.4.70") as port:
        await destination(node, port)
        status, _ = (await move(node, study_of(ct_bytes())))[-1]
    assert (status.Status, counts(status)) == (0xA702, (None, 0, 1, 0))
    assert "does not take" in status.ErrorComment


async def test_bytes_that_are_gone_are_a_counted_failure(node: Node) -> None:
    files = ct_series(3)
    await send(node, *files)
    archive = Archive()
    with archive.running() as port:
        await destination(node, port)
        for place in [*Path(node.services.spool.scratch_dir).parent.rglob("*")]:
            if place.is_file() and place.stat().st_size > 30_000:
                place.unlink()
        objects = Path(str(node.services.settings.data_dir)) / "objects"
        for place in [*objects.rglob("*")]:
            if place.is_file():
                place.unlink()
        status, _ = (await move(node, study_of(files[0])))[-1]
    assert (status.Status, counts(status)) == (0xA702, (None, 0, 3, 0))


async def test_rotten_bytes_are_a_counted_failure_and_never_arrive(node: Node) -> None:
    good, bad = ct_series(2)
    await send(node, good, bad)
    while await node.services.drain.drain_once():
        pass
    objects = Path(str(node.services.settings.data_dir)) / "objects"
    uid = str(uids_of(bad).SOPInstanceUID).encode()
    for place in objects.rglob("*"):
        if place.is_file() and uid in place.read_bytes():
            place.chmod(0o640)
            place.write_bytes(place.read_bytes()[:-1] + bytes([bad[-1] ^ 1]))
    archive = Archive()
    with archive.running() as port:
        await destination(node, port)
        status, _ = (await move(node, study_of(good)))[-1]
    assert (status.Status, counts(status)) == (0xB000, (None, 1, 1, 0))
    (arrived,) = archive.requests
    assert arrived.AffectedSOPInstanceUID == uids_of(good).SOPInstanceUID


# Who may, what, and to where


async def test_a_device_that_may_only_send_retrieves_nothing(node: Node) -> None:
    await send(node, ct_bytes())
    with Archive().running() as port:
        await destination(node, port)
        heard = await move(node, study_of(ct_bytes()), ae_title="TOWNSHIP1-CT")
    assert [status.Status for status, _ in heard] == [0x0124]
    assert await audited(node, "study.read") == []
    assert (await ended(node, 2))[-1]["refused"] == {"C_MOVE_RQ 0124": 1}


async def test_a_destination_without_an_address_or_a_registration_is_unknown(node: Node) -> None:
    await send(node, ct_bytes())
    for ae_title in ("TOWNSHIP2", "NOBODY"):
        ((status, _),) = await move(node, study_of(ct_bytes()), to=ae_title)
        assert status.Status == 0xA801
    assert await audited(node, "study.read") == []


async def test_a_title_of_several_devices_is_the_one_of_the_same_institution(node: Node) -> None:
    await send(node, ct_bytes())
    archive = Archive()
    with archive.running() as port:
        for network in ("10.0.0.0/8", "11.0.0.0/8"):
            await node.services.devices.register(
                NewDevice(
                    "qinghe", node.institutions["township2"], "ARCHIVE", (network,),
                    address=DeviceAddress("127.0.0.1", 1),
                )
            )  # fmt: skip
        ((status, _),) = await move(node, study_of(ct_bytes()))
        assert status.Status == 0xA801
        await destination(node, port)
        ((status, _),) = await move(node, study_of(ct_bytes()))
        assert status.Status == 0


async def test_another_institution_s_study_is_not_found_and_asking_is_on_record(node: Node) -> None:
    await send(node, ct_bytes(), ae_title="TOWNSHIP2")
    archive = Archive()
    with archive.running() as port:
        await destination(node, port)
        ((status, _),) = await move(node, study_of(ct_bytes()))
    assert (status.Status, counts(status), archive.requests) == (0, (None, 0, 0, 0), [])
    (row,) = await audited(node, "study.read")
    assert (row.outcome, row.institution_id) == ("refused", node.institutions["township1"])


async def test_a_study_is_not_sent_to_who_may_not_see_it(node: Node) -> None:
    await send(node, ct_bytes())
    archive = Archive()
    with archive.running() as port:
        await destination(node, port, place="township2")
        ((status, failed),) = await move(node, study_of(ct_bytes()))
    assert (status.Status, counts(status), archive.requests) == (0xA702, (None, 0, 1, 0), [])
    assert "not to be sent" in status.ErrorComment
    assert failed is not None
    assert await audited(node, "study.read") == []


@pytest.mark.parametrize(
    ("wanted", "model"),
    [
        (identifier("STUDY", StudyInstanceUID=""), STUDY_ROOT_MOVE),
        (any_study(), STUDY_ROOT_MOVE),
        (identifier("STUDY", PatientID="1CT1"), STUDY_ROOT_MOVE),
        (identifier("PATIENT", PatientID="*"), STUDY_ROOT_MOVE),
        (identifier("PATIENT", PatientID="*"), PATIENT_ROOT_MOVE),
        (identifier("PATIENT", PatientID=""), PATIENT_ROOT_MOVE),
        (identifier("SERIES", SeriesInstanceUID="1.2.3"), PATIENT_STUDY_ONLY_MOVE),
        (identifier("", StudyInstanceUID="1.2.3"), STUDY_ROOT_MOVE),
    ],
)
async def test_an_identifier_that_names_nothing_is_refused(
    node: Node, wanted: Dataset, model: str
) -> None:
    await send(node, ct_bytes())
    await destination(node, 1)
    ((status, _),) = await move(node, wanted, model=model)
    assert status.Status == 0xA900


async def test_a_retrieval_of_too_much_is_refused(node: Node) -> None:
    files = ct_series(9)
    await send(node, *files)
    await destination(node, 1)
    ((status, _),) = await move(node, study_of(files[0]))
    assert status.Status == 0xA701


# C-GET


def _get(
    port: int, wanted: Dataset, model: str, answer: Callable[[Association, int], int]
) -> tuple[Heard, int]:
    entity = AE(ae_title="TOWNSHIP1")
    entity.add_requested_context(model)
    entity.add_requested_context(CTImageStorage)
    received = 0

    def store(event: evt.Event) -> int:
        nonlocal received
        received += 1
        return answer(event.assoc, received)

    association = entity.associate(
        "127.0.0.1", port, ext_neg=[build_role(CTImageStorage, scp_role=True)],
        evt_handlers=[(evt.EVT_C_STORE, store)],
    )  # fmt: skip
    assert association.is_established
    try:
        return list(association.send_c_get(wanted, model)), received
    finally:
        association.release()


async def get(
    node: Node,
    wanted: Dataset,
    model: str = STUDY_ROOT_GET,
    answer: Callable[[Association, int], int] = lambda *_: 0,
) -> tuple[Heard, int]:
    return await asyncio.to_thread(_get, node.port, wanted, model, answer)


async def test_pynetdicom_gets_a_patient_on_its_own_association(node: Node) -> None:
    await send(node, *ct_series(3))
    wanted = identifier("PATIENT", PatientID="1CT1")
    heard, received = await get(node, wanted, PATIENT_ROOT_GET)
    assert [status.Status for status, _ in heard] == [PENDING, PENDING, 0]
    assert (counts(heard[-1][0]), received) == ((None, 3, 0, 0), 3)


async def test_a_peer_that_refuses_half_of_what_it_gets_hears_which(node: Node) -> None:
    files = ct_series(4)
    await send(node, *files)
    heard, _ = await get(
        node, study_of(files[0]), answer=lambda _, number: 0 if number % 2 else 0xC000
    )
    status, failed = heard[-1]
    assert (status.Status, counts(status)) == (0xB000, (None, 2, 2, 0))
    assert failed is not None
    assert len(failed.FailedSOPInstanceUIDList) == 2


async def test_a_cancelled_get_stops_half_way(node: Node) -> None:
    files = ct_series(6)
    await send(node, *files)

    def cancel(association: Association, number: int) -> int:
        if number == 2:
            association.send_c_cancel(1, None, STUDY_ROOT_GET)
        return 0

    heard, received = await get(node, study_of(files[0]), answer=cancel)
    status, _ = heard[-1]
    remaining, completed, _, _ = counts(status)
    assert (status.Status, completed) == (CANCELLED, received)
    assert remaining
    assert remaining + received == 6


async def test_what_no_context_fits_fails_with_a_reason(node: Node) -> None:
    data = sample("MR_small.dcm").read_bytes()
    await send(node, data)
    heard, received = await get(node, study_of(data))
    status, _ = heard[-1]
    assert (status.Status, counts(status), received) == (0xA702, (None, 0, 1, 0), 0)
    assert "no context" in status.ErrorComment


async def test_a_peer_that_vanishes_while_it_gets_is_on_record(node: Node) -> None:
    files = ct_series(4)
    await send(node, *files, ae_title="TOWNSHIP1-CT")

    def vanish(association: Association, number: int) -> int:
        if number == 2:
            hang_up(association)
        return 0

    await get(node, study_of(files[0]), answer=vanish)
    detail = (await ended(node, 2))[-1]
    assert (await until_audited(node, "study.read")).outcome == "success"
    assert (detail["ending"], detail["retrieved"]) == ("aborted_by_peer", 1)
    assert detail["not_retrieved"] == 3
