"""WADO-URI: one object or one picture by query parameters (PS3.18 chapter 9)."""

from collections.abc import Mapping
from dataclasses import replace
from typing import Final

from aiohttp import web

from dicom.render import PictureType, Region, RenderOptions, Window
from dicom.uids import EXPLICIT_VR_LITTLE_ENDIAN, is_uid
from dicom.web.media_types import DICOM, Offer
from server.core.errors import InvalidInput
from server.core.http import Requires, Route
from server.dicomweb import negotiation
from server.dicomweb.access import PixelInstance, StoredInstance, StudyAccess, Target
from server.dicomweb.asking import accept_of
from server.dicomweb.rendered_documents import RenderedDocuments, offers_of
from server.dicomweb.rendering import RenderingService
from server.dicomweb.responses import CACHE, PREFIX, base_url, conditional, digest, send_body
from server.dicomweb.retrieval import RetrievalService
from server.dicomweb.transcoding import TranscodingService
from server.dicomweb.unheeded import warned
from server.identity.public import ACTOR, Action

URI_PATH: Final = f"{PREFIX}/wado"
_LARGEST_SIDE: Final = 16_384
_FOR_OBJECTS_NOT: Final = ("frameNumber", "rows", "columns", "windowCenter", "region")


class UriHandlers:
    """The handler, over the services it calls."""

    def __init__(
        self,
        *,
        access: StudyAccess,
        retrieval: RetrievalService,
        transcoding: TranscodingService,
        rendering: RenderingService,
        documents: RenderedDocuments,
        public_url: str | None,
    ) -> None:
        self._access = access
        self._retrieval = retrieval
        self._transcoding = transcoding
        self._rendering = rendering
        self._documents = documents
        self._public_url = public_url

    def routes(self) -> list[Route]:
        """Return the route."""
        return [Route("GET", URI_PATH, self._retrieve, Requires(Action.EXAM_READ))]

    async def _retrieve(self, request: web.Request) -> web.StreamResponse:
        """Retrieve an instance, or draw one of its frames."""
        query = request.query
        target = _target(query)
        found = await self._access.instance(request[ACTOR], target)
        wanted = _content_type(request)
        offer = negotiation.chosen([*_offers(found), *offers_of(found)], wanted)
        if offer in offers_of(found):
            return await self._documents.answer(request, found, wanted, None)
        if offer.media_type == DICOM:
            return await self._object(request, found)
        picture_type = PictureType(offer.media_type)
        frame = _frame(request, found)
        options = _options(query, picture_type, found)
        unheeded = warned(request, base_url(request, self._public_url))
        etag = digest("uri", found.sha256, str(frame), repr(options))
        if (settled := conditional(request, etag)) is not None:
            return settled
        picture = await self._rendering.render(found, frame, options)
        headers = {"ETag": f'"{etag}"', **CACHE, **unheeded}
        return web.Response(body=picture.data, content_type=picture_type.value, headers=headers)

    async def _object(self, request: web.Request, found: StoredInstance) -> web.StreamResponse:
        for name in _FOR_OBJECTS_NOT:
            if name in request.query:
                raise InvalidInput(f"{name} goes with pictures only", code="bad-parameter")
        wanted = _object_types(request.query.get("transferSyntax", ""))
        offer = negotiation.instance_offer(found, wanted, alone=True)
        etag = digest("uri", found.sha256, str(offer.transfer_syntax))
        if (settled := conditional(request, etag)) is not None:
            return settled
        stored = offer.transfer_syntax == found.transfer_syntax_uid
        body = (
            self._retrieval.whole(found)
            if stored
            else self._transcoding.whole(found, offer.transfer_syntax or EXPLICIT_VR_LITTLE_ENDIAN)
        )
        headers = {"ETag": f'"{etag}"', "Content-Disposition": "attachment", **CACHE}
        return await send_body(request, body, {**headers, "Content-Type": DICOM})


def _target(query: Mapping[str, str]) -> Target:
    if query.get("requestType") != "WADO":
        raise InvalidInput("requestType=WADO is wanted", code="bad-parameter")
    uids = [query.get(name, "") for name in ("studyUID", "seriesUID", "objectUID")]
    if not all(uids):
        raise InvalidInput("studyUID, seriesUID and objectUID are wanted", code="bad-parameter")
    for name, what in (
        ("anonymize", "objects are given as they are; export them de-identified instead"),
        ("presentationUID", "presentation states are not applied"),
    ):
        if query.get(name):
            raise InvalidInput(f"{name}: {what}", code="unsupported-parameter")
    return Target(*uids)


