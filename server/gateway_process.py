"""The gateway as a process: a DICOM node and watched folders in, one line to the county out.

It has intake, devices, people and audit as a county's server has them, over a database of its own;
what arrives is indexed by the outbox, and there is no object store.
"""

import asyncio
import fcntl
import gc
import os
from collections.abc import AsyncIterator, Iterator
from contextlib import AsyncExitStack, asynccontextmanager, contextmanager, suppress
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Final

import structlog
from aiohttp import web
from sqlalchemy import func, select

from dicom.dimse.server import DimseServer
from dicom.lossless import Compression
from server.core.clock import Clock
from server.core.errors import Conflict, InvalidInput, LianzhenError
from server.core.health import public_health_routes
from server.core.http import add_routes, errors_become_problems, set_security_headers
from server.core.settings import GatewayCompression, Settings
from server.core.supervisor import stop_on_signals
from server.dicom_node.bounds import dimse_limits
from server.dicom_node.public import NodeTls
from server.gateway.compressor import Compressor
from server.gateway.county import County
from server.gateway.forwarder import Forwarder
from server.gateway.line import LineBook
from server.gateway.outbox import Outbox
from server.gateway.overview import Overview
from server.gateway.pace import Hours, Timetable
from server.gateway.queue import Queue
from server.gateway.routes import gateway_routes
from server.identity.middleware import Refusals, door, guard
from server.identity.models import Institution
from server.identity.routes import identity_routes
from server.intake.public import sweep
from server.listening import listening, web_tls_context
from server.migrations.run import migrate
from server.node import admission
from server.services import Services, build_services
from server.worker import folder_watchers

_log = structlog.get_logger(__name__)
_CHORES_EVERY_S: Final = 60.0


@dataclass(frozen=True)
class Gateway:
    """Everything a gateway works with."""

    services: Services
    queue: Queue
    county: County
    line: LineBook
    compressor: Compressor | None
    forwarder: Forwarder
    overview: Overview


def build_gateway(settings: Settings, *, clock: Clock | None = None) -> Gateway:
    """Make the parts of a gateway; nothing connects yet.

    Raises
    ------
    InvalidInput
        If it is not told where the county is.
    """
    settings = settings.resolved()
    ours = settings.gateway
    county_url, token_file = _where(settings)
    outbox = Outbox(emergency_sources=ours.emergency_sources)
    services = build_services(settings, role="gateway", clock=clock, indexer=outbox)
    queue = Queue(database=services.database, audit=services.audit, clock=services.clock)
    county = County(
        county_url, ca=ours.county_ca, read_token=lambda: token_file.read_text().strip()
    )
    line = LineBook(database=services.database, clock=services.clock)
    compressor = None
    if ours.compression is not GatewayCompression.NONE:
        compressor = Compressor(
            Compression(ours.compression.value),
            memory_limit_bytes=settings.decoding.memory_limit_bytes,
        )
    timetable = Timetable(
        [Hours.parse(each) for each in ours.hours], kbit_s=ours.max_kbit_s, clock=services.clock
    )
    return Gateway(
        services=services,
        queue=queue,
        county=county,
        line=line,
        compressor=compressor,
        forwarder=Forwarder(
            queue=queue,
            county=county,
            line=line,
            spool=services.spool,
            compressor=compressor,
            timetable=timetable,
            clock=services.clock,
            ids=services.ids,
            executor=services.executor,
        ),
        overview=Overview(
            database=services.database,
            spool=services.spool,
            timetable=timetable,
            county_url=county_url,
        ),
    )


def _where(settings: Settings) -> tuple[str, Path]:
    ours = settings.gateway
    if ours.county_url is None or ours.token_file is None:
        raise InvalidInput("set LIANZHEN_GATEWAY__COUNTY_URL to the county's https address")
    return ours.county_url, ours.token_file


def build_gateway_app(gateway: Gateway) -> web.Application:
    """Make the application of the gateway's page."""
    services = gateway.services
    http = services.settings.http
    refusals = Refusals(database=services.database, trail=services.audit, clock=services.clock)
    app = web.Application(
        middlewares=[
            errors_become_problems(services.ids),
            guard(
                door(
                    sessions=services.sessions,
                    tokens=services.tokens,
                    refusals=refusals,
                    http=http,
                )
            ),
        ],
        client_max_size=http.max_json_bytes,
    )
    app.on_response_prepare.append(set_security_headers(hsts=http.sends_hsts))

    async def has_room() -> None:
        services.spool.check_room()
        if not services.committer.alive:
            raise RuntimeError("the committer is gone")

    add_routes(
        app,
        [
            *public_health_routes({"database": services.database.check, "spool": has_room}),
            *identity_routes(sessions=services.sessions, http=http),
            *gateway_routes(
                overview=gateway.overview, queue=gateway.queue, forwarder=gateway.forwarder
            ),
        ],
    )
    return app


