"""STOW-RS: bodies of any size, part by part into intake (PS3.18 10.5)."""

from collections import deque
from collections.abc import AsyncIterator
from typing import Final

from aiohttp import ClientPayloadError, web
from aiohttp.http_exceptions import HttpProcessingError

from dicom.web.media_types import DICOM, MULTIPART_RELATED, MediaTypeError, parse_media_type
from dicom.web.multipart import (
    Event,
    MultipartError,
    MultipartParser,
    PartBegin,
    PartData,
    PartEnd,
    parse_multipart_type,
)
from server.core.errors import InvalidInput, UnsupportedMedia
from server.core.http import Requires, Route
from server.dicomweb import negotiation
from server.dicomweb.access import Target
from server.dicomweb.responses import PREFIX, base_url
from server.dicomweb.storage import StorageService
from server.identity.public import ACTOR, Action

_MOST_HEADER_BYTES: Final = 8192
_BROKEN: Final = (ClientPayloadError, web.RequestPayloadError, HttpProcessingError)

Part = AsyncIterator[bytes]


def store_routes(storage: StorageService, public_url: str | None) -> list[Route]:
    """Return the routes of storing."""

    async def store(request: web.Request) -> web.StreamResponse:
        """Store objects, all of one study where the path names it."""
        offer = negotiation.chosen(negotiation.METADATA, request.headers.get("Accept"))
        study = request.match_info.get("study")
        target = Target(study) if study is not None else None
        base = base_url(request, public_url)
        result = await storage.store(
            request[ACTOR], _parts(request), target.study_uid if target is not None else None
        )
        status = 200 if not result.failed else 202 if result.kept else 409
        return web.Response(
            status=status,
            body=result.response(base),
            headers={"Content-Type": offer.media_type, "Cache-Control": "no-store"},
        )

    create = Requires(Action.EXAM_CREATE)
    return [
        Route("POST", f"{PREFIX}/studies", store, create),
        Route("POST", f"{PREFIX}/studies/{{study}}", store, create),
    ]


def _parts(request: web.Request) -> AsyncIterator[Part]:
    """Read the body as its Content-Type announces it."""
    announced = request.headers.get("Content-Type", "")
    try:
        kind = parse_media_type(announced)
        if kind.name == DICOM:
            return _single(request)
        if kind.name != MULTIPART_RELATED:
            raise UnsupportedMedia(f"{MULTIPART_RELATED} or {DICOM} is wanted")
        multipart = parse_multipart_type(announced)
    except (MediaTypeError, MultipartError) as error:
        raise InvalidInput("the Content-Type is malformed", code="bad-content-type") from error
    if multipart.type not in (None, DICOM):
        raise UnsupportedMedia(f"parts of {DICOM} are wanted")
    parser = MultipartParser(multipart.boundary, max_header_bytes=_MOST_HEADER_BYTES)
    return _several(request, parser)


async def _single(request: web.Request) -> AsyncIterator[Part]:
    yield _chunks(request)


async def _several(request: web.Request, parser: MultipartParser) -> AsyncIterator[Part]:
    chunks = _chunks(request)
    events: deque[Event] = deque()

    async def next_event() -> Event | None:
        try:
            while not events:
                chunk = await anext(chunks, None)
                if chunk is None:
                    parser.close()
                    return None
                events.extend(parser.feed(chunk))
        except MultipartError as error:
            raise InvalidInput(str(error), code="bad-multipart") from error
        return events.popleft()

    async def body() -> Part:
        while isinstance(event := await next_event(), PartData):
            yield event.data
        if not isinstance(event, PartEnd):
            raise InvalidInput("a part has no end", code="bad-multipart")

    while (event := await next_event()) is not None:
        if isinstance(event, PartBegin):
            yield body()


async def _chunks(request: web.Request) -> AsyncIterator[bytes]:
    """Read the body as it comes; aiohttp's own limit does not count here, that of storage does."""
    try:
        while chunk := await request.content.readany():
            yield chunk
    except _BROKEN as error:
        raise InvalidInput("the body breaks off or is malformed", code="bad-body") from error
