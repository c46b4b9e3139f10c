"""Durable workflows over both databases."""

import asyncio
import logging
import subprocess
import sys
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
import sqlalchemy as sa

from server.core.database import sync_url
from server.core.workflows import (
    Retry,
    StepFailed,
    WorkflowEngine,
    WorkflowQueue,
    WorkflowState,
    WorkflowStatus,
)
from server.migrations.run import all_metadata
from tests.support.interrupted_worker import QUEUE, WORKFLOW_ID

_PATIENCE_S = 60


def engine_of(url: str, *queues: WorkflowQueue, executor_id: str = "worker-1") -> WorkflowEngine:
    return WorkflowEngine(url, executor_id=executor_id, queues=queues or (QUEUE,))


async def finished(engine: WorkflowEngine, workflow_id: str) -> WorkflowStatus:
    async with asyncio.timeout(_PATIENCE_S):
        while True:
            status = await engine.status(workflow_id)
            if status is not None and status.state.finished:
                return status
            await asyncio.sleep(0.02)


async def test_a_workflow_enqueued_five_times_under_one_id_runs_once(database_url: str) -> None:
    engine = engine_of(database_url)
    ran: list[str] = []

    async def note(word: str) -> None:
        ran.append(word)

    async def body(word: str) -> None:
        await engine.step("note", note, word)

    engine.register("note", body)
    await engine.start()
    try:
        await asyncio.gather(*(engine.enqueue("test", "note", "note:1", "a") for _ in range(4)))
        assert (await finished(engine, "note:1")).state is WorkflowState.DONE
        await engine.enqueue("test", "note", "note:1", "a")
        await engine.enqueue("test", "note", "note:2", "b")
        await finished(engine, "note:2")
    finally:
        await engine.stop(grace_s=0)
    assert ran == ["a", "b"]


async def test_steps_run_on_the_loop_that_started_the_engine(database_url: str) -> None:
    engine = engine_of(database_url)
    home = asyncio.get_running_loop()
    loops: list[asyncio.AbstractEventLoop] = []

    async def where() -> None:
        loops.append(asyncio.get_running_loop())

    async def body() -> None:
        await engine.step("where", where)

    engine.register("where", body)
    await engine.start()
    try:
        await engine.enqueue("test", "where", "where:1")
        await finished(engine, "where:1")
    finally:
        await engine.stop(grace_s=0)
    assert loops == [home]


async def test_a_failing_step_is_retried_and_then_the_workflow_fails_with_its_error(
    database_url: str,
) -> None:
    engine = engine_of(database_url)
    attempts: list[int] = []

    async def fail() -> None:
        attempts.append(1)
        raise OSError("the store is down")

    async def body() -> None:
        await engine.step("fetch", fail, retry=Retry(attempts=3, first_wait_s=0.01))

    engine.register("fetch", body)
    await engine.start()
    try:
        await engine.enqueue("test", "fetch", "fetch:1")
        status = await finished(engine, "fetch:1")
    finally:
        await engine.stop(grace_s=0)
    assert len(attempts) == 3
    assert status.state is WorkflowState.FAILED
    assert status.error is not None
    assert "fetch failed: the store is down (3 times)" in status.error


async def test_a_failed_workflow_can_be_forgotten_and_enqueued_again(database_url: str) -> None:
    engine = engine_of(database_url)
    outcomes = iter([OSError("down"), None])

    async def once_down() -> None:
        outcome = next(outcomes)
        if outcome is not None:
            raise outcome

    async def body() -> None:
        await engine.step("fetch", once_down, retry=Retry(attempts=1))

    engine.register("fetch", body)
    await engine.start()
    try:
        await engine.enqueue("test", "fetch", "fetch:1")
        assert (await finished(engine, "fetch:1")).state is WorkflowState.FAILED
        await engine.forget("fetch:1")
        assert await engine.status("fetch:1") is None
        await engine.enqueue("test", "fetch", "fetch:1")
        assert (await finished(engine, "fetch:1")).state is WorkflowState.DONE
    finally:
        await engine.stop(grace_s=0)


async def test_what_ended_long_ago_is_pruned_and_nothing_else(database_url: str) -> None:
    engine = engine_of(database_url)
    waiting = asyncio.Event()

    async def wait() -> None:
        await waiting.wait()

    async def body(kind: str) -> None:
        if kind == "waits":
            await engine.step("wait", wait)
        if kind == "fails":
            raise ValueError(kind)

    engine.register("kinds", body)
    await engine.start()
    try:
        for kind in ("done", "fails", "waits"):
            await engine.enqueue("test", "kinds", f"kinds:{kind}", kind)
        await finished(engine, "kinds:done")
        await finished(engine, "kinds:fails")
        now = datetime.now(UTC)
        assert await engine.prune(now - timedelta(hours=1)) == 0
        assert await engine.prune(now + timedelta(hours=1)) == 2
        assert await engine.status("kinds:done") is None
        assert await engine.status("kinds:waits") is not None
        waiting.set()
        await finished(engine, "kinds:waits")
    finally:
        await engine.stop(grace_s=0)


async def test_stopping_waits_for_what_runs(database_url: str) -> None:
    engine = engine_of(database_url)
    began, may_end = asyncio.Event(), asyncio.Event()
    ended: list[str] = []

    async def slow() -> None:
        began.set()
        await may_end.wait()
        ended.append("slow")

    async def body() -> None:
        await engine.step("slow", slow)

    engine.register("slow", body)
    await engine.start()
    await engine.enqueue("test", "slow", "slow:1")
    await began.wait()
    stopping = asyncio.create_task(engine.stop(grace_s=_PATIENCE_S))
    await asyncio.sleep(0.1)
    assert not stopping.done()
    may_end.set()
    await stopping
    assert ended == ["slow"]
    again = engine_of(database_url)
    again.register("slow", body)
    await again.start()
    try:
        status = await again.status("slow:1")
    finally:
        await again.stop(grace_s=0)
    assert status is not None
    assert status.state is WorkflowState.DONE


