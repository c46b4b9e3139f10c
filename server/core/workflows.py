"""Durable workflows: DBOS on the application's own database, behind a thin typed door.

A workflow's body only arranges steps; a step's effect must be idempotent, since it runs again when
the process dies before its result is written. Bodies run on DBOS's own event loop; steps run on
the loop that started the engine, where connections and services live.

DBOS keeps its tables in the schema ``dbos`` on PostgreSQL and under its own bare names on SQLite
(``workflow_status``, ``operation_outputs``, ``notifications``, ``queues`` …), which tables of ours
must therefore not use; a test holds them apart.
"""

import asyncio
import logging
import math
import threading
from collections.abc import Awaitable, Callable, Coroutine, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from functools import partial
from typing import Any, Final, TypeVar, assert_never

import sqlalchemy as sa
from dbos import (
    DBOS,
    DBOSConfig,
    DBOSPortableJSONSerializer,
    EnqueueOptions,
    PortableWorkflowError,
    StepOptions,
)
from dbos import WorkflowStatus as DbosStatus
from dbos import error as dbos_error
from sqlalchemy.engine.interfaces import DBAPIConnection
from sqlalchemy.pool import ConnectionPoolEntry

from server.core.database import sync_url

WORKFLOW_SCHEMA: Final = "workflows-1"
"""Which workflow bodies can go on with each other's half-done work.

DBOS resumes a workflow only under the application version that began it, and by default derives
that from the source: every release would strand what is in flight. Ours is raised by hand, when a
body changes its order of steps so that a half-done one could not be replayed.
"""

_PRUNED_AT_ONCE: Final = 500

Json = str | int | float | bool | None | Sequence["Json"] | Mapping[str, "Json"]
WorkflowBody = Callable[..., Coroutine[Any, Any, None]]
T = TypeVar("T")


@dataclass(frozen=True)
class WorkflowQueue:
    """A queue that this process takes work from."""

    name: str
    concurrency: int
    """Workflows of this queue that one process runs at once."""
    polling_interval_s: float = 1.0


@dataclass(frozen=True)
class Retry:
    """How often a step is tried, and the first wait; each wait is twice the one before."""

    attempts: int = 3
    first_wait_s: float = 1.0


class WorkflowState(StrEnum):
    """Where a workflow stands."""

    WAITING = "waiting"
    RUNNING = "running"
    DONE = "done"
    FAILED = "failed"
    GIVEN_UP = "given-up"
    """Its process died under it so often that it is not tried again."""
    CANCELLED = "cancelled"

    @property
    def finished(self) -> bool:
        """Whether nothing will happen to it any more."""
        return self not in {WorkflowState.WAITING, WorkflowState.RUNNING}


@dataclass(frozen=True)
class WorkflowStatus:
    """A workflow as it stands, with the sentence it failed with."""

    workflow_id: str
    name: str
    state: WorkflowState
    error: str | None


class StepFailed(Exception):
    """A step failed as often as it may; the message names the last cause."""


@dataclass(frozen=True)
class _Registered:
    body: WorkflowBody
    max_recoveries: int


@dataclass(frozen=True)
class _Running:
    loop: asyncio.AbstractEventLoop
    threads: ThreadPoolExecutor
    engine: sa.Engine
    ended: threading.Event


