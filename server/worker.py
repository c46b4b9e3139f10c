"""The worker role: it screens and forwards what arrives, patrols the archive, and prunes."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager, suppress
from dataclasses import dataclass
from datetime import timedelta
from functools import partial
from typing import Final

import structlog

from server.core.errors import LianzhenError
from server.core.workflows import WorkflowEngine
from server.dicom_node.public import CallingEntity
from server.ecg_records.jobs import SCREENING_QUEUE, ScreeningJobs
from server.ecg_records.public import ARRIVED as ECG_ARRIVED
from server.ecg_records.screening import Screener
from server.forwarding.public import (
    Backoff,
    Forwarder,
    ForwardLimits,
    ForwardQueue,
    Means,
)
from server.intake.folders import FolderWatcher, WatchedFolder
from server.intake.patrol import Patrol
from server.realtime.consumer import DurableConsumer, prune
from server.realtime.tail import EventRecord
from server.requests.public import RiskRaiser
from server.services import Services

_log = structlog.get_logger(__name__)
# What ended this long ago is no help to anybody asking what happened to an ECG.
_WORKFLOWS_KEPT: Final = timedelta(days=30)
# After so long another worker sends what one that died had begun to.
_LEASE: Final = timedelta(seconds=60)


@dataclass(frozen=True)
class Worker:
    """What the worker role runs beside the services of every process."""

    services: Services
    engine: WorkflowEngine
    jobs: ScreeningJobs
    consumer: DurableConsumer
    watchers: tuple[FolderWatcher, ...]
    forwards: ForwardQueue
    forwarder: Forwarder
    patrol: Patrol | None
    """None where the settings leave the reading to somebody else."""

    @asynccontextmanager
    async def running(self) -> AsyncIterator[None]:
        """Screen what arrives, anchor the audit and prune what is old, until the context ends."""
        grace_s = self.services.settings.drain_grace_s
        async with AsyncExitStack() as stack:
            await self.services.bench.open()
            await self.engine.start()
            stack.push_async_callback(self.engine.stop, grace_s)
            await self.jobs.recover()
            await self.consumer.start()
            stack.push_async_callback(self.consumer.stop)
            for number, watcher in enumerate(self.watchers):
                watching = asyncio.create_task(watcher.run(), name=f"folder-{number}")
                stack.push_async_callback(_cancelled, watching)
            await self.forwarder.start()
            stack.push_async_callback(self.forwarder.stop, grace_s)
            stack.push_async_callback(self.services.anchors.write, at_shutdown=True)
            every_s = self.services.settings.audit.anchor_every_s
            chores = asyncio.create_task(self._chores(every_s), name="chores")
            stack.push_async_callback(_cancelled, chores)
            if self.patrol is not None:
                patrol = asyncio.create_task(self.patrol.run(), name="patrol")
                stack.push_async_callback(_cancelled, patrol)
            yield

    async def _prune_workflows(self) -> None:
        await self.engine.prune(self.services.clock.now() - _WORKFLOWS_KEPT)

    async def _chores(self, every_s: float) -> None:
        services = self.services
        while True:
            for chore in (
                services.reads.import_fallback,
                services.anchors.write,
                services.reads.prune,
                services.sessions.prune,
                services.purger.run,
                services.tiering.run,
                self._prune_workflows,
                self.forwards.prune,
                partial(prune, services.database, services.clock),
            ):
                try:
                    await chore()
                except Exception as error:  # noqa: BLE001 -- one chore must not end the others
                    expected = isinstance(error, LianzhenError)
                    _log.warning(
                        "a chore waits for the next round",
                        reason=str(error),
                        exc_info=not expected,
                    )
            await asyncio.sleep(every_s)


def build_worker(services: Services) -> Worker:
    """Make what the worker role runs."""
    url = services.settings.database.url
    if url is None:
        raise ValueError("resolved settings have every place")
    engine = WorkflowEngine(
        url.get_secret_value(), executor_id=services.settings.worker_id, queues=[SCREENING_QUEUE]
    )
    jobs = ScreeningJobs(
        engine=engine,
        screener=Screener(
            database=services.database,
            originals=services.originals,
            bench=services.bench,
            studies=services.studies,
            audit=services.audit,
            clock=services.clock,
            sequel=RiskRaiser(audit=services.audit, clock=services.clock),
        ),
        database=services.database,
    )
    jobs.register()

    async def screen(event: EventRecord) -> None:
        await jobs.enqueue(str(event.payload["ecg_id"]))

    forwards = ForwardQueue(
        database=services.database,
        audit=services.audit,
        clock=services.clock,
        worker=services.settings.worker_id,
        lease=_LEASE,
        backoff=Backoff(),
    )
    return Worker(
        services=services,
        engine=engine,
        jobs=jobs,
        consumer=DurableConsumer(
            "ecg-screening",
            screen,
            topics={ECG_ARRIVED},
            database=services.database,
            tail=services.tail,
        ),
        watchers=folder_watchers(services),
        forwards=forwards,
        forwarder=Forwarder(
            means=Means(
                queue=forwards,
                devices=services.devices,
                outgoing=services.outgoing,
                reads=services.reads,
                calling=CallingEntity.of(services.settings.dicom),
            ),
            limits=ForwardLimits(associations=services.settings.dicom.max_forwarding),
        ),
        patrol=_patrol(services),
    )


def _patrol(services: Services) -> Patrol | None:
    cycle = timedelta(days=services.settings.scrub.cycle_days)
    if not cycle:
        return None
    return Patrol(
        services.scrub,
        path=services.settings.data_dir / f"patrol-{services.settings.worker_id}.json",
        cycle=cycle,
        clock=services.clock,
        executor=services.executor,
        afterwards=partial(services.derived_scrub.run, gently=True),
    )


def folder_watchers(services: Services) -> tuple[FolderWatcher, ...]:
    """Make the watchers of the folders that the settings name."""
    settings = services.settings.folders
    return tuple(
        FolderWatcher(
            WatchedFolder.named(each),
            settled_s=settings.settled_s,
            keep_done_days=settings.keep_done_days,
            intake=services.intake,
            owners=services.institutions,
            database=services.database,
            audit=services.audit,
            executor=services.executor,
            clock=services.clock,
            ids=services.ids,
        )
        for each in settings.watched
    )


async def _cancelled(task: asyncio.Task[None]) -> None:
    task.cancel()
    with suppress(asyncio.CancelledError):
        await task
