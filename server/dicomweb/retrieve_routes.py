"""WADO-RS: instances, metadata, frames, bulk values and pictures (PS3.18 10.4)."""

import hashlib
import re
from collections.abc import Sequence
from typing import Annotated, Final

from aiohttp import web
from aiohttp.typedefs import Handler
from pydantic import Field

from dicom.render import PictureType, RenderOptions, Window
from dicom.web.media_types import DICOM, OCTET_STREAM
from server.core.errors import InvalidInput
from server.core.http import Requires, Route, inject_params
from server.core.streaming import breaking_off
from server.dicomweb import negotiation
from server.dicomweb.access import StoredInstance, StudyAccess, Target
from server.dicomweb.metadata import MetadataService
from server.dicomweb.rendering import RenderingService
from server.dicomweb.responses import (
    CACHE,
    PREFIX,
    Part,
    base_url,
    not_modified,
    send_body,
    send_multipart,
    takes_gzip,
)
from server.dicomweb.retrieval import Body, RetrievalService
from server.identity.public import ACTOR, Action

_MOST_FRAMES: Final = 10_000
_FRAMES: Final = re.compile(r"[1-9]\d{0,8}(,[1-9]\d{0,8})*", re.ASCII)
_LARGEST_SIDE: Final = 16_384
_STUDY: Final = f"{PREFIX}/studies/{{study}}"
_SERIES: Final = f"{_STUDY}/series/{{series}}"
_INSTANCE: Final = f"{_SERIES}/instances/{{instance}}"
Quality = Annotated[int, Field(ge=1, le=100)]