class WorkflowEngine:
    """Runs and enqueues workflows; DBOS being one per process, so is a started engine.

    ``executor_id`` must be the same whenever this worker starts again, and no other's: it is whose
    interrupted workflows a starting engine resumes.
    """

    def __init__(
        self,
        url: str,
        *,
        executor_id: str,
        queues: Sequence[WorkflowQueue],
        application_version: str = WORKFLOW_SCHEMA,
        pool_size: int = 5,
    ) -> None:
        self._url = sync_url(url)
        self._executor_id = executor_id
        self._queues = tuple(queues)
        self._version = application_version
        self._pool_size = pool_size
        self._bodies: dict[str, _Registered] = {}
        self._running: _Running | None = None

    def register(self, name: str, body: WorkflowBody, *, max_recoveries: int = 5) -> None:
        """Name a workflow's body; before `start`, and in every process that runs it."""
        if self._running is not None:
            raise RuntimeError("workflows are registered before the engine starts")
        if name in self._bodies:
            raise ValueError(f"there is a workflow {name} already")
        self._bodies[name] = _Registered(body, max_recoveries)

    async def start(self) -> None:
        """Start taking work, and resume what this executor left undone."""
        if self._running is not None:
            raise RuntimeError("the engine is running already")
        threads = ThreadPoolExecutor(2, thread_name_prefix="workflows")
        engine, ended = self._open(), threading.Event()
        _close_stragglers(engine, ended)
        running = _Running(asyncio.get_running_loop(), threads, engine, ended)
        self._running = running
        try:
            await running.loop.run_in_executor(threads, self._launch, running.engine)
        except BaseException:
            await self.stop(grace_s=0)
            raise

    async def stop(self, grace_s: float) -> None:
        """Take no more work, wait for what runs, and leave the rest to the next start."""
        running, self._running = self._running, None
        if running is None:
            return
        destroy = partial(
            DBOS.destroy, destroy_registry=True, workflow_completion_timeout_sec=math.ceil(grace_s)
        )
        try:
            # DBOS cancels what outlasts the grace; a cancelled workflow stays to be resumed.
            await running.loop.run_in_executor(running.threads, destroy)
        finally:
            running.ended.set()
            running.engine.dispose()
            running.threads.shutdown(wait=False)

    async def enqueue(
        self, queue: str, name: str, workflow_id: str, *args: Json, delay_s: float | None = None
    ) -> None:
        """Enqueue a workflow; the same ``workflow_id`` again, ever, changes nothing."""
        options: EnqueueOptions = {
            "queue_name": queue,
            "workflow_name": name,
            "workflow_id": workflow_id,
            "app_version": self._version,
        }
        if delay_s is not None:
            options["delay_seconds"] = delay_s
        await self._call(partial(DBOS.enqueue_workflow_with_options, options, *args))

    async def status(self, workflow_id: str) -> WorkflowStatus | None:
        """Return how a workflow stands, None for one that was never enqueued."""
        found = await self._call(partial(DBOS.get_workflow_status, workflow_id))
        return _status(found) if found is not None else None

    async def forget(self, workflow_id: str) -> None:
        """Remove a finished workflow, so that its id may be enqueued again."""
        await self._call(partial(DBOS.delete_workflow, workflow_id))

    async def prune(self, completed_before: datetime) -> int:
        """Remove what was done or failed before a time, in small transactions; return how many.

        From then on its ids are new again: what enqueues them must know by itself what is done.
        """
        removed = 0
        while True:
            count = await self._call(partial(_prune, completed_before.isoformat()))
            removed += count
            if count < _PRUNED_AT_ONCE:
                return removed

    async def step(
        self,
        name: str,
        function: Callable[..., Awaitable[T]],
        *args: Json,
        retry: Retry = Retry(),
        timeout_s: float | None = None,
    ) -> T:
        """Run ``function`` as a step of the workflow that calls this, on the engine's own loop.

        Its result must be JSON: it is kept, and returned instead of running the step again.

        Raises
        ------
        StepFailed
            If every attempt failed.
        """
        running = self._started()

        async def call() -> T:
            return await function(*args)

        async def on_home_loop() -> T:
            future = asyncio.run_coroutine_threadsafe(call(), running.loop)
            try:
                return await asyncio.wrap_future(future)
            except Exception as error:
                raise StepFailed(f"{name} failed: {error}") from error

        options: StepOptions = {
            "name": name,
            "retries_allowed": retry.attempts > 1,
            "max_attempts": retry.attempts,
            "interval_seconds": retry.first_wait_s,
            "timeout_seconds": timeout_s,
        }
        try:
            return await DBOS.run_step_async(options, on_home_loop)
        except dbos_error.DBOSMaxStepRetriesExceeded as error:
            cause = error.errors[-1]
            raise StepFailed(f"{cause} ({retry.attempts} times)") from cause
        except PortableWorkflowError as error:
            # A step that failed before its process died: what was kept of its error.
            raise StepFailed(error.message) from None

    def _started(self) -> _Running:
        if self._running is None:
            raise RuntimeError("the workflow engine is not running")
        return self._running

    async def _call(self, function: Callable[[], T]) -> T:
        running = self._started()
        return await running.loop.run_in_executor(running.threads, function)

    def _open(self) -> sa.Engine:
        """Open DBOS's engine ourselves: a step's record must survive a power cut as our rows do."""
        if self._url.get_backend_name() == "postgresql":
            return sa.create_engine(
                self._url,
                pool_size=self._pool_size,
                max_overflow=0,
                pool_timeout=30,
                pool_pre_ping=True,
                connect_args={
                    "connect_timeout": 10,
                    "application_name": "lianzhen-workflows",
                    "options": "-c synchronous_commit=on -c timezone=UTC"
                    " -c idle_in_transaction_session_timeout=60000",
                },
            )
        engine = sa.create_engine(
            self._url, pool_size=self._pool_size, max_overflow=0, pool_timeout=30
        )
        sa.event.listen(engine, "connect", _prepare_sqlite)
        return engine

    def _launch(self, engine: sa.Engine) -> None:
        # DBOS gives its logger a console handler of its own, unless it has one already.
        log = logging.getLogger("dbos")
        if not log.handlers:
            log.addHandler(logging.NullHandler())
        config: DBOSConfig = {
            "name": "lianzhen",
            "system_database_url": self._url.render_as_string(hide_password=False),
            "system_database_engine": engine,
            "application_version": self._version,
            "executor_id": self._executor_id,
            # Not its default, pickle: what may write the database must not be able to run code.
            "serializer": DBOSPortableJSONSerializer(),
            "enable_otlp": False,
            "log_level": "WARNING",
            "max_executor_threads": 16,
        }
        DBOS(config=config)
        for name, each in self._bodies.items():
            DBOS.workflow(name=name, max_recovery_attempts=each.max_recoveries)(_named(each.body))
        DBOS.listen_queues([queue.name for queue in self._queues])
        DBOS.launch()
        for queue in self._queues:
            DBOS.register_queue(
                queue.name,
                worker_concurrency=queue.concurrency,
                polling_interval_sec=queue.polling_interval_s,
                on_conflict="always_update",
            )


