"""Further instances of known series are indexed without a look, and never against the database."""

import asyncio
from io import BytesIO
from pathlib import Path

import pytest
from pydicom import dcmread
from sqlalchemy import delete, func, select, update

from server.audit.public import AuditTrail
from server.core.database import BatchInDoubtError, BatchRefusedError, Database, Statement
from server.core.errors import Unavailable
from server.intake.commit import Committer
from server.intake.models import StoredObject
from server.intake.public import Verdict
from server.realtime.models import Event
from server.requests.models import DiagnosisRequest, RequestStatus
from server.requests.public import RequestFollower
from server.scheduling.public import ExamArrivals
from server.studies.models import AccessGrant, Instance, NameKey, Series, Study
from tests.support.dicom_files import ct_bytes, ct_series, file_bytes
from tests.support.fakes import CountingIds, ManualClock
from tests.support.senders import (
    COUNTY,
    OTHER_TOWNSHIP,
    Counties,
    IntakeParts,
    create_institutions,
    running_intake,
    send,
)


@pytest.fixture
def looks(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """The sizes of the batches for which the database was asked first."""
    sizes: list[int] = []
    look_and_write = Committer._look_and_write

    async def counted(self: Committer, candidates: list[object]) -> object:
        sizes.append(len(candidates))
        return await look_and_write(self, candidates)  # type: ignore[arg-type]

    monkeypatch.setattr(Committer, "_look_and_write", counted)
    return sizes


async def counts(database: Database) -> tuple[int, int, int, int]:
    """Return what the study and its series count, and how many rows there are."""
    async with database.reading() as session:
        study = (await session.scalars(select(Study))).one()
        series = (await session.scalars(select(Series))).one()
        rows = [
            await session.scalar(select(func.count()).select_from(table)) or 0
            for table in (Instance, StoredObject)
        ]
    return study.instance_count, series.instance_count, rows[0], rows[1]


async def test_only_the_first_of_a_series_is_looked_up(
    parts: IntakeParts, looks: list[int]
) -> None:
    first, *others = ct_series(6)
    await send(parts.intake, first)
    for data in others[:3]:
        assert (await send(parts.intake, data)).verdict is Verdict.STORED
    await asyncio.gather(*(send(parts.intake, data) for data in others[3:]))
    assert looks == [1]
    assert await counts(parts.database) == (6, 6, 6, 6)
    async with parts.database.reading() as session:
        topics = list(await session.scalars(select(Event.topic).order_by(Event.id)))
    assert topics[0] == "study.arrived"
    assert set(topics[1:]) == {"study.updated"}


async def test_what_is_indexed_so_is_the_same_row_as_any_other(parts: IntakeParts) -> None:
    first, second = ct_series(2)
    await send(parts.intake, first)
    await send(parts.intake, second)
    async with parts.database.reading() as session:
        one, two = await session.scalars(select(Instance).order_by(Instance.instance_number))
    different = {
        "id", "object_id", "sop_instance_uid", "instance_number", "dataset_blake3",
        "metadata_json_gz", "received_at", "dataset_offset", "bulk_values", "frames",
    }  # fmt: skip
    for column in Instance.__table__.columns:
        if column.name not in different:
            assert getattr(one, column.name) == getattr(two, column.name), column.name
    assert two.received_at.tzinfo is not None
    assert two.bulk_values is None or two.bulk_values.keys() == (one.bulk_values or {}).keys()


async def test_the_same_object_again_is_found_by_looking(
    parts: IntakeParts, looks: list[int]
) -> None:
    first, second = ct_series(2)
    await send(parts.intake, first)
    await send(parts.intake, second)
    assert (await send(parts.intake, second)).verdict is Verdict.DUPLICATE
    changed = with_comment(second)
    assert (await send(parts.intake, changed)).verdict is Verdict.CONFLICT
    assert looks == [1, 1, 1]
    assert (await counts(parts.database))[:3] == (2, 2, 2)


def with_comment(data: bytes) -> bytes:
    """Return the same instance with another comment in it."""
    dataset = dcmread(BytesIO(data))
    dataset.ImageComments = "changed"
    return file_bytes(dataset)


async def test_a_study_that_is_gone_meanwhile_is_made_anew(parts: IntakeParts) -> None:
    first, second = ct_series(2)
    await send(parts.intake, first)
    async with parts.database.unit_of_work() as uow:
        for table in (Instance, AccessGrant, Series, Study, NameKey, StoredObject):
            await uow.session.execute(delete(table))
        await uow.commit()
    assert (await send(parts.intake, second)).verdict is Verdict.STORED
    assert await counts(parts.database) == (1, 1, 1, 1)


async def test_a_study_that_changed_hands_takes_no_more_from_its_old_owner(
    parts: IntakeParts,
) -> None:
    first, second = ct_series(2)
    await send(parts.intake, first)
    async with parts.database.unit_of_work() as uow:
        await uow.session.execute(update(Study).values(owner_institution_id=OTHER_TOWNSHIP))
        await uow.commit()
    assert (await send(parts.intake, second)).verdict is Verdict.FOREIGN
    assert (await counts(parts.database))[:3] == (1, 1, 1)


async def test_others_are_judged_each_time(parts: IntakeParts, looks: list[int]) -> None:
    first, second, third = ct_series(3)
    await send(parts.intake, first)
    assert (await send(parts.intake, second, OTHER_TOWNSHIP)).verdict is Verdict.FOREIGN
    assert (await send(parts.intake, third, COUNTY)).verdict is Verdict.STORED
    assert looks == [1, 1, 1]


async def test_a_study_whose_request_was_done_is_put_back_in_line(
    database: Database, tmp_path: Path, clock: ManualClock, ids: CountingIds, looks: list[int]
) -> None:
    await create_institutions(database, clock)
    audit = AuditTrail(key=b"k" * 32, clock=clock, ids=ids, role="test")
    follower = RequestFollower(
        counties=Counties(),
        exams=ExamArrivals(audit=audit, clock=clock),
        audit=audit,
        clock=clock,
        ids=ids,
    )
    async with running_intake(database, tmp_path, clock, ids, followers=[follower]) as parts:
        first, second, third = ct_series(3)
        await send(parts.intake, first)
        await send(parts.intake, second)
        assert looks == [1]
        async with database.unit_of_work() as uow:
            await uow.session.execute(
                update(DiagnosisRequest).values(status=RequestStatus.COMPLETED)
            )
            await uow.commit()
        assert (await send(parts.intake, third)).verdict is Verdict.STORED
        assert looks == [1, 1]
        async with database.reading() as session:
            status = (await session.scalars(select(DiagnosisRequest.status))).one()
    assert status != RequestStatus.COMPLETED


async def test_a_commit_in_doubt_keeps_the_file_for_the_sweep(
    parts: IntakeParts, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    first, second = ct_series(2)
    await send(parts.intake, first)
    run_batch = Database.run_batch

    async def run_and_fail(self: Database, statements: list[Statement]) -> None:
        await run_batch(self, statements)
        raise BatchInDoubtError("the answer was lost")

    monkeypatch.setattr(Database, "run_batch", run_and_fail)
    with pytest.raises(Unavailable):
        await send(parts.intake, second)
    monkeypatch.undo()
    assert (await send(parts.intake, second)).verdict is Verdict.DUPLICATE
    assert await counts(parts.database) == (2, 2, 2, 2)


async def test_a_batch_that_is_refused_changes_nothing(parts: IntakeParts) -> None:
    await send(parts.intake, ct_bytes())
    renamed = Statement(
        update(Study.__table__).values(description="changed"),  # type: ignore[arg-type]
        [{}],
    )
    missing = Statement(
        update(Study.__table__).where(Study.__table__.c.id == "none").values(description="x"),  # type: ignore[arg-type]
        [{}],
    )
    with pytest.raises(BatchRefusedError):
        await parts.database.run_batch([renamed, missing])
    async with parts.database.reading() as session:
        assert (await session.scalars(select(Study.description))).one() != "changed"