class RetrieveHandlers:
    """The handlers, over the services they call."""

    def __init__(
        self,
        *,
        access: StudyAccess,
        retrieval: RetrievalService,
        metadata: MetadataService,
        rendering: RenderingService,
        public_url: str | None,
    ) -> None:
        self._access = access
        self._retrieval = retrieval
        self._metadata = metadata
        self._rendering = rendering
        self._public_url = public_url

    def routes(self) -> list[Route]:
        """Return the routes."""
        read = Requires(Action.EXAM_READ)
        handlers: dict[str, Handler] = {
            _STUDY: self._instances,
            _SERIES: self._instances,
            _INSTANCE: self._instances,
            f"{_STUDY}/metadata": self._series_metadata,
            f"{_SERIES}/metadata": self._series_metadata,
            f"{_INSTANCE}/metadata": self._instance_metadata,
            f"{_INSTANCE}/frames/{{frames}}": self._frames,
            f"{_INSTANCE}/bulkdata/{{value}}": self._bulk_value,
            f"{_INSTANCE}/rendered": self._rendered(),
            f"{_INSTANCE}/frames/{{frames}}/rendered": self._rendered_frame(),
        }
        return [Route("GET", path, handler, read) for path, handler in handlers.items()]

    async def _instances(self, request: web.Request) -> web.StreamResponse:
        """Retrieve a study, a series or an instance as it was received."""
        found = await self._access.instances(request[ACTOR], _target(request))
        etag = _digest(*(instance.sha256 for instance in found))
        if (unchanged := not_modified(request, etag)) is not None:
            return unchanged
        accept = _accept(request)
        base = base_url(request, self._public_url)
        parts = [
            Part(
                negotiation.content_type(
                    negotiation.instance_offer(instance.transfer_syntax_uid, accept)
                ),
                self._retrieval.whole(instance),
                _location(base, instance),
            )
            for instance in found
        ]
        headers = {"ETag": f'"{etag}"', "Content-Disposition": "attachment", **CACHE}
        return await send_multipart(request, parts, DICOM, headers)

    async def _instance_metadata(self, request: web.Request) -> web.StreamResponse:
        """Retrieve an instance's attributes as DICOM JSON."""
        offer = negotiation.chosen(negotiation.METADATA, _accept(request))
        instance = await self._access.instance(request[ACTOR], _target(request))
        base = base_url(request, self._public_url)
        etag = _digest("metadata", instance.sha256, base)
        if (unchanged := not_modified(request, etag)) is not None:
            return unchanged
        body = await self._metadata.of_instance(instance, base)
        return await self._send_metadata(request, body, offer.media_type, etag)

    async def _series_metadata(self, request: web.Request) -> web.StreamResponse:
        """Retrieve the attributes of all instances of a series or a study as DICOM JSON."""
        offer = negotiation.chosen(negotiation.METADATA, _accept(request))
        target = _target(request)
        several = await self._access.series(request[ACTOR], target)
        base = base_url(request, self._public_url)
        etag = _digest("metadata", base, *(f"{each.pk}-{each.revision}" for each in several))
        if (unchanged := not_modified(request, etag)) is not None:
            return unchanged
        if target.series_uid is not None:
            body = await self._metadata.of_series(several[0], base)
            return await self._send_metadata(request, body, offer.media_type, etag)
        gzipped = takes_gzip(request)
        response = web.StreamResponse(headers=_headers(offer.media_type, etag, gzipped=gzipped))
        blocks = self._metadata.of_study(several, base, gzipped=gzipped)
        first = await anext(blocks)
        await response.prepare(request)
        with breaking_off(request):
            await response.write(first)
            async for block in blocks:
                await response.write(block)
            await response.write_eof()
        return response

    async def _send_metadata(
        self, request: web.Request, body: bytes, media_type: str, etag: str
    ) -> web.Response:
        gzipped = takes_gzip(request)
        if not gzipped:
            body = await self._metadata.plain(body)
        return web.Response(body=body, headers=_headers(media_type, etag, gzipped=gzipped))

    async def _frames(self, request: web.Request) -> web.StreamResponse:
        """Retrieve frames as they are stored; native ones in little endian order."""
        numbers = _frame_numbers(request.match_info["frames"])
        instance = await self._access.instance(request[ACTOR], _target(request))
        etag = _digest("frames", instance.sha256, request.match_info["frames"])
        async with self._retrieval.frames(instance, numbers) as bodies:
            return await self._send_pixels(request, instance, bodies, etag)

    async def _bulk_value(self, request: web.Request) -> web.StreamResponse:
        """Retrieve a value that the metadata refers to."""
        instance = await self._access.instance(request[ACTOR], _target(request))
        name = request.match_info["value"]
        etag = _digest("bulk", instance.sha256, name)
        async with self._retrieval.bulk_value(instance, name) as value:
            if value.is_pixel_data:
                return await self._send_pixels(request, instance, value.bodies, etag)
            offers = negotiation.octet_offers()
            offer = negotiation.chosen(offers, _accept(request))
            return await _send(request, offer.multipart, OCTET_STREAM, value.bodies, etag)

    async def _send_pixels(
        self, request: web.Request, instance: StoredInstance, bodies: Sequence[Body], etag: str
    ) -> web.StreamResponse:
        offers = negotiation.pixel_offers(instance.transfer_syntax_uid, alone=len(bodies) == 1)
        offer = negotiation.chosen(offers, _accept(request))
        kind = negotiation.content_type(offer)
        return await _send(request, offer.multipart, kind, bodies, etag)

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
        ) -> web.StreamResponse:
            """Draw the first frame of an instance as a JPEG or PNG picture.

            Tags: dicomweb
            """
            target = Target(study, series, instance)
            options = _options(request, viewport, window, quality, accept)
            return await self._draw(request, target, 1, options)

        return rendered

    def _rendered_frame(self) -> Handler:
        @inject_params.and_request
        async def rendered_frame(
            request: web.Request,
            study: str,
            series: str,
            instance: str,
            frames: int,
            /,
            viewport: str | None = None,
            window: str | None = None,
            quality: Quality = 90,
            accept: str | None = None,
        ) -> web.StreamResponse:
            """Draw one frame of an instance as a JPEG or PNG picture.

            Tags: dicomweb
            """
            target = Target(study, series, instance)
            options = _options(request, viewport, window, quality, accept)
            return await self._draw(request, target, frames, options)

        return rendered_frame

    async def _draw(
        self, request: web.Request, target: Target, frame: int, options: RenderOptions
    ) -> web.StreamResponse:
        instance = await self._access.instance(request[ACTOR], target)
        etag = _digest("rendered", instance.sha256, str(frame), repr(options))
        if (unchanged := not_modified(request, etag)) is not None:
            return unchanged
        picture = await self._rendering.render(instance, frame, options)
        return web.Response(
            body=picture.data,
            content_type=picture.picture_type.value,
            headers={"ETag": f'"{etag}"', **CACHE},
        )