def _named(body: WorkflowBody) -> WorkflowBody:
    """Wrap a body in a function of its own: DBOS writes on what it registers."""

    async def run(*args: Any) -> None:  # noqa: ANN401 -- JSON, as it was enqueued
        await body(*args)

    return run


def _prune(completed_before: str) -> int:
    old = DBOS.list_workflows(
        status=["SUCCESS", "ERROR"],
        completed_before=completed_before,
        limit=_PRUNED_AT_ONCE,
        load_input=False,
        load_output=False,
    )
    DBOS.delete_workflows([each.workflow_id for each in old])
    return len(old)


def _close_stragglers(engine: sa.Engine, ended: threading.Event) -> None:
    """Close what a thread of DBOS's that outlives it gives back after the engine was disposed."""

    def on_checkin(_: DBAPIConnection | None, record: ConnectionPoolEntry) -> None:
        if ended.is_set():
            record.invalidate()

    sa.event.listen(engine, "checkin", on_checkin)


def _prepare_sqlite(connection: DBAPIConnection, _: ConnectionPoolEntry) -> None:
    # As DBOS does for engines of its own, and never a weaker sync than ours (WAL is the file's).
    connection.isolation_level = "IMMEDIATE"
    cursor = connection.cursor()
    for pragma in ("busy_timeout=30000", "foreign_keys=ON", "synchronous=FULL"):
        cursor.execute(f"PRAGMA {pragma}")
    cursor.close()


def _status(found: DbosStatus) -> WorkflowStatus:
    match found.status:
        case "ENQUEUED" | "DELAYED":
            state = WorkflowState.WAITING
        case "PENDING":
            state = WorkflowState.RUNNING
        case "SUCCESS":
            state = WorkflowState.DONE
        case "ERROR":
            state = WorkflowState.FAILED
        case "MAX_RECOVERY_ATTEMPTS_EXCEEDED":
            state = WorkflowState.GIVEN_UP
        case "CANCELLED":
            state = WorkflowState.CANCELLED
        case other:
            assert_never(other)
    error = str(found.error) if found.error is not None else None
    return WorkflowStatus(found.workflow_id, found.name, state, error)
