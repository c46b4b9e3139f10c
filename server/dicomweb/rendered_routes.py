"""WADO-RS: pictures of instances and frames (PS3.18 10.4.1.1.3)."""

from typing import Annotated, Final

from aiohttp import web
from aiohttp.typedefs import Handler
from pydantic import Field

from dicom.render import PictureType, RenderOptions, Window
from server.core.errors import InvalidInput
from server.core.http import Requires, Route, inject_params
from server.dicomweb import negotiation
from server.dicomweb.access import StudyAccess, Target
from server.dicomweb.asking import INSTANCE, accept_of
from server.dicomweb.rendering import RenderingService
from server.dicomweb.responses import CACHE, digest, not_modified
from server.identity.public import ACTOR, Action

_LARGEST_SIDE: Final = 16_384
Quality = Annotated[int, Field(ge=1, le=100)]


class RenderedHandlers:
    """The handlers, over the services they call."""

    def __init__(self, *, access: StudyAccess, rendering: RenderingService) -> None:
        self._access = access
        self._rendering = rendering

    def routes(self) -> list[Route]:
        """Return the routes."""
        read = Requires(Action.EXAM_READ)
        return [
            Route("GET", f"{INSTANCE}/rendered", self._rendered(), read),
            Route("GET", f"{INSTANCE}/frames/{{frames}}/rendered", self._rendered_frame(), read),
        ]

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
        etag = digest("rendered", instance.sha256, str(frame), repr(options))
        if (unchanged := not_modified(request, etag)) is not None:
            return unchanged
        picture = await self._rendering.render(instance, frame, options)
        return web.Response(
            body=picture.data,
            content_type=picture.picture_type.value,
            headers={"ETag": f'"{etag}"', **CACHE},
        )


def _options(
    request: web.Request,
    viewport: str | None,
    window: str | None,
    quality: int,
    accept: str | None,
) -> RenderOptions:
    offer = negotiation.chosen(negotiation.RENDERED, accept or accept_of(request))
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
