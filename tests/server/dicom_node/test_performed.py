"""MPPS: what devices say they perform, which of it is believed, and what it completes."""

import asyncio
import gzip
import itertools
import threading
from collections.abc import AsyncIterator, Callable, Sequence
from datetime import date, time
from pathlib import Path
from typing import Any

import orjson
import pytest
from pydicom import dcmread
from pydicom.config import IGNORE
from pydicom.dataelem import DataElement
from pydicom.dataset import Dataset
from pydicom.filebase import DicomBytesIO
from pydicom.tag import Tag
from pydicom.uid import generate_uid
from pynetdicom import AE, evt
from pynetdicom.association import Association
from sqlalchemy import Engine, select
from sqlalchemy.event import listen, remove

from server.core.errors import Unavailable
from server.dicom_node.public import DeviceCharset, NewDevice
from server.identity.institutions import NewInstitution
from server.identity.models import Level
from server.identity.public import Actor, ActorKind
from server.node import dimse_server
from server.realtime.models import Event
from server.scheduling import performed
from server.scheduling.completeness import ended_studies
from server.scheduling.models import (
    PERFORMED_TRANSITIONS,
    PerformedEvent,
    PerformedStatus,
    PerformedStep,
    PerformedStudy,
    ScheduledExam,
)
from server.scheduling.schemas import ScheduledExamIn, ScheduledExamOut, ScheduledPatientIn
from server.scheduling.service import SchedulingService
from server.services import build_services, running
from server.studies.models import Study
from tests.dicom.dimse.node import WAIT_S
from tests.server.dicom_node.test_node import Node, audited, send
from tests.support.application import settings_for
from tests.support.dicom_files import ct_bytes, ct_series

MPPS = "1.2.840.10008.3.1.2.3.3"
RETRIEVE = "1.2.840.10008.3.1.2.3.4"
CT = "1.2.840.10008.5.1.4.1.1.2"


@pytest.fixture
async def node(tmp_path: Path, database_url: str) -> AsyncIterator[Node]:
    services = build_services(settings_for(tmp_path, database_url), role="node")
    async with running(services):
        institutions = {}
        for code in ("township1", "township2"):
            institutions[code] = await services.institutions.create(
                NewInstitution("qinghe", code, code, code, Level.TOWNSHIP)
            )
            await services.devices.register(NewDevice("qinghe", institutions[code], code.upper()))
        await services.devices.register(
            NewDevice("qinghe", institutions["township1"], "OLD", charset=DeviceCharset.ASCII)
        )
        server = dimse_server(services)
        port = await server.start("127.0.0.1", 0)
        yield Node(services, port, institutions)
        await server.close(1)


def begun(study_uid: str = "1.2.1", **changes: object) -> Dataset:
    """Return what a device says when it begins."""
    ds = Dataset()
    item = Dataset()
    item.add(DataElement("StudyInstanceUID", "UI", study_uid, validation_mode=IGNORE))
    item.AccessionNumber = item.ScheduledProcedureStepID = item.RequestedProcedureID = ""
    ds.ScheduledStepAttributesSequence = [item]
    ds.PatientName, ds.PatientID = "ZHANG^SAN", "P1"
    ds.PerformedProcedureStepID, ds.PerformedStationAETitle = "PPS1", "TOWNSHIP1"
    ds.PerformedProcedureStepStartDate, ds.PerformedProcedureStepStartTime = "20261126", "093000"
    ds.PerformedProcedureStepStatus, ds.Modality = "IN PROGRESS", "CT"
    ds.PerformedSeriesSequence = []
    for keyword, value in changes.items():
        if value is None:
            delattr(ds, keyword)
        else:
            setattr(ds, keyword, value)
    return ds