async def test_what_outlasts_the_grace_is_resumed_by_the_next_start(database_url: str) -> None:
    runs: list[str] = []
    began = asyncio.Event()

    def prepared(*, hang: bool) -> WorkflowEngine:
        engine = engine_of(database_url)

        async def first() -> str:
            runs.append("first")
            return "kept"

        async def second(word: str) -> None:
            runs.append(f"second after {word}")
            began.set()
            if hang:
                await asyncio.Event().wait()

        async def body() -> None:
            await engine.step("second", second, await engine.step("first", first))

        engine.register("two", body)
        return engine

    engine = prepared(hang=True)
    await engine.start()
    await engine.enqueue("test", "two", "two:1")
    await began.wait()
    await engine.stop(grace_s=0)
    engine = prepared(hang=False)
    await engine.start()
    try:
        assert (await finished(engine, "two:1")).state is WorkflowState.DONE
    finally:
        await engine.stop(grace_s=0)
    assert runs == ["first", "second after kept", "second after kept"]


async def test_a_step_that_failed_fails_the_same_way_when_its_workflow_is_resumed(
    database_url: str,
) -> None:
    tries: list[str] = []
    heard: list[str] = []
    began = asyncio.Event()

    def prepared(*, hang: bool) -> WorkflowEngine:
        engine = engine_of(database_url)

        async def fail() -> None:
            tries.append("fail")
            raise OSError("no such bytes")

        async def then() -> None:
            began.set()
            if hang:
                await asyncio.Event().wait()

        async def body() -> None:
            try:
                await engine.step("fetch", fail, retry=Retry(attempts=1))
            except StepFailed as error:
                heard.append(str(error))
            await engine.step("then", then)

        engine.register("caught", body)
        return engine

    engine = prepared(hang=True)
    await engine.start()
    await engine.enqueue("test", "caught", "caught:1")
    await began.wait()
    await engine.stop(grace_s=0)
    engine = prepared(hang=False)
    await engine.start()
    try:
        assert (await finished(engine, "caught:1")).state is WorkflowState.DONE
    finally:
        await engine.stop(grace_s=0)
    assert tries == ["fail"]
    assert heard == ["fetch failed: no such bytes"] * 2


@pytest.mark.fault
async def test_a_killed_worker_is_followed_by_one_that_finishes_its_work(
    database_url: str, tmp_path: Path
) -> None:
    ledger = tmp_path / "ledger"
    program = [sys.executable, "-m", "tests.support.interrupted_worker"]
    arguments = [database_url, "worker-7", str(ledger)]

    def run_until_killed() -> None:
        with subprocess.Popen([*program, *arguments, "hang"], stdout=subprocess.PIPE) as worker:
            try:
                assert worker.stdout is not None
                assert worker.stdout.readline() == b"hanging\n"
            finally:
                worker.kill()

    await asyncio.to_thread(run_until_killed)
    assert ledger.read_text().splitlines() == ["first", "second after kept"]
    follower = await asyncio.create_subprocess_exec(*program, *arguments, "finish")
    async with asyncio.timeout(_PATIENCE_S):
        assert await follower.wait() == 0
    assert ledger.read_text().splitlines() == [
        "first", "second after kept", "second after kept", "done",
    ]  # fmt: skip
    assert WORKFLOW_ID == "two-steps:1"


async def test_no_more_of_a_queue_run_at_once_than_it_says(database_url: str) -> None:
    engine = engine_of(database_url, WorkflowQueue("narrow", 2, polling_interval_s=0.05))
    running: set[str] = set()
    most: list[int] = []

    async def occupy(name: str) -> None:
        running.add(name)
        most.append(len(running))
        await asyncio.sleep(0.1)
        running.discard(name)

    async def body(name: str) -> None:
        await engine.step("occupy", occupy, name)

    engine.register("occupy", body)
    await engine.start()
    try:
        for number in range(6):
            await engine.enqueue("narrow", "occupy", f"occupy:{number}", str(number))
        for number in range(6):
            await finished(engine, f"occupy:{number}")
    finally:
        await engine.stop(grace_s=0)
    assert len(most) == 6
    assert max(most) == 2


async def test_its_tables_and_ours_do_not_meet_and_it_keeps_to_itself(
    database_url: str, caplog: pytest.LogCaptureFixture
) -> None:
    engine = engine_of(database_url)
    with caplog.at_level(logging.INFO):
        await engine.start()
        await engine.stop(grace_s=0)
    assert not [handler for handler in logging.getLogger("dbos").handlers if handler.name]
    assert "conductor" not in caplog.text.lower()
    ours = set(all_metadata().tables)
    own = sa.create_engine(sync_url(database_url))
    with own.connect() as connection:
        if own.dialect.name == "postgresql":
            theirs = set(sa.inspect(connection).get_table_names(schema="dbos"))
            assert "workflow_status" in theirs
            assert not theirs & ours
        else:
            tables = set(sa.inspect(connection).get_table_names())
            assert tables > ours | {"workflow_status"}
            assert connection.scalar(sa.text("PRAGMA journal_mode")) == "wal"
    own.dispose()


async def test_its_connections_sync_every_commit(database_url: str) -> None:
    engine = engine_of(database_url)
    opened = engine._open()
    with opened.connect() as connection:
        if opened.dialect.name == "sqlite":
            assert connection.scalar(sa.text("PRAGMA synchronous")) == 2  # FULL
        else:
            assert connection.scalar(sa.text("SHOW synchronous_commit")) == "on"
    opened.dispose()