async def run_gateway(settings: Settings) -> None:
    """Run until told to stop.

    Raises
    ------
    InvalidInput
        If a setting, or this gateway's institution, is missing.
    Conflict
        If another gateway runs over the same data.
    """
    settings = settings.resolved()
    _where(settings)
    settings.data_dir.mkdir(parents=True, exist_ok=True)
    stopping = asyncio.Event()
    stop_on_signals(stopping.set)
    with _alone(settings.data_dir / "gateway.lock"):
        if settings.database.url is not None:
            await asyncio.to_thread(migrate, settings.database.url.get_secret_value())
        async with _running(build_gateway(settings)):
            # What was made so far lives as long as the process; the collector may pass it over.
            gc.freeze()
            _log.info("ready")
            await stopping.wait()
            _log.info("stopping")


@asynccontextmanager
async def _running(gateway: Gateway) -> AsyncIterator[None]:
    """Receive, forward and show, until the context ends."""
    services = gateway.services
    settings = services.settings
    async with AsyncExitStack() as stack:
        stack.callback(services.executor.shutdown)
        stack.push_async_callback(services.database.close)
        await _check_institution(services)
        await gateway.line.open()
        services.spool.open()
        stack.callback(services.spool.close)
        stack.push_async_callback(services.bench.close)
        if gateway.compressor is not None:
            stack.push_async_callback(gateway.compressor.close)
        services.committer.start()
        stack.push_async_callback(services.committer.close)
        stack.push_async_callback(services.anchors.write, at_shutdown=True)
        stack.push_async_callback(gateway.county.close)
        tasks = {
            "forwarder": gateway.forwarder.run,
            "chores": lambda: _chores(gateway),
            **{
                f"folder-{number}": watcher.run
                for number, watcher in enumerate(folder_watchers(services))
            },
        }
        for name, work in tasks.items():
            task = asyncio.create_task(work(), name=name)
            stack.push_async_callback(_cancelled, task)
        await stack.enter_async_context(_dicom_node(services))
        http = settings.http
        await stack.enter_async_context(
            listening(
                build_gateway_app(gateway), settings, http.host, http.port, web_tls_context(http)
            )
        )
        yield


@asynccontextmanager
async def _dicom_node(services: Services) -> AsyncIterator[None]:
    """Take C-ECHO and C-STORE of registered devices; what was sent on is asked of the county."""
    settings = services.settings
    dicom = settings.dicom
    gate, store, _ = admission(services)
    server = DimseServer(gate, store, limits=dimse_limits(dicom))
    port = await server.start(dicom.host, dicom.port)
    _log.info("listening", at=(dicom.host, port), ae=dicom.ae_title)
    if dicom.tls_port is not None:
        tls_port = await server.start(dicom.host, dicom.tls_port, NodeTls(dicom).context)
        _log.info("listening", at=(dicom.host, tls_port), ae=dicom.ae_title, tls=True)
    try:
        yield
    finally:
        await server.close(settings.drain_grace_s)


async def _chores(gateway: Gateway) -> None:
    services = gateway.services
    settings = services.settings
    keep = timedelta(days=settings.gateway.keep_days)
    remember = keep + timedelta(days=settings.gateway.records_days)

    async def forget() -> None:
        now = services.clock.now()
        more = 1
        while more:
            more = await gateway.queue.forget(
                confirmed_before=now - keep, remove=services.spool.remove
            )
        await gateway.queue.forget_records(confirmed_before=now - remember)

    while True:
        for chore in (
            forget,
            lambda: sweep(services.spool, services.database, services.executor),
            services.anchors.write,
            services.sessions.prune,
        ):
            try:
                await chore()
            except Exception as error:  # noqa: BLE001 -- one chore must not end the others
                expected = isinstance(error, LianzhenError | OSError)
                _log.warning(
                    "a chore waits for the next round", reason=str(error), exc_info=not expected
                )
        await asyncio.sleep(_CHORES_EVERY_S)


async def _check_institution(services: Services) -> None:
    """Make sure that there is one institution: the county knows a gateway by its token alone."""
    async with services.database.reading() as session:
        count = await session.scalar(select(func.count()).select_from(Institution))
    if count != 1:
        raise InvalidInput(
            f"a gateway belongs to one institution, and here are {count}; make it with "
            "`lianzhen institution create`, and its devices with `lianzhen device create`"
        )


@contextmanager
def _alone(path: Path) -> Iterator[None]:
    """Hold the lock on a gateway's data."""
    fd = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o640)
    try:
        try:
            fcntl.flock(fd, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise Conflict("another gateway runs over the same data directory") from None
        yield
    finally:
        os.close(fd)


async def _cancelled(task: asyncio.Task[None]) -> None:
    task.cancel()
    with suppress(asyncio.CancelledError):
        await task
