"""The list: its order, its pages, its views, and what may be found in it."""

from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

import pytest
from sqlalchemy import update

from dicom.web.dicom_json import to_json
from server.audit.public import AuditTrail
from server.core.errors import InvalidInput
from server.core.ids import RandomIds
from server.ecg_records.models import RecordSeverity
from server.identity.public import Actor, ActorKind
from server.requests.listing import Sought, View, decode_place
from server.requests.models import RequestEvent, RequestKind, ReturnReason, Risk
from server.requests.schemas import ReportRef, RequestPatch
from server.scheduling.public import PerformedSteps
from server.studies.models import Study
from tests.server.dicom_node.test_performed import begun, ended, made
from tests.server.requests.conftest import (
    READER,
    SECOND_READER,
    STRANGER,
    TECHNICIAN,
    Room,
)
from tests.support.dicom_files import ct_bytes, ct_series, ecg_bytes
from tests.support.senders import COUNTY, ORG, OTHER_TOWNSHIP, TOWNSHIP


async def test_the_most_urgent_is_first_and_then_what_is_due_first(room: Room) -> None:
    late = await room.request()
    room.clock.advance(60)
    ct, red, orange, unclear, emergency = [
        await room.request(ct_bytes() if number == 0 else ecg_bytes()) for number in range(5)
    ]
    await room.screened(red, RecordSeverity.RED)
    await room.screened(orange, RecordSeverity.ORANGE)
    await room.screened(unclear, RecordSeverity.UNINTERPRETABLE)
    await room.service.update(TECHNICIAN, emergency, RequestPatch(emergency=True))
    # The emergency is due before the orange, and the township's word stands beside the machine's.
    assert await room.ids() == [red, emergency, orange, unclear, late, ct]
    counts = (await room.page()).counts
    assert counts.model_dump() == {"red": 1, "orange": 1, "uninterpretable": 1, "routine": 3}


@pytest.mark.parametrize("limit", [1, 2, 3, 7])
async def test_pages_neither_skip_nor_repeat(room: Room, limit: int) -> None:
    severities = [None, RecordSeverity.RED, RecordSeverity.ORANGE, RecordSeverity.RED]
    for number in range(7):
        id_ = await room.request()
        if (severity := severities[number % 4]) is not None:
            await room.screened(id_, severity)
        if number % 3 == 0:
            room.clock.advance(60)
    wanted = [
        request.id
        for request in sorted(
            await room.requests(), key=lambda each: (each.priority, each.due_at, each.id)
        )
    ]
    assert await room.ids() == wanted
    seen: list[str] = []
    after = None
    while True:
        page = await room.worklist.page(READER, Sought(), limit=limit, after=after)
        assert len(page.items) <= limit
        assert sum(page.counts.model_dump().values()) == 7
        seen += [item.id for item in page.items]
        if page.next is None:
            break
        after = decode_place(page.next)
    assert seen == wanted


@pytest.mark.parametrize("limit", [1, 2, 5])
async def test_what_is_closed_comes_the_newest_first(room: Room, limit: int) -> None:
    ids = [await room.request() for _ in range(5)]
    for number, id_ in enumerate(ids):
        ref = await room.service.of(READER, id_)
        async with room.database.unit_of_work() as uow:
            await room.service.advance(uow, ref, RequestEvent.CANCEL, TECHNICIAN)
            await uow.commit()
        if number % 2:
            room.clock.advance(60)
    closed = sorted(await room.requests(), key=lambda each: (each.closed_at, each.id), reverse=True)
    seen: list[str] = []
    after = None
    while True:
        sought = Sought(view=View.DONE)
        page = await room.worklist.page(READER, sought, limit=limit, after=after)
        seen += [item.id for item in page.items]
        if page.next is None:
            break
        after = decode_place(page.next)
    assert seen == [each.id for each in closed]
    assert await room.ids() == []


@pytest.mark.parametrize(
    "word",
    [
        "x",
        "w6Q=",
        "MSAyIDM=",
        "0" * 900,
        # A rank there is none of, a time of no zone, a time before all time.
        "OSAyMDI2LTExLTIxVDAwOjAwOjAwKzAwOjAwIGFi",
        "MSAyMDI2LTExLTIxVDAwOjAwOjAwIGFi",
        "MSAwMDAxLTAxLTAxVDAwOjAwOjAwKzE0OjAwIGFi",
    ],
)
def test_a_cursor_that_is_not_ours_is_refused(word: str) -> None:
    with pytest.raises(InvalidInput) as error:
        decode_place(word)
    assert error.value.code == "bad-cursor"


