"""The tail carries every committed event to every subscriber, in order."""

import asyncio
from datetime import timedelta

import psycopg
import pytest
from sqlalchemy import func, insert, select, text

from server.core.database import Database
from server.realtime.consumer import DurableConsumer, prune
from server.realtime.models import Event, EventCursor
from server.realtime.public import Occurrence, publish
from server.realtime.tail import EventRecord, EventTail
from tests.server.realtime.conftest import Heard, Publisher
from tests.support.fakes import ManualClock
from tests.support.postgres import PostgresServer

LETTERS = set("abcd")


async def test_events_arrive_in_order_and_whole(tail: EventTail, published: Publisher) -> None:
    heard = Heard()
    tail.subscribe(heard)
    await published("a", "b", study_id="s9")
    await published("c", study_id=None)
    assert await heard.until(3) == ["a", "b", "c"]
    assert [event.study_id for event in heard.events] == ["s9", "s9", None]
    assert heard.events[0].at == published.clock.now()


async def test_what_is_rolled_back_is_never_heard(
    tail: EventTail, database: Database, published: Publisher
) -> None:
    heard = Heard()
    tail.subscribe(heard)
    async with database.unit_of_work() as uow:
        await publish(uow, Occurrence("demo", "never", published.clock.now()))
    await published("a")
    assert await heard.until(1) == ["a"]


async def test_many_writers_at_once_are_heard_completely_and_in_order(
    tail: EventTail, published: Publisher
) -> None:
    heard = Heard()
    tail.subscribe(heard)
    await asyncio.gather(*(published(f"t{number}") for number in range(40)))
    assert sorted(await heard.until(40)) == sorted(f"t{number}" for number in range(40))
    numbers = [event.id for event in heard.events]
    assert numbers == sorted(set(numbers))


async def test_more_than_a_batch_is_heard(tail: EventTail, published: Publisher) -> None:
    heard = Heard()
    tail.subscribe(heard)
    await published(*(f"t{number}" for number in range(1_200)))
    assert await heard.until(1_200) == [f"t{number}" for number in range(1_200)]


async def test_a_subscriber_that_raises_keeps_nothing_from_others(
    tail: EventTail, published: Publisher
) -> None:
    async def failing(_event: EventRecord) -> None:
        raise RuntimeError("no")

    heard = Heard()
    tail.subscribe(failing)
    tail.subscribe(heard)
    await published("a", "b")
    assert await heard.until(2) == ["a", "b"]


async def test_who_unsubscribed_hears_no_more(tail: EventTail, published: Publisher) -> None:
    gone, heard = Heard(), Heard()
    unsubscribe = tail.subscribe(gone)
    tail.subscribe(heard)
    unsubscribe()
    await published("a")
    await heard.until(1)
    assert gone.events == []


async def test_events_of_before_the_start_are_not_told(
    database: Database, published: Publisher
) -> None:
    await published("before")
    tail = EventTail(database)
    heard = Heard()
    tail.subscribe(heard)
    await tail.start()
    await published("after")
    assert await heard.until(1) == ["after"]
    await tail.stop()


@pytest.mark.fault
async def test_a_cut_listener_comes_back(
    tail: EventTail, database: Database, published: Publisher
) -> None:
    if database.is_sqlite:
        pytest.skip("SQLite is polled")
    heard = Heard()
    tail.subscribe(heard)
    await published("a")
    await heard.until(1)
    url = database.url.set(drivername="postgresql").render_as_string(hide_password=False)
    async with await psycopg.AsyncConnection.connect(url, autocommit=True) as connection:
        await connection.execute(
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
            " WHERE query = 'LISTEN lianzhen_events' AND datname = current_database()"
        )
    await published("b")
    assert await heard.until(2) == ["a", "b"]


async def test_a_database_that_restarts_is_followed_again(
    tail: EventTail, database: Database, published: Publisher, request: pytest.FixtureRequest
) -> None:
    if database.is_sqlite:
        pytest.skip("SQLite has no server")
    server: PostgresServer = request.getfixturevalue("postgres")
    heard, consumed = Heard(), Heard()
    tail.subscribe(heard)
    consumer = DurableConsumer(
        "c", consumed, topics=LETTERS, database=database, tail=tail, first_retry_s=0.05
    )
    await consumer.start()
    await published("a")
    await heard.until(1)
    await asyncio.to_thread(server.stop)
    await asyncio.to_thread(server.start)
    await published("b")
    assert await heard.until(2) == ["a", "b"]
    await consumed.until_all({"a", "b"})
    await consumer.stop()