def made(*files: bytes, more: int = 0) -> Dataset:
    """Return the series that some files are, and some objects more."""
    series = Dataset()
    series.SeriesInstanceUID = "1.2.3"
    series.ReferencedImageSequence = []
    for data in files:
        ds = dcmread(DicomBytesIO(data), stop_before_pixels=True)
        series.SeriesInstanceUID = ds.SeriesInstanceUID
        series.ReferencedImageSequence.append(reference(str(ds.SOPInstanceUID)))
    series.ReferencedImageSequence += [reference(generate_uid()) for _ in range(more)]
    return series


def named(number: int) -> Dataset:
    series = Dataset()
    series.SeriesInstanceUID = f"1.2.{number + 1}"
    return series


def reference(uid: str) -> Dataset:
    item = Dataset()
    item.ReferencedSOPClassUID, item.ReferencedSOPInstanceUID = CT, uid
    return item


def saying(**values: object) -> Dataset:
    ds = Dataset()
    for keyword, value in values.items():
        setattr(ds, keyword, value)
    return ds


def ended(status: str, *series: Dataset, **changes: object) -> Dataset:
    """Return what a device says at the end."""
    ds = Dataset()
    ds.PerformedProcedureStepStatus = status
    ds.PerformedProcedureStepEndDate, ds.PerformedProcedureStepEndTime = "20261126", "094500"
    ds.PerformedSeriesSequence = list(series)
    for keyword, value in changes.items():
        if value is None:
            delattr(ds, keyword)
        else:
            setattr(ds, keyword, value)
    return ds


Ask = Callable[[Association], Any]


def _said(port: int, ae_title: str, asks: Sequence[Ask]) -> list[Dataset]:
    responses: list[Dataset] = []
    ae = AE(ae_title=ae_title)
    for uid in (MPPS, RETRIEVE):
        ae.add_requested_context(uid)
    handlers: list[Any] = [(evt.EVT_DIMSE_RECV, lambda e: responses.append(e.message.command_set))]
    association = ae.associate("127.0.0.1", port, evt_handlers=handlers)
    assert association.is_established
    try:
        for each in asks:
            each(association)
    finally:
        association.release()
    return responses


async def say(node: Node, *asks: Ask, ae_title: str = "TOWNSHIP1") -> list[int]:
    """Return the status of each request."""
    responses = await asyncio.to_thread(_said, node.port, ae_title, asks)
    return [each.Status for each in responses]


def create(ds: Dataset, uid: str | None = "1.2.9") -> Ask:
    return lambda association: association.send_n_create(ds, MPPS, uid)


def change(ds: Dataset, uid: str = "1.2.9") -> Ask:
    return lambda association: association.send_n_set(ds, MPPS, uid)


async def steps(node: Node) -> Sequence[PerformedStep]:
    async with node.services.database.reading() as session:
        return (await session.scalars(select(PerformedStep))).all()


async def complete(node: Node) -> set[str]:
    """Return the UIDs of the studies that are complete by their steps."""
    async with node.services.database.reading() as session:
        studies = {
            each.id: each.study_instance_uid for each in await session.scalars(select(Study))
        }
        return {studies[each] for each in await ended_studies(session, studies)}


async def events(node: Node) -> list[tuple[str | None, str]]:
    async with node.services.database.reading() as session:
        found = await session.scalars(
            select(Event).where(Event.topic == "study.performed").order_by(Event.id)
        )
        return [(each.study_id, each.payload["status"]) for each in found]


def uid_of(data: bytes) -> str:
    return str(dcmread(DicomBytesIO(data), stop_before_pixels=True).StudyInstanceUID)


@pytest.mark.parametrize(
    ("status", "event"), list(itertools.product(PerformedStatus, PerformedEvent)), ids=str
)
def test_a_step_changes_while_it_is_in_progress_and_never_after(
    status: PerformedStatus, event: PerformedEvent
) -> None:
    expected = {
        PerformedEvent.CHANGE: PerformedStatus.IN_PROGRESS,
        PerformedEvent.COMPLETE: PerformedStatus.COMPLETED,
        PerformedEvent.DISCONTINUE: PerformedStatus.DISCONTINUED,
    }
    in_progress = status is PerformedStatus.IN_PROGRESS
    assert PERFORMED_TRANSITIONS.get((status, event)) is (expected[event] if in_progress else None)


