"""WADO-RS: instances, metadata, frames and bulk values (PS3.18 10.4)."""

from collections.abc import Sequence
from contextlib import AsyncExitStack

import orjson
from aiohttp import web
from aiohttp.typedefs import Handler

from dicom.web.media_types import DICOM, OCTET_STREAM, Offer
from server.core.http import Requires, Route
from server.core.streaming import breaking_off
from server.dicomweb import negotiation
from server.dicomweb.access import PixelInstance, StoredInstance, StudyAccess
from server.dicomweb.asking import (
    INSTANCE,
    SERIES,
    STUDY,
    accept_of,
    frame_numbers,
    location_of,
    target_of,
)
from server.dicomweb.metadata import MetadataService
from server.dicomweb.responses import (
    CACHE,
    Part,
    base_url,
    conditional,
    digest,
    send_body,
    send_described,
    send_multipart,
    send_xml,
    takes_gzip,
)
from server.dicomweb.retrieval import Body, RetrievalService
from server.dicomweb.transcoding import TranscodingService
from server.identity.public import ACTOR, Action


class RetrieveHandlers:
    """The handlers, over the services they call."""

    def __init__(
        self,
        *,
        access: StudyAccess,
        retrieval: RetrievalService,
        transcoding: TranscodingService,
        metadata: MetadataService,
        public_url: str | None,
    ) -> None:
        self._access = access
        self._retrieval = retrieval
        self._transcoding = transcoding
        self._metadata = metadata
        self._public_url = public_url

    def routes(self) -> list[Route]:
        """Return the routes."""
        read = Requires(Action.EXAM_READ)
        # The router looks at one after another: what a viewer asks for most comes first.
        handlers: dict[str, Handler] = {
            f"{INSTANCE}/frames/{{frames}}": self._frames,
            f"{SERIES}/metadata": self._series_metadata,
            f"{INSTANCE}/metadata": self._instance_metadata,
            STUDY: self._instances,
            SERIES: self._instances,
            INSTANCE: self._instance,
            f"{STUDY}/metadata": self._series_metadata,
            f"{INSTANCE}/bulkdata/{{value}}": self._bulk_value,
        }
        return [Route("GET", path, handler, read) for path, handler in handlers.items()]

    async def _instances(self, request: web.Request) -> web.StreamResponse:
        """Retrieve a study or a series, each instance as its client takes it."""
        found = await self._access.instances(request[ACTOR], target_of(request))
        offers = negotiation.instance_offers(found, accept_of(request))
        etag = digest(
            *(
                f"{instance.sha256} {offer.transfer_syntax}"
                for instance, offer in zip(found, offers, strict=True)
            )
        )
        if (settled := conditional(request, etag)) is not None:
            return settled
        base = base_url(request, self._public_url)
        parts = [
            Part(
                negotiation.content_type(offer),
                self._body(instance, offer),
                location_of(base, instance),
            )
            for instance, offer in zip(found, offers, strict=True)
        ]
        headers = {"ETag": f'"{etag}"', "Content-Disposition": "attachment", **CACHE}
        return await send_multipart(request, parts, DICOM, headers)

    async def _instance(self, request: web.Request) -> web.StreamResponse:
        """Retrieve an instance, in an envelope or without."""
        (instance,) = await self._access.instances(request[ACTOR], target_of(request))
        offer = negotiation.instance_offer(instance, accept_of(request), alone=True)
        body, kind = self._body(instance, offer), negotiation.content_type(offer)
        etag = digest(instance.sha256, str(offer.transfer_syntax), str(offer.multipart))
        if (settled := conditional(request, etag)) is not None:
            return settled
        headers = {"ETag": f'"{etag}"', "Content-Disposition": "attachment", **CACHE}
        location = location_of(base_url(request, self._public_url), instance)
        if offer.multipart:
            return await send_multipart(request, [Part(kind, body, location)], DICOM, headers)
        headers |= {"Content-Type": kind, "Content-Location": location}
        return await send_body(request, body, headers)

    def _body(self, instance: StoredInstance, offer: Offer) -> Body:
        if offer.transfer_syntax in (None, instance.transfer_syntax_uid):
            return self._retrieval.whole(instance)
        return self._transcoding.whole(instance, offer.transfer_syntax)

    async def _instance_metadata(self, request: web.Request) -> web.StreamResponse:
        """Retrieve an instance's attributes as DICOM JSON."""
        offer = negotiation.chosen(negotiation.DESCRIBED, accept_of(request))
        instance = await self._access.instance(request[ACTOR], target_of(request))
        base = base_url(request, self._public_url)
        etag = digest("metadata", offer.media_type, instance.sha256, base)
        if (settled := conditional(request, etag)) is not None:
            return settled
        body = await self._metadata.of_instance(instance, base)
        if offer.multipart:
            described = orjson.loads(await self._metadata.plain(body))
            return await send_described(request, described, offer, _tagged(etag))
        gzipped = takes_gzip(request)
        if not gzipped:
            body = await self._metadata.plain(body)
        return web.Response(body=body, headers=_headers(offer.media_type, etag, gzipped=gzipped))

    async def _series_metadata(self, request: web.Request) -> web.StreamResponse:
        """Retrieve the attributes of all instances of a series or a study as DICOM JSON."""
        offer = negotiation.chosen(negotiation.DESCRIBED, accept_of(request))
        target = target_of(request)
        several = await self._access.series(request[ACTOR], target)
        base = base_url(request, self._public_url)
        etag = digest(
            "metadata", offer.media_type, base, *(f"{each.pk}-{each.revision}" for each in several)
        )
        if (settled := conditional(request, etag)) is not None:
            return settled
        if offer.multipart:
            documents = self._metadata.documents(several, base)
            return await send_xml(request, documents, _tagged(etag))
        gzipped = takes_gzip(request)
        headers = _headers(offer.media_type, etag, gzipped=gzipped)
        if gzipped and target.series_uid is not None:
            body = await self._metadata.of_series(several[0], base)
            return web.Response(body=body, headers=headers)
        response = web.StreamResponse(headers=headers)
        if request.method == "HEAD":
            return response
        blocks = self._metadata.of_study(several, base, gzipped=gzipped)
        first = await anext(blocks)
        await response.prepare(request)
        with breaking_off(request):
            await response.write(first)
            async for block in blocks:
                await response.write(block)
            await response.write_eof()
        return response

    async def _frames(self, request: web.Request) -> web.StreamResponse:
        """Retrieve frames as they are stored, or as their client takes them."""
        numbers = frame_numbers(request.match_info["frames"])
        instance = await self._access.instance(request[ACTOR], target_of(request))
        etag = digest("frames", instance.sha256, request.match_info["frames"])
        async with self._retrieval.frames(instance, numbers) as bodies:
            return await self._send_pixels(request, instance, numbers, bodies, etag)

    async def _bulk_value(self, request: web.Request) -> web.StreamResponse:
        """Retrieve a value that the metadata refers to."""
        instance = await self._access.instance(request[ACTOR], target_of(request))
        name = request.match_info["value"]
        etag = digest("bulk", instance.sha256, name)
        async with self._retrieval.bulk_value(instance, name) as value:
            if value.is_pixel_data:
                numbers = range(1, value.frame_count + 1)
                return await self._send_pixels(request, instance, numbers, value.bodies, etag)
            offers = negotiation.octet_offers()
            offer = negotiation.chosen(offers, accept_of(request))
            etag = digest(etag, str(offer.multipart))
            if (settled := conditional(request, etag)) is not None:
                return settled
            return await _send(request, offer.multipart, OCTET_STREAM, value.bodies, etag)

    async def _send_pixels(
        self,
        request: web.Request,
        instance: PixelInstance,
        numbers: Sequence[int],
        stored: Sequence[Body],
        etag: str,
    ) -> web.StreamResponse:
        """Send frames, or bodies that are all pixel data and whose frames ``numbers`` says."""
        offers = negotiation.pixel_offers(instance, alone=len(stored) == 1)
        if len(numbers) != len(stored):
            # Its frames cannot be told apart, or stand in one body: it is given as it stands.
            offers = [each for each in offers if negotiation.as_stored(instance, each)]
        offer = negotiation.chosen(offers, accept_of(request))
        kind = negotiation.content_type(offer)
        etag = digest(etag, kind, str(offer.multipart))
        if (settled := conditional(request, etag)) is not None:
            return settled
        if negotiation.as_stored(instance, offer):
            return await _send(request, offer.multipart, kind, stored, etag)
        async with AsyncExitStack() as made:
            target = str(offer.transfer_syntax)
            bodies = await made.enter_async_context(
                self._transcoding.frames(instance, target, numbers)
            )
            return await _send(request, offer.multipart, kind, bodies, etag)


async def _send(
    request: web.Request, multipart: bool, kind: str, bodies: Sequence[Body], etag: str
) -> web.StreamResponse:
    headers = {"ETag": f'"{etag}"', **CACHE}
    if not multipart:
        return await send_body(request, bodies[0], {**headers, "Content-Type": kind})
    parts = [Part(kind, body) for body in bodies]
    return await send_multipart(request, parts, kind.partition(";")[0], headers)


def _headers(media_type: str, etag: str, *, gzipped: bool) -> dict[str, str]:
    headers = {"Content-Type": media_type, **CACHE}
    # Another encoding is another representation, and has another tag (RFC 9110 8.8.3.3).
    headers["ETag"] = f'W/"{etag}"'
    if gzipped:
        headers["Content-Encoding"] = "gzip"
    return headers


def _tagged(etag: str) -> dict[str, str]:
    return {"ETag": f'W/"{etag}"', **CACHE}
