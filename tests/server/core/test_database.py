"""The unit of work over both databases."""

import asyncio
from datetime import UTC, datetime, timedelta, timezone
from typing import Final

import pytest
from sqlalchemy import bindparam, column, insert, select, table, text
from sqlalchemy.exc import ProgrammingError
from sqlalchemy.ext.asyncio import AsyncSession

from server.core.database import Database, UtcDateTime
from server.core.errors import Unavailable
from server.realtime.models import Event, EventCursor


async def _cursors(database: Database) -> list[str]:
    async with database.reading() as session:
        return list(await session.scalars(select(EventCursor.consumer)))


async def test_nothing_is_kept_without_a_commit(database: Database) -> None:
    async with database.unit_of_work() as uow:
        await uow.session.execute(insert(EventCursor).values(consumer="a", last_id=1))
    assert await _cursors(database) == []


async def test_what_is_committed_is_read_by_others(database: Database) -> None:
    async with database.unit_of_work() as uow:
        await uow.session.execute(insert(EventCursor).values(consumer="a", last_id=1))
        await uow.commit()
    assert await _cursors(database) == ["a"]


async def test_writers_of_one_process_take_turns(database: Database) -> None:
    async def write(number: int) -> None:
        async with database.unit_of_work() as uow:
            await uow.session.execute(insert(EventCursor).values(consumer=str(number), last_id=1))
            await asyncio.sleep(0)
            await uow.commit()

    await asyncio.gather(*(write(number) for number in range(20)))
    assert len(await _cursors(database)) == 20


async def test_a_reader_cannot_write_on_sqlite(database: Database) -> None:
    if not database.is_sqlite:
        pytest.skip("PostgreSQL reads and writes through one engine")
    with pytest.raises(Unavailable):
        async with database.reading() as session:
            await session.execute(insert(EventCursor).values(consumer="a", last_id=1))


async def test_a_participant_hears_of_a_commit_that_failed(database: Database) -> None:
    heard: list[bool] = []

    class Failing:
        async def prepare(self, session: AsyncSession) -> None:
            raise RuntimeError("no room")

        def finished(self, *, committed: bool) -> None:
            heard.append(committed)

    async with database.unit_of_work() as uow:
        uow.enlist(Failing())
        with pytest.raises(RuntimeError):
            await uow.commit()
    assert heard == [False]


_EVENT_OF: Final = select(Event.at, Event.payload, Event.topic).where(
    Event.topic == bindparam("topic"), Event.at >= bindparam("since", type_=UtcDateTime())
)


async def test_a_fixed_query_gives_the_values_that_were_written(database: Database) -> None:
    at = datetime(2026, 11, 21, 8, 30, 0, 123456, tzinfo=UTC)
    async with database.unit_of_work() as uow:
        for topic in ("a", "b"):
            row = {"org": "o", "topic": topic, "payload": {"text": "文"}, "at": at}
            await uow.session.execute(insert(Event).values(row))
        await uow.commit()
    told = {"topic": "b", "since": at.astimezone(timezone(timedelta(hours=8)))}
    many = await asyncio.gather(*(database.look_up(_EVENT_OF, told) for _ in range(30)))
    assert [list(rows) for rows in many] == [[(at, {"text": "文"}, "b")]] * 30
    later = {**told, "since": at + timedelta(microseconds=1)}
    assert list(await database.look_up(_EVENT_OF, later)) == []


async def test_a_fixed_query_that_fails_is_told_as_any_other(database: Database) -> None:
    missing = select(table("no_such_table", column("one")))
    with pytest.raises((Unavailable, ProgrammingError)):
        await database.look_up(missing, {})


async def test_times_come_back_aware_and_in_utc(database: Database) -> None:
    beijing = timezone(timedelta(hours=8))
    at = datetime(2026, 11, 21, 8, 30, 0, 123456, tzinfo=beijing)
    async with database.unit_of_work() as uow:
        await uow.session.execute(insert(Event).values(org="o", topic="t", payload={}, at=at))
        await uow.commit()
    async with database.reading() as session:
        read = await session.scalar(select(Event.at))
    assert read == at
    assert read is not None
    assert read.tzinfo == UTC


async def test_sqlite_syncs_every_commit(database: Database) -> None:
    if not database.is_sqlite:
        async with database.reading() as session:
            assert await session.scalar(text("SHOW synchronous_commit")) == "on"
        return
    async with database.unit_of_work() as uow:
        assert await uow.session.scalar(text("PRAGMA synchronous")) == 2  # FULL
        assert await uow.session.scalar(text("PRAGMA journal_mode")) == "wal"
