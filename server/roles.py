"""The roles of a process: what each runs, from its first listening socket to its drain."""

import asyncio
import gc
import ssl
from collections.abc import AsyncIterator, Callable, Iterable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from enum import StrEnum
from typing import Final

import structlog
import uvloop
from aiohttp import web

from dicom.dimse.server import DimseServer
from server.app import build_app, build_health_app
from server.audit.public import ReadRefusals
from server.core.logging import configure_logging
from server.core.settings import HttpSettings, Settings
from server.core.supervisor import Supervisor, stop_on_signals
from server.dicom_node.bounds import dimse_limits
from server.dicom_node.public import (
    PERFORMED_STEP,
    PERFORMED_STEP_RETRIEVE,
    STORAGE_COMMITMENT,
    Accounted,
    Budgets,
    CallingEntity,
    CommitmentCheck,
    Courier,
    NodeCommitment,
    NodeFind,
    NodeGate,
    NodePerformedSteps,
    NodeQueries,
    NodeRetrieve,
    NodeStore,
    NodeTls,
    NodeWorklist,
    UserIdentities,
    Visit,
)
from server.identity.public import SignInThrottle
from server.intake.public import Vouching
from server.media import build_media_app
from server.migrations.run import migrate
from server.scheduling.public import PerformedSteps
from server.services import Services, build_services, running
from server.worker import build_worker

_log = structlog.get_logger(__name__)


class RoleName(StrEnum):
    """What a process does."""

    WEB = "web"
    NODE = "node"
    MEDIA = "media"
    WORKER = "worker"


async def serve_role(role: RoleName, settings: Settings) -> None:
    """Run one role until it is told to stop."""
    stopping = asyncio.Event()
    stop_on_signals(stopping.set)
    async with _ROLES[role](settings):
        # What was made so far lives as long as the process; the collector may pass it over.
        gc.freeze()
        _log.info("ready")
        await stopping.wait()
        _log.info("stopping")


async def serve_all(settings: Settings) -> None:
    """Migrate, then run every role as a child and keep each running until told to stop."""
    resolved = settings.resolved()
    if resolved.database.url is not None:
        await asyncio.to_thread(migrate, resolved.database.url.get_secret_value())
    await _supervise(supervisor_for(settings))


async def serve_nodes(settings: Settings) -> None:
    """Run the node role alone, as the children that share its ports."""
    await _supervise(supervisor_for(settings, [RoleName.NODE]))


async def _supervise(supervisor: Supervisor) -> None:
    stop_on_signals(supervisor.stop)
    await supervisor.run()


def supervisor_for(settings: Settings, roles: Iterable[RoleName] = RoleName) -> Supervisor:
    """Make the supervisor of every role; the children read the same environment."""
    children = [
        role
        for role in roles
        for _ in range(settings.dicom.processes if role is RoleName.NODE else 1)
    ]
    return Supervisor(children, run_role, preload=[__name__], grace_s=settings.drain_grace_s)


def run_role(name: str) -> None:
    """Run one role as this process's only work."""
    role = RoleName(name)
    settings = Settings()
    configure_logging(settings.logging, role=role)
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        runner.run(serve_role(role, settings))


@asynccontextmanager
async def _web(settings: Settings) -> AsyncIterator[None]:
    http = settings.http
    app = build_app(settings)
    async with listening(app, settings, http.host, http.port, web_tls_context(http)):
        yield


@asynccontextmanager
async def _media(settings: Settings) -> AsyncIterator[None]:
    services = build_services(settings, role=RoleName.MEDIA)
    http = settings.http
    async with listening(build_media_app(services), settings, http.inner_host, http.media_port):
        yield


@asynccontextmanager
async def listening(
    app: web.Application,
    settings: Settings,
    host: str,
    port: int,
    tls: ssl.SSLContext | None = None,
) -> AsyncIterator[None]:
    """Serve ``app`` while the context lasts, and let what is under way end after it."""
    runner = web.AppRunner(
        app,
        access_log=None,
        handle_signals=False,
        shutdown_timeout=settings.drain_grace_s,
        keepalive_timeout=75.0,
        max_line_size=16_384,
        max_field_size=16_384,
    )
    await runner.setup()
    try:
        site = web.TCPSite(runner, host, port, ssl_context=tls)
        await site.start()
        _log.info("listening", at=runner.addresses[0][:2], tls=tls is not None)
        yield
    finally:
        await runner.cleanup()