async def test_each_view_shows_what_its_name_says(room: Room) -> None:
    waiting, mine, another_s, returned, reviewed = [await room.request() for _ in range(5)]
    for reader, id_ in (
        (READER, mine), (SECOND_READER, another_s), (READER, returned), (READER, reviewed),
    ):  # fmt: skip
        await room.service.claim(reader, id_)
    await room.service.send_back(READER, returned, ReturnReason.POOR_QUALITY, None)
    room.reports.known = {
        reviewed: ReportRef(id="r1", status="preliminary"),
        another_s: ReportRef(id="r2", status="registered"),
    }
    assert await room.ids() == [waiting, mine, another_s, reviewed]
    assert await room.ids(view=View.MINE) == [mine, reviewed]
    assert await room.ids(SECOND_READER, view=View.MINE) == [another_s]
    assert await room.ids(view=View.REVIEW) == [reviewed]
    assert await room.ids(view=View.RETURNED) == [returned]
    assert await room.ids(TECHNICIAN, view=View.RETURNED) == [returned]
    assert await room.ids(view=View.DONE) == []
    shown = {item.id: item for item in (await room.page()).items}
    assert shown[reviewed].report == ReportRef(id="r1", status="preliminary")
    assert shown[waiting].report is None
    assert (shown[mine].claimed_by or READER).id == READER.id
    assert shown[waiting].claimed_by is None


async def test_the_county_sees_all_its_townships_and_a_township_its_own(room: Room) -> None:
    first = await room.request()
    await room.receive(ecg_bytes(), OTHER_TOWNSHIP)
    (second,) = [each.id for each in await room.requests() if each.id != first]
    assert await room.ids() == [first, second]
    assert await room.ids(TECHNICIAN) == [first]
    assert await room.ids(STRANGER) == [second]
    assert await room.ids(institution_id=OTHER_TOWNSHIP) == [second]
    assert await room.ids(institution_id=TOWNSHIP) == [first]
    assert await room.ids(STRANGER, institution_id=TOWNSHIP) == []
    shown = await room.shown(first)
    assert (shown.examining.id, shown.diagnosing.id) == (TOWNSHIP, COUNTY)


async def test_a_deleted_study_s_request_is_in_no_list(room: Room) -> None:
    kept, deleted = await room.request(), await room.request()
    study_pk = (await room.of(deleted)).study_pk
    async with room.database.unit_of_work() as uow:
        await uow.session.execute(
            update(Study).where(Study.id == study_pk).values(deleted_at=room.clock.now())
        )
        await uow.commit()
    for actor in (READER, TECHNICIAN):
        page = await room.page(actor)
        assert [item.id for item in page.items] == [kept]
        assert page.counts.routine == 1


async def test_kind_and_risk_narrow_the_list_and_the_counts_stay_those_of_all_risks(
    room: Room,
) -> None:
    ecg, ct = await room.request(), await room.request(ct_bytes())
    await room.screened(ecg, RecordSeverity.RED)
    assert await room.ids(kind=RequestKind.ECG) == [ecg]
    assert await room.ids(kind=RequestKind.IMAGING) == [ct]
    page = await room.page(risk=Risk.RED)
    assert [item.id for item in page.items] == [ecg]
    assert (page.counts.red, page.counts.routine) == (1, 1)


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("张三", True), ("张", True), ("三", True), ("张 三", True), ("zhang", True),
        ("Zhang San", True), ("zhangsan", True), ("  张三 ", True), ("LZ-00", True),
        ("acc-7", True), ("李四", False), ("00417", False), ("%", False), ("_", False),
        ("张%三", True), ("zs", True), ("san", True), ("Zhang San 张三", True),
        ("zhong", False), ("zsx", False), ("三张", False),
        ("'; DROP TABLE studies; --", False), ("", True), ("   ", True),
    ],
)  # fmt: skip
async def test_search_by_name_patient_id_and_accession_number(
    room: Room, text: str, found: bool
) -> None:
    wanted = await room.request(
        ecg_bytes(
            SpecificCharacterSet="ISO_IR 192",
            PatientName="Zhang^San=张^三",
            PatientID="LZ-00417",
            AccessionNumber="ACC-77",
        )
    )
    await room.request(ecg_bytes(PatientName="Wang^Wu", PatientID="X1", AccessionNumber="B1"))
    ids = await room.ids(text=text)
    assert (wanted in ids) is found
    assert len(ids) == (2 if not text.strip() else int(found))


