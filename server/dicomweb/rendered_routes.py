"""WADO-RS: pictures of studies, series, instances and frames (PS3.18 10.4.1.1.3 and .4)."""

import secrets
from collections.abc import AsyncIterator, Sequence
from dataclasses import replace
from enum import Enum, auto
from typing import Annotated, Final, assert_never

from aiohttp import web
from aiohttp.typedefs import Handler
from pydantic import Field

from dicom import animation
from dicom.page_words import Language
from dicom.render import Picture, PictureType, Region, RenderOptions, Window
from dicom.web.media_types import Offer
from dicom.web.multipart import PART_END, MultipartWriter, new_boundary
from server.core.errors import InvalidInput, NotAcceptable, NotFound
from server.core.http import Requires, Route, inject_params
from server.core.streaming import breaking_off
from server.dicomweb import negotiation
from server.dicomweb.access import StoredInstance, StudyAccess, Target
from server.dicomweb.asking import (
    INSTANCE,
    MOST_FRAMES,
    SERIES,
    STUDY,
    accept_of,
    frame_numbers,
    target_of,
)
from server.dicomweb.rendered_documents import RenderedDocuments
from server.dicomweb.rendering import THUMBNAIL, RenderingService, representative
from server.dicomweb.responses import CACHE, base_url, conditional, digest
from server.dicomweb.unheeded import warned
from server.identity.public import ACTOR, Action

_LARGEST_SIDE: Final = 16_384
_LARGEST_EXTENT: Final = 1 << 30
_LARGEST_THUMBNAIL: Final = 512
_FUNCTIONS: Final = {"linear": "LINEAR", "linear-exact": "LINEAR_EXACT", "sigmoid": "SIGMOID"}
Quality = Annotated[int, Field(ge=1, le=100)]
_Drawn = tuple[StoredInstance, int]


class _Form(Enum):
    """How pictures leave: one as it is, one a part, or one after another in a GIF."""

    ALONE = auto()
    ENVELOPED = auto()
    ANIMATED = auto()


