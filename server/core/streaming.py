"""Answers that leave in a stream."""

from collections.abc import AsyncIterator, Iterator, Mapping
from contextlib import contextmanager

import structlog
from aiohttp import web

_log = structlog.get_logger(__name__)


async def send_stream(
    request: web.Request,
    blocks: AsyncIterator[bytes],
    headers: Mapping[str, str],
    *,
    size: int | None,
) -> web.StreamResponse:
    """Stream a body of ``size`` bytes; None where only its end will tell."""
    response = web.StreamResponse(headers=headers)
    if size is not None:
        response.content_length = size
    await response.prepare(request)
    with breaking_off(request):
        async for block in blocks:
            await response.write(block)
        await response.write_eof()
    return response


@contextmanager
def breaking_off(request: web.Request) -> Iterator[None]:
    """Break the connection where an answer under way cannot go on.

    An error's own answer would now stand in the middle of the body, and look like part of it.
    """
    try:
        yield
    except ConnectionError:
        raise
    except Exception as error:
        _log.warning("an answer broke off", reason=repr(error))
        if request.transport is not None:
            request.transport.abort()
        raise ConnectionResetError("the answer broke off") from error
