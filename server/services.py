"""The parts of a process: made here without connecting anywhere, opened and closed in order."""

import asyncio
from collections.abc import AsyncIterator
from concurrent.futures import Executor, ThreadPoolExecutor
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, replace
from typing import Final

from prometheus_client import CollectorRegistry

from dicom.decode_pool import DecodePool
from server.audit.anchors import Anchors
from server.audit.fallback import FallbackLog
from server.audit.key import load_or_create_key
from server.audit.public import AuditTrail, ReadAudit
from server.consults.public import ConsultService, IceServers
from server.core.clock import Clock, SystemClock
from server.core.database import Database, open_database
from server.core.ids import Ids, RandomIds
from server.core.objects.open import ObjectStores, build_cold_store, build_object_stores
from server.core.settings import Settings
from server.dicom_node.public import DeviceService, OutgoingObjects
from server.dicomweb.derived_scrub import DerivedScrub
from server.ecg_records.conversion import EcgConverter
from server.ecg_records.public import EcgFollower
from server.ecg_records.workbench import EcgWorkbench, WorkLimits
from server.exports.public import Anonymizer, StudyExporter
from server.forwarding.public import (
    ForwardDesk,
    ForwardFollower,
    RouteBook,
    RouteService,
    StudySending,
)
from server.identity.institutions import InstitutionService
from server.identity.passwords import Passwords
from server.identity.people import PeopleService
from server.identity.public import EMERGENCY_ROLES
from server.identity.sessions import SessionService
from server.identity.tokens import TokenService
from server.intake.commit import Committer
from server.intake.drain import Drain
from server.intake.originals import Originals
from server.intake.public import Indexer
from server.intake.scrub import Scrub
from server.intake.service import IntakeLimits, IntakeService
from server.intake.spool import Spool
from server.intake.uploads import UploadService
from server.lifecycle.public import LifecycleService, Purger, Quarantine, Tiering
from server.patients.public import PatientMergeService, PatientService
from server.realtime.tail import EventTail
from server.requests.public import RequestFollower, RequestService
from server.scheduling.public import ExamArrivals, SchedulingService, WorklistSearch
from server.studies.public import (
    InstanceSelector,
    RejectionService,
    StudyHomes,
    StudyIndex,
    StudySearch,
    StudyService,
)
from server.workitems.public import SubscriptionService, WorkitemService

# What a device's object may have beyond its own bytes: the file meta information we put before it.
_FILE_META_BYTES: Final = 64 * 1024
_DRAIN_STOPS_WITHIN_S: Final = 3.0


@dataclass(frozen=True)
class Services:
    """Everything one process works with."""

    settings: Settings
    clock: Clock
    ids: Ids
    registry: CollectorRegistry
    executor: Executor
    database: Database
    stores: ObjectStores
    spool: Spool
    audit: AuditTrail
    institutions: InstitutionService
    people: PeopleService
    sessions: SessionService
    tokens: TokenService
    devices: DeviceService
    passwords: Passwords
    decoders: DecodePool
    """Its processes start when first asked."""
    bench: EcgWorkbench
    """Its processes start when first asked, or when a role opens it."""
    committer: Committer
    intake: IntakeService
    uploads: UploadService
    originals: Originals
    outgoing: OutgoingObjects
    exporter: StudyExporter
    drain: Drain
    scrub: Scrub
    derived_scrub: DerivedScrub
    merges: PatientMergeService
    lifecycle: LifecycleService
    quarantine: Quarantine
    tiering: Tiering
    purger: Purger
    studies: StudyService
    rejections: RejectionService
    searches: StudySearch
    selector: InstanceSelector
    scheduling: SchedulingService
    steps: WorklistSearch
    """What devices shall examine."""
    requests: RequestService
    workitems: WorkitemService
    subscriptions: SubscriptionService
    reads: ReadAudit
    anchors: Anchors
    tail: EventTail
    consults: ConsultService
    routes: RouteService
    forwards: ForwardDesk
    sending: StudySending


