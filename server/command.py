"""What every command stands on: settings from the environment, an event loop, and services."""

import asyncio
from collections.abc import AsyncIterator, Callable, Coroutine
from contextlib import asynccontextmanager
from typing import Annotated, Any, Final

import typer
import uvloop

from server.core.logging import configure_logging
from server.core.settings import Settings
from server.services import Services, build_services

DEFAULT_ORG: Final = "default"
Org = Annotated[str, typer.Option(help="Community 医共体 that the institution belongs to.")]


def run(work: Coroutine[Any, Any, None]) -> None:
    """Run a coroutine to its end."""
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        runner.run(work)


def configured(role: str = "cli") -> Settings:
    """Return the settings, with logging set up by them."""
    settings = Settings()
    configure_logging(settings.logging, role=role)
    return settings


@asynccontextmanager
async def _services() -> AsyncIterator[Services]:
    services = build_services(configured(), role="cli")
    try:
        yield services
    finally:
        await services.database.close()


def administer(work: Callable[[Services], Coroutine[Any, Any, None]]) -> None:
    """Do something with the services of this installation, which may be running or not."""

    async def with_services() -> None:
        async with _services() as services:
            await work(services)

    run(with_services())
