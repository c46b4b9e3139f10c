"""STOW-RS: bodies of any size, part by part into intake (PS3.18 10.5)."""

from collections import deque
from collections.abc import AsyncIterator
from typing import Final

import orjson
from aiohttp import ClientPayloadError, web
from aiohttp.http_exceptions import HttpProcessingError

from dicom.web.media_types import (
    DICOM,
    DICOM_JSON,
    DICOM_XML,
    MULTIPART_RELATED,
    MediaTypeError,
    parse_media_type,
)
from dicom.web.multipart import (
    Event,
    MultipartError,
    MultipartParser,
    PartBegin,
    PartData,
    PartEnd,
    parse_multipart_type,
)
from dicom.web.native_xml import to_xml
from server.core.errors import InvalidInput, UnsupportedMedia
from server.core.http import Requires, Route
from server.dicomweb import negotiation
from server.dicomweb.access import Target
from server.dicomweb.asking import accept_of
from server.dicomweb.composing import Composer, IncomingPart
from server.dicomweb.responses import PREFIX, base_url
from server.dicomweb.storage import Parts, StorageService
from server.identity.public import ACTOR, Action

_MOST_HEADER_BYTES: Final = 8192
_BROKEN: Final = (ClientPayloadError, web.RequestPayloadError, HttpProcessingError)


def store_routes(
    storage: StorageService, composer: Composer, public_url: str | None
) -> list[Route]:
    """Return the routes of storing."""

    async def store(request: web.Request) -> web.StreamResponse:
        """Store objects, all of one study where the path names it."""
        offer = negotiation.chosen(negotiation.STORED, accept_of(request))
        study = request.match_info.get("study")
        target = Target(study) if study is not None else None
        base = base_url(request, public_url)
        result = await storage.store(
            request[ACTOR],
            _parts(request, composer, base),
            target.study_uid if target is not None else None,
        )
        status = 200 if not result.failed else 202 if result.kept else 409
        response = result.response(base)
        return web.Response(
            status=status,
            body=to_xml(response) if offer.media_type == DICOM_XML else orjson.dumps(response),
            headers={"Content-Type": offer.media_type, "Cache-Control": "no-store"},
        )

    create = Requires(Action.EXAM_CREATE)
    return [
        Route("POST", f"{PREFIX}/studies", store, create),
        Route("POST", f"{PREFIX}/studies/{{study}}", store, create),
    ]


def _parts(request: web.Request, composer: Composer, base: str) -> Parts:
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
    parser = MultipartParser(multipart.boundary, max_header_bytes=_MOST_HEADER_BYTES)
    parts = _several(request, parser)
    match multipart.type:
        case None | "application/dicom":
            return _bodies(parts)
        case "application/dicom+json" | "application/json" | "application/dicom+xml":
            return composer.compose(parts, base)
        case _:
            raise UnsupportedMedia(f"parts of {DICOM}, {DICOM_JSON} or {DICOM_XML} are wanted")


async def _single(request: web.Request) -> Parts:
    yield _chunks(request)


async def _bodies(parts: AsyncIterator[IncomingPart]) -> Parts:
    async for _, body in parts:
        yield body


async def _several(request: web.Request, parser: MultipartParser) -> AsyncIterator[IncomingPart]:
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

    async def body() -> AsyncIterator[bytes]:
        while isinstance(event := await next_event(), PartData):
            yield event.data
        if not isinstance(event, PartEnd):
            raise InvalidInput("a part has no end", code="bad-multipart")

    while (event := await next_event()) is not None:
        if isinstance(event, PartBegin):
            yield event.headers, body()


async def _chunks(request: web.Request) -> AsyncIterator[bytes]:
    """Read the body as it comes; aiohttp's own limit does not count here, that of storage does."""
    try:
        while chunk := await request.content.readany():
            yield chunk
    except _BROKEN as error:
        raise InvalidInput("the body breaks off or is malformed", code="bad-body") from error