def build_services(
    settings: Settings,
    *,
    role: str,
    clock: Clock | None = None,
    ids: Ids | None = None,
    indexer: Indexer | None = None,
) -> Services:
    """Make the parts of a process in ``role``; nothing connects yet.

    What arrives is indexed as studies, or by another ``indexer``.
    """
    settings = settings.resolved()
    clock, ids = clock or SystemClock(), ids or RandomIds()
    executor = ThreadPoolExecutor(16, thread_name_prefix="blocking")
    database = open_database(settings.database)
    if (
        settings.objects.url is None
        or settings.spool.dir is None
        or settings.audit.key_file is None
    ):
        raise ValueError("resolved settings have every place")
    stores = build_object_stores(settings.objects.url.get_secret_value(), executor=executor)
    tiered = None
    if settings.lifecycle.cold_url is not None:
        cold_url = settings.lifecycle.cold_url.get_secret_value()
        tiered = build_cold_store(cold_url, stores.originals, executor=executor)
        stores = replace(stores, originals=tiered)
    key = load_or_create_key(settings.audit.key_file)
    audit = AuditTrail(key=key, clock=clock, ids=ids, role=role)
    institutions = InstitutionService(database=database, trail=audit, clock=clock, ids=ids)
    passwords = Passwords()
    spool = Spool(
        settings.spool.dir,
        min_free_bytes=settings.spool.min_free_bytes,
        ids=ids,
        executor=executor,
    )
    devices = DeviceService(
        database=database, audit=audit, clock=clock, ids=ids, passwords=passwords
    )
    follower = RequestFollower(
        counties=institutions,
        exams=ExamArrivals(audit=audit, clock=clock),
        audit=audit,
        clock=clock,
        ids=ids,
    )
    index = StudyIndex(
        patients=PatientService(clock, ids),
        counties=institutions,
        audit=audit,
        ids=ids,
        followers=[
            # These two come first: they lock rows, which nobody does after an event.
            ForwardFollower(book=RouteBook(clock), clock=clock, ids=ids),
            follower,
            EcgFollower(screening=settings.ecg.screening, ids=ids),
        ],
    )
    committer = Committer(
        database,
        indexer or index,
        audit,
        ids,
        max_quarantine_bytes=settings.spool.max_quarantine_bytes,
    )
    bench = ecg_workbench(settings)
    largest = max(settings.dicom.max_object_bytes, settings.http.max_upload_bytes)
    intake = IntakeService(
        spool=spool,
        committer=committer,
        database=database,
        executor=executor,
        clock=clock,
        ids=ids,
        limits=IntakeLimits(largest + _FILE_META_BYTES, settings.spool.max_quarantine_bytes),
        converter=EcgConverter(bench),
    )
    uploads = UploadService(
        spool=spool,
        intake=intake,
        database=database,
        audit=audit,
        executor=executor,
        clock=clock,
        ids=ids,
    )
    people = PeopleService(
        database=database, trail=audit, clock=clock, ids=ids, passwords=passwords
    )
    studies = StudyService(database, institutions, clock)
    requests = RequestService(database=database, studies=studies, audit=audit, clock=clock)
    reads = ReadAudit(
        database=database,
        trail=audit,
        clock=clock,
        ids=ids,
        fallback=FallbackLog(settings.data_dir, key),
        emergency_roles=EMERGENCY_ROLES,
    )
    originals = Originals(
        spool=spool, store=stores.originals, database=database, clock=clock, executor=executor
    )
    decoding = settings.decoding
    decoders = DecodePool(decoding.workers, decoding.memory_limit_bytes, decoding.cpu_limit_s)
    workitems = WorkitemService(
        database=database,
        requests=requests,
        opener=follower,
        institutions=institutions,
        people=people,
        reads=reads,
        audit=audit,
        clock=clock,
    )
    return Services(
        settings=settings,
        clock=clock,
        ids=ids,
        registry=CollectorRegistry(),
        executor=executor,
        database=database,
        stores=stores,
        spool=spool,
        audit=audit,
        institutions=institutions,
        people=people,
        sessions=SessionService(
            database=database,
            trail=audit,
            clock=clock,
            ids=ids,
            passwords=passwords,
            settings=settings.identity,
        ),
        tokens=TokenService(database=database, trail=audit, clock=clock, ids=ids),
        devices=devices,
        passwords=passwords,
        decoders=decoders,
        bench=bench,
        committer=committer,
        intake=intake,
        uploads=uploads,
        originals=originals,
        outgoing=OutgoingObjects(originals=originals, transcoder=decoders, executor=executor),
        exporter=StudyExporter(
            database=database,
            originals=originals,
            anonymizer=Anonymizer(originals=originals, executor=executor, key=key),
            audit=audit,
            clock=clock,
            executor=executor,
        ),
        drain=Drain(
            spool=spool,
            store=stores.originals,
            database=database,
            clock=clock,
            executor=executor,
            lock_path=settings.spool.dir / "drain.lock",
            chores=[uploads.expire],
            is_busy=lambda: committer.is_busy,
        ),
        scrub=Scrub(
            spool=spool,
            store=stores.originals,
            database=database,
            audit=audit,
            clock=clock,
            executor=executor,
        ),
        derived_scrub=DerivedScrub(store=stores.derived, database=database, clock=clock),
        quarantine=Quarantine(database=database, originals=stores.originals, audit=audit),
        lifecycle=LifecycleService(
            database=database, audit=audit, clock=clock, ids=ids, settings=settings.lifecycle
        ),
        tiering=Tiering(
            database=database,
            store=tiered,
            audit=audit,
            clock=clock,
            settings=settings.lifecycle,
        ),
        purger=Purger(
            database=database,
            originals=stores.originals,
            derived=stores.derived,
            audit=audit,
            clock=clock,
            settings=settings.lifecycle,
        ),
        merges=PatientMergeService(
            database=database,
            institutions=institutions,
            homes=StudyHomes(clock),
            audit=audit,
            clock=clock,
            ids=ids,
        ),
        studies=studies,
        rejections=RejectionService(
            database=database,
            studies=studies,
            institutions=institutions,
            follower=follower,
            audit=audit,
            clock=clock,
        ),
        searches=StudySearch(database=database, clock=clock),
        selector=InstanceSelector(database=database, clock=clock),
        scheduling=SchedulingService(database=database, audit=audit, clock=clock, ids=ids),
        steps=WorklistSearch(database=database),
        requests=requests,
        workitems=workitems,
        subscriptions=SubscriptionService(
            database=database, workitems=workitems, audit=audit, clock=clock, ids=ids
        ),
        reads=reads,
        anchors=Anchors(
            database=database,
            key=key,
            clock=clock,
            directory=settings.data_dir,
            every_s=settings.audit.anchor_every_s,
        ),
        tail=EventTail(database),
        consults=ConsultService(
            database=database,
            requests=requests,
            studies=studies,
            people=people,
            institutions=institutions,
            reads=reads,
            trail=audit,
            ice=IceServers(settings.rtc, clock),
            clock=clock,
            ids=ids,
        ),
        routes=RouteService(database=database, devices=devices, audit=audit, clock=clock, ids=ids),
        forwards=ForwardDesk(database=database, devices=devices, audit=audit, clock=clock),
        sending=StudySending(database=database, devices=devices, audit=audit, clock=clock, ids=ids),
    )