class RenderedHandlers:
    """The handlers, over the services they call."""

    def __init__(
        self,
        *,
        access: StudyAccess,
        rendering: RenderingService,
        documents: RenderedDocuments,
        public_url: str | None,
    ) -> None:
        self._access = access
        self._rendering = rendering
        self._documents = documents
        self._public_url = public_url

    def routes(self) -> list[Route]:
        """Return the routes."""
        handlers: dict[str, Handler] = {
            f"{STUDY}/rendered": self._rendered_series,
            f"{SERIES}/rendered": self._rendered_series,
            f"{INSTANCE}/rendered": self._rendered(),
            f"{INSTANCE}/frames/{{frames}}/rendered": self._rendered_frames(),
            f"{STUDY}/thumbnail": self._thumbnail,
            f"{SERIES}/thumbnail": self._thumbnail,
            f"{INSTANCE}/thumbnail": self._thumbnail,
            f"{INSTANCE}/frames/{{frames}}/thumbnail": self._thumbnail,
        }
        read = Requires(Action.EXAM_READ)
        return [Route("GET", path, handler, read) for path, handler in handlers.items()]

    def _rendered(self) -> Handler:
        @inject_params.and_request
        async def rendered(
            request: web.Request,
            study: str,
            series: str,
            instance: str,
            /,
            viewport: str | None = None,
            window: str | None = None,
            quality: Quality = 90,
            accept: str | None = None,
            language: Language | None = None,
        ) -> web.StreamResponse:
            """Give an instance as a browser shows it.

            The first frame of an image is drawn as a JPEG or PNG picture, all of them as a GIF or,
            where an envelope is asked for, one a part; a structured report is written as an HTML
            page; an encapsulated PDF and video are given as they are.

            Tags: dicomweb
            """
            found = await self._access.instance(request[ACTOR], Target(study, series, instance))
            if self._documents.holds(found):
                return await self._documents.answer(request, found, accept, language)
            offer = _chosen(request, accept)
            options = _options(offer, viewport, window, quality)
            form = _form_of_instance(offer, found)
            count = 1 if form is _Form.ALONE else found.frame_count or 1
            if count > MOST_FRAMES:
                raise NotAcceptable(f"more than {MOST_FRAMES} frames at once; ask for some")
            frames = [(found, number) for number in range(1, count + 1)]
            return await self._draw(request, frames, options, form)

        return rendered

    def _rendered_frames(self) -> Handler:
        @inject_params.and_request
        async def rendered_frames(
            request: web.Request,
            study: str,
            series: str,
            instance: str,
            frames: str,
            /,
            viewport: str | None = None,
            window: str | None = None,
            quality: Quality = 90,
            accept: str | None = None,
        ) -> web.StreamResponse:
            """Draw frames of an instance as JPEG, PNG or GIF pictures, several in an envelope.

            Tags: dicomweb
            """
            numbers = frame_numbers(frames)
            offer = _chosen(request, accept)
            options = _options(offer, viewport, window, quality)
            found = await self._access.instance(request[ACTOR], Target(study, series, instance))
            if max(numbers) > (found.frame_count or 1):
                raise NotFound("there is no such frame", code="no-such-frame")
            enveloped = offer.multipart or len(numbers) > 1
            form = _Form.ENVELOPED if enveloped else _Form.ALONE
            drawn = [(found, number) for number in numbers]
            return await self._draw(request, drawn, options, form)

        return rendered_frames

    async def _rendered_series(self, request: web.Request) -> web.StreamResponse:
        """Draw every image of a study or a series, the first frame of each, in an envelope."""
        options = _asked(request, _chosen(request))
        instances = await self._access.instances(request[ACTOR], target_of(request))
        images = [(each, 1) for each in instances if each.bits_allocated is not None]
        if not images:
            raise NotAcceptable("there is no image to draw", code="no-image")
        return await self._draw(request, images, options, _Form.ENVELOPED, skips=True)

    async def _thumbnail(self, request: web.Request) -> web.StreamResponse:
        """Draw a small picture that stands for a study, a series, an instance or a frame."""
        target = target_of(request)
        options = _asked(request, negotiation.chosen(negotiation.RENDERED, accept_of(request)))
        width, height = options.viewport or THUMBNAIL.viewport or (0, 0)
        viewport = min(width, _LARGEST_THUMBNAIL), min(height, _LARGEST_THUMBNAIL)
        options = replace(options, viewport=viewport)
        instances = await self._access.instances(request[ACTOR], target)
        frame = None
        if "frames" in request.match_info:
            (frame, *more) = frame_numbers(request.match_info["frames"])
            if more:
                raise InvalidInput("a thumbnail shows one frame", code="bad-frames")
        candidates = representative(instances)
        etag = digest("thumbnail", *(each.sha256 for each in candidates), str(frame), repr(options))
        if (settled := conditional(request, etag)) is not None:
            return settled
        data = await self._rendering.thumbnail(candidates, frame, options)
        kind = options.picture_type.value
        return web.Response(body=data, content_type=kind, headers={"ETag": f'"{etag}"', **CACHE})

    async def _draw(
        self,
        request: web.Request,
        drawn: Sequence[_Drawn],
        options: RenderOptions,
        form: _Form,
        *,
        skips: bool = False,
    ) -> web.StreamResponse:
        unheeded = warned(request, base_url(request, self._public_url))
        names = (f"{instance.sha256} {number}" for instance, number in drawn)
        etag = digest("rendered", *names, repr(options), form.name)
        if (settled := conditional(request, etag)) is not None:
            return settled
        headers = {"ETag": f'"{etag}"', **CACHE, **unheeded}
        kind = options.picture_type.value
        match form:
            case _Form.ALONE:
                picture = await self._rendering.render(*drawn[0], options)
                return web.Response(body=picture.data, content_type=kind, headers=headers)
            case _Form.ENVELOPED:
                writer = MultipartWriter(new_boundary(secrets.randbits), kind)
                headers["Content-Type"] = writer.content_type
                pieces = _parts(writer, self._pictures(drawn, options, skips=skips))
            case _Form.ANIMATED:
                headers["Content-Type"] = kind
                pieces = _animated(self._pictures(drawn, options, skips=skips))
            case _:
                assert_never(form)
        response = web.StreamResponse(headers=headers)
        if request.method == "HEAD":
            return response
        # What goes wrong before the first picture is still a proper answer.
        first = await anext(pieces)
        await response.prepare(request)
        with breaking_off(request):
            await response.write(first)
            async for piece in pieces:
                await response.write(piece)
            await response.write_eof()
        return response

    async def _pictures(
        self, drawn: Sequence[_Drawn], options: RenderOptions, *, skips: bool
    ) -> AsyncIterator[Picture]:
        """Yield picture after picture; of a series, what cannot be drawn is left out."""
        refused: NotAcceptable | None = None
        count = 0
        for instance, number in drawn:
            try:
                picture = await self._rendering.render(instance, number, options)
            except NotAcceptable as error:
                if not skips:
                    raise
                refused = error
                continue
            count += 1
            yield picture
        if not count and refused is not None:
            raise refused


