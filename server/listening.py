"""HTTP on a port: served while a context lasts, and what is under way ends after it."""

import ssl
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import structlog
from aiohttp import web

from server.core.settings import HttpSettings, Settings

_log = structlog.get_logger(__name__)


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


def web_tls_context(settings: HttpSettings) -> ssl.SSLContext | None:
    """Make the context of the web role's port; None where it speaks plain HTTP."""
    if settings.tls_certificate is None:
        return None
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    context.load_cert_chain(settings.tls_certificate, settings.tls_key)
    return context