async def test_a_step_that_completes_completes_its_study_at_once(node: Node) -> None:
    files = ct_series(2)
    study = uid_of(files[0])
    assert await say(node, create(begun(study))) == [0]
    await send(node, *files)
    assert await complete(node) == set()
    assert await say(node, change(ended("COMPLETED", made(*files)))) == [0]
    assert await complete(node) == {study}
    (step,) = await steps(node)
    assert (step.status, step.institution_id) == ("COMPLETED", node.institutions["township1"])
    assert step.ended_at is not None
    assert [status for _, status in await events(node)] == ["COMPLETED"]
    (created,), (completed,) = [
        await audited(node, f"step.{each}") for each in ("create", "complete")
    ]
    assert orjson.loads(created.detail) == {"exams": [], "studies": []}
    assert orjson.loads(completed.detail)["series"] == 1
    assert len(orjson.loads(completed.detail)["studies"]) == 1
    assert created.object_id == completed.object_id == step.id


async def test_a_study_is_not_complete_before_all_that_was_made_is_here(node: Node) -> None:
    files = ct_series(3)
    study = uid_of(files[0])
    await send(node, *files[:2])
    done = ended("COMPLETED", made(*files), made(more=1))
    assert await say(node, create(begun(study)), change(done)) == [0, 0]
    assert await complete(node) == set()
    await send(node, files[2])
    assert await complete(node) == set(), "a listed series is missing altogether"
    other = ct_series(1)
    await send(node, *other)
    assert await say(
        node, create(begun(uid_of(other[0])), "1.2.10"),
        change(ended("COMPLETED", made(*other)), "1.2.10"),
    ) == [0, 0]  # fmt: skip
    assert await complete(node) == {uid_of(other[0])}


async def test_a_step_that_is_broken_off_ends_with_what_is_here(node: Node) -> None:
    files = ct_series(2)
    await send(node, files[0])
    stopped = ended("DISCONTINUED", made(*files))
    assert await say(node, create(begun(uid_of(files[0]))), change(stopped)) == [0, 0]
    assert await complete(node) == {uid_of(files[0])}
    assert len(await audited(node, "step.discontinue")) == 1


async def test_while_one_of_two_steps_goes_on_the_study_is_not_complete(node: Node) -> None:
    files = ct_series(1)
    study = uid_of(files[0])
    await send(node, *files)
    done = ended("COMPLETED", made(*files))
    assert await say(
        node, create(begun(study)), create(begun(study), "1.2.10"), change(done)
    ) == [0, 0, 0]  # fmt: skip
    assert await complete(node) == set()
    assert await say(node, change(ended("DISCONTINUED"), "1.2.10")) == [0]
    assert await complete(node) == {study}


async def scheduled(node: Node) -> ScheduledExamOut:
    """Schedule an examination of one patient at the first township."""
    services = node.services
    person = Actor(
        kind=ActorKind.PERSON, id="p", org="qinghe", institution_id=node.institutions["township1"],
        roles=frozenset(), source="test",
    )  # fmt: skip
    scheduling = SchedulingService(
        database=services.database, audit=services.audit, clock=services.clock, ids=services.ids
    )
    return await scheduling.schedule(
        person,
        ScheduledExamIn(
            patient=ScheduledPatientIn(name="张三", patient_id="P1"), modality="CT",
            description="胸部", start_date=date(2026, 11, 26), start_time=time(9),
        ),
    )  # fmt: skip


def scheduled_as(study_uid: str, accession_number: str = "", step_id: str = "") -> Dataset:
    item = Dataset()
    item.StudyInstanceUID, item.AccessionNumber = study_uid, accession_number
    item.ScheduledProcedureStepID = step_id
    return item