async def _send(
    request: web.Request, multipart: bool, kind: str, bodies: Sequence[Body], etag: str
) -> web.StreamResponse:
    if (unchanged := not_modified(request, etag)) is not None:
        return unchanged
    headers = {"ETag": f'"{etag}"', **CACHE}
    if not multipart:
        return await send_body(request, bodies[0], {**headers, "Content-Type": kind})
    parts = [Part(kind, body) for body in bodies]
    return await send_multipart(request, parts, kind.partition(";")[0], headers)


def _target(request: web.Request) -> Target:
    found = request.match_info
    return Target(found["study"], found.get("series"), found.get("instance"))


def _accept(request: web.Request) -> str | None:
    """Return what the client takes; a query parameter speaks for those that cannot set headers."""
    return request.query.get("accept") or ", ".join(request.headers.getall("Accept", ())) or None


def _digest(*parts: str) -> str:
    return hashlib.sha256("\n".join(parts).encode()).hexdigest()[:40]


def _headers(media_type: str, etag: str, *, gzipped: bool) -> dict[str, str]:
    headers = {"Content-Type": media_type, **CACHE}
    # Another encoding is another representation, and has another tag (RFC 9110 8.8.3.3).
    headers["ETag"] = f'W/"{etag}"'
    if gzipped:
        headers["Content-Encoding"] = "gzip"
    return headers


def _location(base: str, instance: StoredInstance) -> str:
    return (
        f"{base}/studies/{instance.study_uid}/series/{instance.series_uid}"
        f"/instances/{instance.sop_uid}"
    )


def _frame_numbers(text: str) -> list[int]:
    if len(text) > 10 * _MOST_FRAMES or _FRAMES.fullmatch(text) is None:
        raise InvalidInput("frames are a list of numbers from 1", code="bad-frames")
    numbers = [int(number) for number in text.split(",")]
    if len(numbers) > _MOST_FRAMES:
        raise InvalidInput(f"more than {_MOST_FRAMES} frames at once", code="bad-frames")
    return numbers


def _options(
    request: web.Request,
    viewport: str | None,
    window: str | None,
    quality: int,
    accept: str | None,
) -> RenderOptions:
    offer = negotiation.chosen(negotiation.RENDERED, accept or _accept(request))
    return RenderOptions(
        PictureType(offer.media_type),
        quality,
        _window(window) if window else None,
        _viewport(viewport) if viewport else None,
    )


def _viewport(text: str) -> tuple[int, int]:
    """Read width and height; the further numbers, which cut and flip, are not drawn here."""
    numbers = _numbers(text, "viewport is width,height in pixels")
    if len(numbers) != 2 or not all(1 <= number <= _LARGEST_SIDE for number in numbers):
        raise InvalidInput("viewport is width,height in pixels", code="bad-viewport")
    return int(numbers[0]), int(numbers[1])


def _window(text: str) -> Window:
    center, _, rest = text.partition(",")
    width, _, function = rest.partition(",")
    wanted = "window is center,width or center,width,linear"
    numbers = _numbers(f"{center},{width}", wanted)
    if function.strip().lower() not in ("", "linear") or numbers[1] <= 0:
        raise InvalidInput(wanted, code="bad-window")
    return Window(numbers[0], numbers[1])


def _numbers(text: str, otherwise: str) -> list[float]:
    try:
        numbers = [float(part) for part in text.split(",")]
    except ValueError:
        raise InvalidInput(otherwise, code="bad-parameter") from None
    if not all(abs(number) < 1e9 for number in numbers):
        raise InvalidInput(otherwise, code="bad-parameter")
    return numbers
