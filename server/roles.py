"""The roles of a process: what each runs, from its first listening socket to its drain."""

import asyncio
import gc
from collections.abc import AsyncIterator, Callable, Iterable, Sequence
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from typing import Final

import structlog
import uvloop

from server.core.logging import configure_logging
from server.core.settings import Settings
from server.core.supervisor import Supervisor, stop_on_signals
from server.listening import listening, web_tls_context
from server.migrations.run import migrate
from server.role_names import RoleName
from server.services import build_services, running

_log = structlog.get_logger(__name__)


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
    roles = tuple(roles)
    children = [
        role
        for role in roles
        for _ in range(settings.dicom.processes if role is RoleName.NODE else 1)
    ]
    return Supervisor(children, run_role, preload=preload(roles), grace_s=settings.drain_grace_s)


def preload(roles: Iterable[RoleName] = RoleName) -> Sequence[str]:
    """Return the modules to import once before the roles are forked."""
    return [*(role.module for role in roles), __name__]


def run_role(name: str) -> None:
    """Run one role as this process's only work."""
    role = RoleName(name)
    settings = Settings()
    configure_logging(settings.logging, role=role)
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        runner.run(serve_role(role, settings))


@asynccontextmanager
async def _web(settings: Settings) -> AsyncIterator[None]:
    from server.app import build_app  # noqa: PLC0415 -- see RoleName.module

    http = settings.http
    app = build_app(settings)
    async with listening(app, settings, http.host, http.port, web_tls_context(http)):
        yield


@asynccontextmanager
async def _media(settings: Settings) -> AsyncIterator[None]:
    from server.media import build_media_app  # noqa: PLC0415 -- see RoleName.module

    services = build_services(settings, role=RoleName.MEDIA)
    http = settings.http
    async with listening(build_media_app(services), settings, http.inner_host, http.media_port):
        yield


@asynccontextmanager
async def _node(settings: Settings) -> AsyncIterator[None]:
    from server.node import running_node  # noqa: PLC0415 -- see RoleName.module

    async with running_node(build_services(settings, role=RoleName.NODE)):
        yield


@asynccontextmanager
async def _worker(settings: Settings) -> AsyncIterator[None]:
    from server.app import build_health_app  # noqa: PLC0415 -- see RoleName.module
    from server.worker import build_worker  # noqa: PLC0415

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
