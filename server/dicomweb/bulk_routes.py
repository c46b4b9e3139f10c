"""WADO-RS: all bulk data, or all pixel data, of a study, a series or an instance (PS3.18 10.4)."""

from collections.abc import Sequence
from contextlib import AsyncExitStack

from aiohttp import web
from aiohttp.typedefs import Handler

from dicom.web.media_types import OCTET_STREAM, Offer
from server.core.errors import NotAcceptable, NotFound
from server.core.http import Requires, Route
from server.dicomweb import negotiation
from server.dicomweb.access import PixelInstance, StudyAccess
from server.dicomweb.asking import INSTANCE, SERIES, STUDY, accept_of, location_of, target_of
from server.dicomweb.responses import CACHE, Part, base_url, conditional, digest, send_multipart
from server.dicomweb.retrieval import Body, RetrievalService, Value
from server.dicomweb.transcoding import TranscodingService
from server.identity.public import ACTOR, Action


class BulkHandlers:
    """The handlers, over the services they call."""

    def __init__(
        self,
        *,
        access: StudyAccess,
        retrieval: RetrievalService,
        transcoding: TranscodingService,
        public_url: str | None,
    ) -> None:
        self._access = access
        self._retrieval = retrieval
        self._transcoding = transcoding
        self._public_url = public_url

    def routes(self) -> list[Route]:
        """Return the routes."""
        read = Requires(Action.EXAM_READ)
        return [
            Route("GET", f"{place}/{name}", handler, read)
            for name, handler in (
                ("bulkdata", self._handler(pixels_only=False)),
                ("pixeldata", self._handler(pixels_only=True)),
            )
            for place in (STUDY, SERIES, INSTANCE)
        ]

    def _handler(self, *, pixels_only: bool) -> Handler:
        async def bulk(request: web.Request) -> web.StreamResponse:
            """Retrieve every value that the metadata of these instances refer to."""
            found = await self._access.pixel_instances(request[ACTOR], target_of(request))
            accept = accept_of(request)
            base = base_url(request, self._public_url)
            parts: list[Part] = []
            refused = False
            async with AsyncExitStack() as made:
                for instance in found:
                    for value in self._retrieval.values(instance):
                        if pixels_only and not value.is_pixel_data:
                            continue
                        offer = _offer(instance, value, accept)
                        refused = refused or offer is None
                        if offer is None:
                            continue
                        kind = negotiation.content_type(offer)
                        location = f"{location_of(base, instance)}/bulkdata/{value.name}"
                        bodies = await self._bodies(instance, value, offer, made)
                        parts.extend(Part(kind, body, location) for body in bodies)
                if not parts:
                    if refused:
                        raise NotAcceptable("none of the values is to be had in what is accepted")
                    raise NotFound("there is no such value", code="no-such-value")
                kinds = [part.content_type for part in parts]
                etag = digest("bulk", *(each.sha256 for each in found), *kinds)
                if (settled := conditional(request, etag)) is not None:
                    return settled
                headers = {"ETag": f'"{etag}"', **CACHE}
                return await send_multipart(request, parts, kinds[0].partition(";")[0], headers)

        return bulk

    async def _bodies(
        self, instance: PixelInstance, value: Value, offer: Offer, made: AsyncExitStack
    ) -> Sequence[Body]:
        if not value.is_pixel_data or negotiation.as_stored(instance, offer):
            return value.bodies
        return await made.enter_async_context(
            self._transcoding.all_frames(instance, str(offer.transfer_syntax), value.frame_count)
        )


def _offer(instance: PixelInstance, value: Value, accept: str | None) -> Offer | None:
    """Choose how to give a value; None where the client takes it in no way there is."""
    if not value.is_pixel_data:
        offers = [Offer(OCTET_STREAM, multipart=True)]
    else:
        offers = negotiation.pixel_offers(instance, alone=False)
        if len(value.bodies) != value.frame_count:
            offers = [each for each in offers if negotiation.as_stored(instance, each)]
    try:
        return negotiation.chosen(offers, accept)
    except NotAcceptable:
        return None