def _form_of_instance(offer: Offer, found: StoredInstance) -> _Form:
    if offer.multipart:
        return _Form.ENVELOPED
    if offer.media_type == PictureType.GIF and (found.frame_count or 1) > 1:
        return _Form.ANIMATED
    return _Form.ALONE


async def _parts(writer: MultipartWriter, pictures: AsyncIterator[Picture]) -> AsyncIterator[bytes]:
    async for picture in pictures:
        yield writer.begin(length=len(picture.data)) + picture.data + PART_END
    yield writer.end()


async def _animated(pictures: AsyncIterator[Picture]) -> AsyncIterator[bytes]:
    first = await anext(pictures)
    yield animation.beginning(first) + animation.frame(first)
    async for picture in pictures:
        yield animation.frame(picture)
    yield animation.END


def _asked(request: web.Request, offer: Offer) -> RenderOptions:
    """Return what the query says of the picture; what is no matter of ours is not heeded."""
    query = request.query
    quality = query.get("quality", "90")
    if not quality.isascii() or not quality.isdigit() or not 1 <= int(quality[:4]) <= 100:
        raise InvalidInput("quality is 1 to 100", code="bad-quality")
    return _options(offer, query.get("viewport"), query.get("window"), int(quality))


def _chosen(request: web.Request, accept: str | None = None) -> Offer:
    return negotiation.chosen(negotiation.RENDERED_ENVELOPED, accept or accept_of(request))


def _options(offer: Offer, viewport: str | None, window: str | None, quality: int) -> RenderOptions:
    size, region = _viewport(viewport) if viewport else (None, None)
    return RenderOptions(
        PictureType(offer.media_type), quality, _window(window) if window else None, size, region
    )


def _viewport(text: str) -> tuple[tuple[int, int], Region | None]:
    """Read ``width,height[,left,top,width,height]``; a negative extent flips (8.3.5.1.3)."""
    wanted = "viewport is width,height or width,height,left,top,width,height in pixels"
    numbers = [_number(part, wanted) if part.strip() else None for part in text.split(",")]
    width, height = numbers[0], numbers[1] if len(numbers) > 1 else None
    if (
        len(numbers) not in (2, 6)
        or width is None
        or height is None
        or not all(1 <= number <= _LARGEST_SIDE for number in (width, height))
    ):
        raise InvalidInput(wanted, code="bad-viewport")
    return (int(width), int(height)), _region(numbers[2:]) if len(numbers) == 6 else None


def _region(numbers: Sequence[float | None]) -> Region:
    left, top, width, height = numbers
    across = _LARGEST_EXTENT if width is None else int(width)
    down = _LARGEST_EXTENT if height is None else int(height)
    region = Region(int(left or 0), int(top or 0), abs(across), abs(down), across < 0, down < 0)
    if min(region.left, region.top) < 0 or not (region.width and region.height):
        raise InvalidInput("the region lies outside the image", code="bad-viewport")
    return region


def _window(text: str) -> Window:
    wanted = "window is center,width or center,width,function: linear, linear-exact or sigmoid"
    center, _, rest = text.partition(",")
    width, _, function = (part.strip().lower() for part in rest.partition(","))
    found = Window(_number(center, wanted), _number(width, wanted))
    if found.width <= 0 or (function and function not in _FUNCTIONS):
        raise InvalidInput(wanted, code="bad-window")
    return replace(found, function=_FUNCTIONS.get(function))


def _number(text: str, otherwise: str) -> float:
    try:
        number = float(text)
    except ValueError:
        raise InvalidInput(otherwise, code="bad-parameter") from None
    if not abs(number) < 1e9:
        raise InvalidInput(otherwise, code="bad-parameter")
    return number