async def test_a_step_of_our_worklist_is_linked_to_its_examination(node: Node) -> None:
    exam = await scheduled(node)
    # The device makes a study UID of its own, and repeats the accession number.
    item = scheduled_as("1.2.77", exam.accession_number)
    files = [ct_bytes(StudyInstanceUID="1.2.77", AccessionNumber=exam.accession_number,
                      PatientID="P1")]  # fmt: skip
    assert await say(node, create(begun(ScheduledStepAttributesSequence=[item]))) == [0]
    await send(node, *files)
    assert await say(node, change(ended("COMPLETED", made(*files)))) == [0]
    async with node.services.database.reading() as session:
        linked = (await session.scalars(select(PerformedStudy))).one()
    assert (linked.study_instance_uid, linked.exam_id) == ("1.2.77", exam.id)
    (created,) = await audited(node, "step.create")
    assert orjson.loads(created.detail)["exams"] == [exam.id]
    assert await complete(node) == {"1.2.77"}


async def test_a_step_of_several_examinations_is_linked_to_each_by_one_query(node: Node) -> None:
    exams = [await scheduled(node) for _ in range(3)]
    async with node.services.database.reading() as session:
        step_id = await session.scalar(
            select(ScheduledExam.step_id).where(ScheduledExam.id == exams[1].id)
        )
    assert step_id
    ds = begun(
        ScheduledStepAttributesSequence=[
            scheduled_as(exams[0].study_instance_uid, exams[1].accession_number),
            scheduled_as("1.2.71", step_id=step_id),
            scheduled_as("1.2.72", exams[2].accession_number),
            scheduled_as("1.2.73"),
        ]
    )
    asked: list[str] = []
    listen(Engine, "before_cursor_execute", hear := lambda *said: asked.append(said[2]))
    try:
        assert await say(node, create(ds)) == [0]
    finally:
        remove(Engine, "before_cursor_execute", hear)
    async with node.services.database.reading() as session:
        linked = await session.scalars(select(PerformedStudy))
        found = {each.study_instance_uid: each.exam_id for each in linked}
    assert found == {
        exams[0].study_instance_uid: exams[0].id, "1.2.71": exams[1].id, "1.2.72": exams[2].id,
        "1.2.73": None,
    }  # fmt: skip
    assert len([each for each in asked if "accession_number IN" in each]) == 1
    assert not [each for each in asked if "accession_number = " in each]


async def test_another_institution_s_step_is_not_there_and_completes_nothing(node: Node) -> None:
    files = ct_series(1)
    study = uid_of(files[0])
    await send(node, *files)
    assert await say(node, create(begun(study)), ae_title="TOWNSHIP2") == [0]
    done = ended("COMPLETED", made(*files))
    assert await say(node, change(done)) == [0x0112]
    assert [each.outcome for each in await audited(node, "step.change")] == ["refused"]
    assert await say(node, change(done), ae_title="TOWNSHIP2") == [0]
    assert await complete(node) == set()
    assert await events(node) == []
    assert await say(node, lambda a: a.send_n_get([], MPPS, "1.2.9", meta_uid=RETRIEVE)) == [0x0112]


@pytest.mark.parametrize(
    ("ds", "status"),
    [
        (begun(PerformedProcedureStepID=None), 0x0120),
        (begun(ScheduledStepAttributesSequence=None), 0x0120),
        (begun(ScheduledStepAttributesSequence=[]), 0x0121),
        (begun(Modality=""), 0x0121),
        (begun(PerformedProcedureStepStatus="COMPLETED"), 0x0106),
        (begun(PerformedProcedureStepStatus="BUSY"), 0x0106),
        (begun("not-a-uid"), 0x0106),
        (begun(PerformedSeriesSequence=[Dataset()]), 0x0106),
        (begun(PerformedSeriesSequence=[named(each) for each in range(1001)]), 0x0213),
        (
            begun(ScheduledStepAttributesSequence=[scheduled_as("1.2.1")] * 101),
            0x0213,
        ),
    ],
    ids=[
        "no ID", "no study", "empty study", "no modality", "completed", "busy", "bad UID",
        "bad series", "too many series", "too many examinations",
    ],
)  # fmt: skip
async def test_a_step_that_may_not_begin_so_is_refused(
    node: Node, ds: Dataset, status: int
) -> None:
    assert await say(node, create(ds)) == [status]
    assert not await steps(node)