@asynccontextmanager
async def _node(settings: Settings) -> AsyncIterator[None]:
    services = build_services(settings, role=RoleName.NODE)
    courier = commitment_courier(services)
    async with running(services), courier.running():
        server = dimse_server(services, courier)
        dicom = settings.dicom
        shared = dicom.processes > 1
        port = await server.start(dicom.host, dicom.port, reuse_port=shared)
        _log.info("listening", at=(dicom.host, port), ae=dicom.ae_title)
        if dicom.tls_port is not None:
            tls_port = await server.start(
                dicom.host, dicom.tls_port, NodeTls(dicom).context, reuse_port=shared
            )
            _log.info("listening", at=(dicom.host, tls_port), ae=dicom.ae_title, tls=True)
        try:
            yield
        finally:
            await server.close(settings.drain_grace_s)


@asynccontextmanager
async def _worker(settings: Settings) -> AsyncIterator[None]:
    services = build_services(settings, role=RoleName.WORKER)
    health = build_health_app(services)
    worker = build_worker(services)
    async with (
        running(services),
        worker.running(),
        listening(health, settings, settings.http.inner_host, settings.http.worker_port),
    ):
        yield


_ROLES: Final[dict[RoleName, Callable[[Settings], AbstractAsyncContextManager[None]]]] = {
    RoleName.WEB: _web,
    RoleName.NODE: _node,
    RoleName.MEDIA: _media,
    RoleName.WORKER: _worker,
}


def commitment_courier(services: Services) -> Courier:
    """Make who answers requests for storage commitment."""
    return Courier(
        database=services.database,
        check=CommitmentCheck(
            database=services.database,
            vouching=Vouching(
                spool=services.spool,
                store=services.stores.originals,
                database=services.database,
                executor=services.executor,
            ),
            clock=services.clock,
        ),
        devices=services.devices,
        audit=services.audit,
        clock=services.clock,
        calling=CallingEntity.of(services.settings.dicom),
        executor=services.executor,
    )


def admission(services: Services) -> tuple[NodeGate, NodeStore, Budgets]:
    """Make who admits devices and who takes their objects, and the budgets both count by."""
    dicom = services.settings.dicom
    budgets = Budgets(dicom, services.clock)
    gate = NodeGate(
        devices=services.devices,
        database=services.database,
        audit=services.audit,
        clock=services.clock,
        called_ae=dicom.ae_title if dicom.check_called_ae else None,
        budgets=budgets,
        users=UserIdentities(
            passwords=services.passwords,
            throttle=SignInThrottle(services.settings.identity),
            clock=services.clock,
        ),
    )
    return gate, NodeStore(services.intake, budgets, services.clock), budgets


def dimse_server(services: Services, courier: Courier | None = None) -> DimseServer[Visit]:
    """Make the DICOM node over ``services``; without a courier, one of its own."""
    dicom = services.settings.dicom
    gate, store, budgets = admission(services)
    queries = NodeQueries(
        archive=NodeFind(
            services.searches, services.executor, ae_title=dicom.ae_title, most=dicom.max_matches
        ),
        worklist=NodeWorklist(services.steps, most=dicom.max_matches),
    )
    retrievals = NodeRetrieve(
        selector=services.selector,
        outgoing=services.outgoing,
        devices=services.devices,
        reads=services.reads,
        refusals=ReadRefusals(
            database=services.database, trail=services.audit, clock=services.clock
        ),
        calling=CallingEntity.of(dicom),
        most=dicom.max_retrieved,
    )
    commitment = NodeCommitment(
        database=services.database,
        courier=courier or commitment_courier(services),
        audit=services.audit,
        clock=services.clock,
        ids=services.ids,
        executor=services.executor,
    )
    performed = NodePerformedSteps(
        PerformedSteps(
            database=services.database,
            audit=services.audit,
            clock=services.clock,
            ids=services.ids,
            executor=services.executor,
        ),
        services.executor,
    )
    return DimseServer(
        gate,
        store,
        find_handler=queries,
        retrieve_handler=retrievals,
        normalized={
            STORAGE_COMMITMENT: Accounted(commitment, budgets),
            PERFORMED_STEP: Accounted(performed, budgets),
            PERFORMED_STEP_RETRIEVE: Accounted(performed, budgets),
        },
        limits=dimse_limits(dicom),
    )


def web_tls_context(settings: HttpSettings) -> ssl.SSLContext | None:
    """Make the context of the web role's port; None where it speaks plain HTTP."""
    if settings.tls_certificate is None:
        return None
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    context.load_cert_chain(settings.tls_certificate, settings.tls_key)
    return context