@asynccontextmanager
async def running(services: Services) -> AsyncIterator[None]:
    """Open what a process needs, in order, and close it in the opposite one."""
    async with AsyncExitStack() as stack:
        stack.callback(services.executor.shutdown)
        stack.push_async_callback(services.database.close)
        for store in (services.stores.originals, services.stores.derived):
            await store.open()
            stack.push_async_callback(store.close)
        services.spool.open()
        stack.callback(services.spool.close)
        stack.push_async_callback(services.bench.close)
        await stack.enter_async_context(services.decoders)
        drain = asyncio.create_task(services.drain.run(), name="drain")
        stack.push_async_callback(_stop_drain, services.drain, drain)
        services.committer.start()
        stack.push_async_callback(services.committer.close)
        await services.tail.start()
        stack.push_async_callback(services.tail.stop)
        yield


async def _stop_drain(drain: Drain, task: asyncio.Task[None]) -> None:
    drain.stop()
    _, late = await asyncio.wait({task}, timeout=_DRAIN_STOPS_WITHIN_S)
    if late:
        # A store that hangs must not hold the process: what is cut off here is done again.
        task.cancel()
        await asyncio.wait({task})


def ecg_workbench(settings: Settings) -> EcgWorkbench:
    """Make the workbench of ECGs: killable processes with the decoders' limits."""
    decoding = settings.decoding
    return EcgWorkbench(
        workers=decoding.workers,
        limits=WorkLimits(
            memory_bytes=decoding.memory_limit_bytes,
            cpu_s=decoding.cpu_limit_s,
            wall_s=3.0 * decoding.cpu_limit_s,
        ),
        critical=settings.ecg.critical.values(),
    )