@pytest.mark.parametrize(
    ("ds", "status"),
    [
        (ended("COMPLETED"), 0x0121),
        (ended("COMPLETED", made(more=1), PerformedProcedureStepEndDate=None), 0x0120),
        (ended("DONE", made(more=1)), 0x0106),
        (ended("COMPLETED", made(more=1), PatientID="P2"), 0x0106),
        (ended("COMPLETED", made(more=1), PatientID="P1"), 0),
    ],
    ids=["no series", "no end", "no status", "other patient", "same patient"],
)
async def test_a_change_that_is_not_allowed_changes_nothing(
    node: Node, ds: Dataset, status: int
) -> None:
    assert await say(node, create(begun()), change(ds)) == [0, status]
    (step,) = await steps(node)
    assert step.status == ("COMPLETED" if status == 0 else "IN PROGRESS")


async def test_a_step_that_ended_is_changed_no_more(node: Node) -> None:
    responses = await asyncio.to_thread(
        _said, node.port, "TOWNSHIP1",
        [create(begun()), change(ended("DISCONTINUED")), change(ended("COMPLETED", made(more=1)))],
    )  # fmt: skip
    last = responses[-1]
    assert (last.Status, last.ErrorID) == (0x0110, 0xA710)
    assert last.ErrorComment == "Performed Procedure Step Object may no longer be updated"
    assert (await steps(node))[0].status == "DISCONTINUED"


async def test_a_step_is_created_once_and_named_by_us_where_its_device_does_not(
    node: Node,
) -> None:
    assert await say(node, create(begun()), create(begun())) == [0, 0x0111]
    responses = await asyncio.to_thread(_said, node.port, "TOWNSHIP1", [create(begun(), None)])
    assert responses[0].AffectedSOPInstanceUID in {
        each.sop_instance_uid for each in await steps(node)
    }
    assert await say(node, change(begun(), "1.2.404")) == [0x0112]


def _read(port: int, ae_title: str, *keywords: int) -> Dataset:
    ae = AE(ae_title=ae_title)
    ae.add_requested_context(RETRIEVE)
    association = ae.associate("127.0.0.1", port)
    try:
        status, found = association.send_n_get(
            [Tag(each) for each in keywords], MPPS, "1.2.9", meta_uid=RETRIEVE
        )
        assert status.Status == 0
        assert found is not None
        return found
    finally:
        association.release()


async def test_what_was_said_is_read_again_in_letters_the_device_can_show(node: Node) -> None:
    ds = begun()
    ds.SpecificCharacterSet = "GB18030"
    ds.PatientName = "ZHANG^SAN=张^三"
    ds.PerformedProcedureStepDescription = "胸部平扫"
    assert await say(node, create(ds)) == [0]
    found = await asyncio.to_thread(_read, node.port, "TOWNSHIP1")
    assert str(found.PatientName) == "ZHANG^SAN=张^三"
    assert found.PerformedProcedureStepDescription == "胸部平扫"
    assert found.ScheduledStepAttributesSequence[0].StudyInstanceUID == "1.2.1"
    some = await asyncio.to_thread(_read, node.port, "OLD", 0x00100010, 0x00400252)
    assert [each.keyword for each in some] == ["PatientName", "PerformedProcedureStepStatus"]
    assert str(some.PatientName) == "ZHANG^SAN"