@pytest.mark.fault
async def test_a_consumer_goes_on_where_it_stopped(
    tail: EventTail, database: Database, published: Publisher
) -> None:
    await published("a")
    first = Heard()
    consumer = DurableConsumer("c", first, topics=LETTERS, database=database, tail=tail)
    await consumer.start()
    await first.until(1)
    await published("b")
    await first.until(2)
    await consumer.stop()
    await published("c", "d")
    second = Heard()
    consumer = DurableConsumer("c", second, topics=LETTERS, database=database, tail=tail)
    await consumer.start()
    assert await second.until(2) == ["c", "d"]
    await consumer.stop()


async def test_a_handler_that_fails_is_tried_again_and_order_is_kept(
    tail: EventTail, database: Database, published: Publisher
) -> None:
    tries: list[str] = []
    heard = Heard()

    async def sometimes(event: EventRecord) -> None:
        tries.append(event.topic)
        if tries.count("b") in {1, 2} and event.topic == "b":
            raise RuntimeError("not yet")
        await heard(event)

    consumer = DurableConsumer(
        "c", sometimes, topics=LETTERS, database=database, tail=tail, first_retry_s=0.01
    )
    await consumer.start()
    await published("a", "b", "c")
    assert await heard.until(3) == ["a", "b", "c"]
    assert tries == ["a", "b", "b", "b", "c"]
    await consumer.stop()


async def test_two_processes_of_one_name_never_move_the_cursor_back(
    tail: EventTail, database: Database, published: Publisher
) -> None:
    heard = Heard()
    numbered = {f"t{number}" for number in range(10)}
    both = [
        DurableConsumer(
            "c", heard, topics=numbered, database=database, tail=tail, first_retry_s=0.01
        )
        for _ in range(2)
    ]
    for consumer in both:
        await consumer.start()
    for number in range(10):
        await published(f"t{number}")
    await heard.until_all({f"t{number}" for number in range(10)})
    for consumer in both:
        await consumer.stop()
    async with database.reading() as session:
        cursor = await session.scalar(select(EventCursor.last_id))
        assert cursor == await session.scalar(select(func.max(Event.id)))


async def test_pruning_spares_what_is_new_or_not_yet_consumed(
    database: Database, clock: ManualClock, published: Publisher
) -> None:
    await published(*(f"old{number}" for number in range(1_100)))
    async with database.unit_of_work() as uow:
        last = await uow.session.scalar(select(func.max(Event.id)))
        assert last is not None
        await uow.session.execute(insert(EventCursor).values(consumer="c", last_id=last - 5))
        await uow.commit()
    clock.advance(timedelta(days=7, seconds=1).total_seconds())
    await published("new")
    assert await prune(database, clock) == 1_095
    async with database.reading() as session:
        left = (await session.scalars(select(Event.topic).order_by(Event.id))).all()
    assert left == [f"old{number}" for number in range(1_095, 1_100)] + ["new"]
    async with database.unit_of_work() as uow:
        await uow.session.execute(text("UPDATE event_cursors SET last_id = last_id + 100"))
        await uow.commit()
    assert await prune(database, clock) == 5


async def test_events_of_other_topics_are_passed_over_and_behind(
    tail: EventTail, database: Database, published: Publisher
) -> None:
    heard = Heard()
    consumer = DurableConsumer("c", heard, topics={"b"}, database=database, tail=tail)
    await consumer.start()
    await published("a", "b", "a", "b", "a")
    assert await heard.until(2) == ["b", "b"]
    async with asyncio.timeout(10):
        while True:
            async with database.reading() as session:
                cursor = await session.scalar(select(EventCursor.last_id))
                newest = await session.scalar(select(func.max(Event.id)))
            if cursor == newest:
                break
            await asyncio.sleep(0.02)
    await consumer.stop()