def _object_types(syntaxes: str) -> str:
    """Return what Accept would say for the parameter transferSyntax.

    Without one, uncompressed is meant (PS3.18 9.1.2.2.3). Clients of WADO-RS send ``*`` and lists
    here, too: OHIF asks for ``*``, as it may in an Accept header (PS3.18 8.7.3.5.2).
    """
    if not syntaxes:
        return DICOM
    several = [each.strip() for each in syntaxes.split(",")]
    if not all(each == "*" or is_uid(each) for each in several):
        raise InvalidInput("transferSyntax is *, or UIDs parted by commas", code="bad-parameter")
    return ", ".join(f"{DICOM}; transfer-syntax={each}" for each in several)


def _offers(found: StoredInstance) -> list[Offer]:
    """Return what there is: of one frame a picture first, else the object (Table 9.1.2-2)."""
    pictures = list(negotiation.RENDERED) if found.bits_allocated is not None else []
    whole = Offer(DICOM)
    if (found.frame_count or 1) > 1 or not pictures:
        return [whole, *pictures]
    return [*pictures, whole]


def _content_type(request: web.Request) -> str | None:
    """Return what the client wants: the parameter, if it takes that at all (9.1.2.2.1)."""
    wanted = request.query.get("contentType")
    return wanted or accept_of(request)


def _options(
    query: Mapping[str, str], picture_type: PictureType, found: PixelInstance
) -> RenderOptions:
    rows, columns = _whole(query, "rows"), _whole(query, "columns")
    viewport = None
    if rows or columns:
        viewport = columns or _LARGEST_SIDE, rows or _LARGEST_SIDE
    options = RenderOptions(picture_type, viewport=viewport, region=_region(query, found))
    if "imageQuality" in query:
        quality = _whole(query, "imageQuality") or 0
        if not 1 <= quality <= 100:
            raise InvalidInput("imageQuality is 1 to 100", code="bad-quality")
        options = replace(options, quality=quality)
    center, width = _number(query, "windowCenter"), _number(query, "windowWidth")
    if (center is None) != (width is None) or (width is not None and width <= 0):
        raise InvalidInput("windowCenter and windowWidth go together", code="bad-window")
    if center is not None and width is not None:
        options = replace(options, window=Window(center, width))
    return options


def _frame(request: web.Request, found: StoredInstance) -> int:
    """Return which frame is meant: one that is there, of an object of several (9.5.2)."""
    frame = _whole(request.query, "frameNumber")
    if frame is None:
        return 1
    if found.frame_count is None or frame > found.frame_count:
        raise InvalidInput("there is no such frame", code="bad-frames")
    if len(request.query.getall("frameNumber")) > 1:
        raise InvalidInput("frameNumber is one frame", code="bad-frames")
    return frame


def _region(query: Mapping[str, str], found: PixelInstance) -> Region | None:
    """Read a part of the image in fractions of its sides (9.1.2.2.7)."""
    text = query.get("region")
    if not text:
        return None
    wanted = "region is four fractions of the sides: left,top,right,bottom"
    try:
        left, top, right, bottom = (float(part) for part in text.split(","))
    except ValueError:
        raise InvalidInput(wanted, code="bad-region") from None
    if not (0 <= left < right <= 1 and 0 <= top < bottom <= 1):
        raise InvalidInput(wanted, code="bad-region")
    across, down = found.columns or 1, found.rows or 1
    x, y = int(left * across), int(top * down)
    return Region(x, y, max(round(right * across) - x, 1), max(round(bottom * down) - y, 1))


def _whole(query: Mapping[str, str], name: str) -> int | None:
    text = query.get(name)
    if text is None:
        return None
    if not text.isascii() or not text.isdigit() or not 1 <= int(text[:9]) <= 10**8:
        raise InvalidInput(f"{name} is a whole number from 1", code="bad-parameter")
    number = int(text[:9])
    if name in ("rows", "columns") and number > _LARGEST_SIDE:
        raise InvalidInput(f"{name} is at most {_LARGEST_SIDE}", code="bad-parameter")
    return number


def _number(query: Mapping[str, str], name: str) -> float | None:
    text = query.get(name)
    if text is None:
        return None
    try:
        number = float(text)
    except ValueError:
        number = float("nan")
    if not abs(number) < 1e9:
        raise InvalidInput(f"{name} is a number", code="bad-parameter")
    return number