async def test_each_of_several_values_is_told_in_letters_the_device_can_show(node: Node) -> None:
    ds = begun()
    ds.SpecificCharacterSet = "GB18030"
    ds.NamesOfIntendedRecipientsOfResults = ["LI^SI=李^四", "Wang^Wu", "赵六"]
    ds.OtherPatientIDs = ["一", "B"]
    assert await say(node, create(ds)) == [0]
    found = await asyncio.to_thread(_read, node.port, "OLD")
    assert "SpecificCharacterSet" not in found
    assert list(map(str, found.NamesOfIntendedRecipientsOfResults)) == [
        "LI^SI", "Wang^Wu", "ZHAO^LIU",
    ]  # fmt: skip
    assert list(found.OtherPatientIDs) == ["YI", "B"]


async def test_a_long_step_is_packed_and_read_beside_the_loop(
    node: Node, monkeypatch: pytest.MonkeyPatch
) -> None:
    threads: dict[str, set[int]] = {}

    def watched(name: str, work: Callable[..., Any]) -> Callable[..., Any]:
        def call(*arguments: Any) -> Any:
            threads.setdefault(name, set()).add(threading.get_ident())
            return work(*arguments)

        return call

    for place, name in ((gzip, "compress"), (gzip, "decompress"), (Dataset, "from_json")):
        monkeypatch.setattr(place, name, watched(name, getattr(place, name)))
    assert await say(node, create(begun()), change(ended("COMPLETED", made(more=2)))) == [0, 0]
    await asyncio.to_thread(_read, node.port, "TOWNSHIP1")
    assert threads.keys() == {"compress", "decompress", "from_json"}
    assert threading.get_ident() not in set().union(*threads.values())


async def test_a_step_does_not_grow_past_its_bound(
    node: Node, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("server.scheduling.step_attributes._MOST_BYTES", 3000)
    responses = await asyncio.to_thread(
        _said, node.port, "TOWNSHIP1",
        [
            create(begun()),
            change(saying(CommentsOnThePerformedProcedureStep="x" * 1000)),
            change(saying(PerformedSeriesSequence=[made(more=20)])),
            create(begun(PerformedSeriesSequence=[made(more=20)]), "1.2.10"),
            change(ended("COMPLETED", made(more=1))),
        ],
    )  # fmt: skip
    assert [each.Status for each in responses] == [0, 0, 0x0213, 0x0213, 0]
    assert responses[2].ErrorComment == "too large, use several steps"
    found = await asyncio.to_thread(_read, node.port, "TOWNSHIP1")
    assert len(found.PerformedSeriesSequence[0].ReferencedImageSequence) == 1
    assert found.CommentsOnThePerformedProcedureStep == "x" * 1000


async def test_of_two_changes_at_one_time_both_count(
    node: Node, monkeypatch: pytest.MonkeyPatch
) -> None:
    merged, began, may_go_on = performed._merged, threading.Event(), threading.Event()

    def slowly(*arguments: Any) -> Any:
        said = merged(*arguments)
        if not began.is_set():
            began.set()
            assert may_go_on.wait(WAIT_S)
        return said

    monkeypatch.setattr(performed, "_merged", slowly)
    assert await say(node, create(begun())) == [0]
    first = asyncio.ensure_future(say(node, change(saying(PerformedProcedureTypeDescription="CT"))))
    assert await asyncio.to_thread(began.wait, WAIT_S)
    assert await say(node, change(saying(PerformedProcedureStepDescription="thorax"))) == [0]
    may_go_on.set()
    assert await first == [0]
    found = await asyncio.to_thread(_read, node.port, "TOWNSHIP1")
    assert found.PerformedProcedureStepDescription == "thorax"
    assert found.PerformedProcedureTypeDescription == "CT"


@pytest.mark.fault
async def test_while_the_database_is_down_a_device_hears_to_come_back(
    node: Node, monkeypatch: pytest.MonkeyPatch
) -> None:
    def down() -> None:
        raise Unavailable("down")

    monkeypatch.setattr(node.services.database, "unit_of_work", down)
    assert await say(node, create(begun())) == [0x0213]