async def test_images_are_complete_when_a_minute_was_silent(room: Room) -> None:
    first, second = ct_series(2)
    id_ = await room.request(first)
    room.clock.advance(59)
    assert not (await room.shown(id_)).images_complete
    await room.receive(second)
    room.clock.advance(59)
    assert not (await room.shown(id_)).images_complete
    room.clock.advance(1)
    shown = await room.shown(id_)
    assert shown.images_complete
    assert (shown.instance_count, shown.modalities) == (2, ["CT"])
    assert shown.preview is not None
    assert (shown.ecg_id, shown.screening_status, shown.hints) == (None, None, [])
    ecg = await room.shown(await room.request())
    assert (ecg.images_complete, ecg.screening_status) == (True, "pending")
    assert ecg.ecg_id


async def test_images_are_complete_at_once_when_their_device_says_so(room: Room) -> None:
    (data,) = ct_series(1)
    id_ = await room.request(data)
    shown = await room.shown(id_)
    assert not shown.images_complete
    with ThreadPoolExecutor(1) as executor:
        steps = PerformedSteps(
            database=room.database,
            audit=AuditTrail(key=b"k" * 32, clock=room.clock, ids=RandomIds(), role="node"),
            clock=room.clock,
            ids=RandomIds(),
            executor=executor,
        )
        device = Actor(ActorKind.DEVICE, "ct", ORG, TOWNSHIP, frozenset(), "CT@127.0.0.1")
        await steps.create(device, "1.2.9", to_json(begun(shown.study_instance_uid)))
        assert not (await room.shown(id_)).images_complete
        await steps.change(device, "1.2.9", to_json(ended("COMPLETED", made(data))))
        assert (await room.shown(id_)).images_complete


async def test_the_worst_of_a_study_s_ecgs_stands_for_it(room: Room) -> None:
    id_ = await room.request()
    study = (await room.shown(id_)).study_instance_uid
    await room.screened(id_, RecordSeverity.ORANGE)
    worst = (await room.shown(id_)).ecg_id
    room.clock.advance(60)
    await room.receive(ecg_bytes(StudyInstanceUID=study))
    shown = await room.shown(id_)
    assert (shown.ecg_id, shown.instance_count) == (worst, 2)


async def test_looking_at_one_is_on_record_and_listing_is_not(room: Room) -> None:
    id_ = await room.request()
    await room.page()
    assert room.reads.seen == []
    shown = await room.shown(id_)
    assert room.reads.seen == [("reader", shown.study_id)]


async def test_how_long_it_may_take_passes(room: Room) -> None:
    id_ = await room.request()
    shown = await room.shown(id_)
    assert shown.due_at - shown.received_at == timedelta(minutes=30)
    room.clock.advance(3600)
    overdue = await room.shown(id_)
    assert overdue.due_at < room.clock.now()
    assert await room.ids() == [id_]


async def test_what_rings_is_found_behind_any_number_of_open_red_cases(room: Room) -> None:
    ids = []
    for number in range(4):
        ids.append(await room.request())
        await room.screened(ids[-1], RecordSeverity.RED)
        if number < 2:
            await room.service.claim(READER, ids[-1])
        room.clock.advance(50)
    await room.service.open(READER, ids[0])
    assert await room.ids(ringing=True) == [ids[3], ids[2], ids[1]]
    page = await room.worklist.page(READER, Sought(ringing=True), limit=1, after=None)
    assert (page.items[0].ringing, page.counts.red) == (True, 3)
    rest = decode_place(page.next)
    second = await room.worklist.page(READER, Sought(ringing=True), limit=2, after=rest)
    assert [item.id for item in second.items] == [ids[2], ids[1]]
