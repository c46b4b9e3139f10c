"""Rendered resources that are no pictures: reports as pages, documents and video as they are."""

from typing import Final
from urllib.parse import urlsplit

from aiohttp import web

from dicom.encapsulated import MEDIA_TYPES, PDF
from dicom.page_words import Language
from dicom.uids import VIDEO_TRANSFER_SYNTAXES, is_structured_report
from dicom.web.media_types import Offer
from server.dicomweb import negotiation
from server.dicomweb.access import PixelInstance
from server.dicomweb.asking import accept_of
from server.dicomweb.rendering import RenderingService
from server.dicomweb.responses import CACHE, PREFIX, conditional, digest, send_body
from server.dicomweb.retrieval import RetrievalService

_HTML: Final = "text/html"
_PIXEL_DATA: Final = "7FE00010"
_PAGE_HEADERS: Final = {
    **CACHE,
    "Vary": f"{CACHE['Vary']}, Accept-Language",
    # Its own style, and the document that it shows; nothing runs, loads or is sent.
    "Content-Security-Policy": "default-src 'none'; style-src 'unsafe-inline'; object-src 'self'; "
    "frame-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'self'",
    "X-Frame-Options": "SAMEORIGIN",
}
_PDF_HEADERS: Final = {
    "Content-Disposition": 'inline; filename="document.pdf"',
    # Browsers show it in an object of their own, and in ours on the page around it.
    "Content-Security-Policy": "frame-ancestors 'self'; base-uri 'none'; form-action 'none'",
    "X-Frame-Options": "SAMEORIGIN",
}
_OTHER_HEADERS: Final = {
    "Content-Disposition": "attachment",
    "Content-Security-Policy": "default-src 'none'; sandbox",
}


class RenderedDocuments:
    """Answers for instances that hold text, a document or video (PS3.18 8.7.4)."""

    def __init__(
        self, *, rendering: RenderingService, retrieval: RetrievalService, public_url: str | None
    ) -> None:
        self._rendering = rendering
        self._retrieval = retrieval
        self._public_url = public_url

    @staticmethod
    def holds(instance: PixelInstance) -> bool:
        """Tell whether an instance is answered here."""
        return bool(offers_of(instance))

    async def answer(
        self,
        request: web.Request,
        instance: PixelInstance,
        accept: str | None,
        language: Language | None,
    ) -> web.StreamResponse:
        """Give an instance as what its client takes, in a language or that of its header."""
        offer = negotiation.chosen(offers_of(instance), accept or accept_of(request))
        if offer.media_type == _HTML:
            return await self._page(request, instance, language or language_of(request))
        etag = digest("document", instance.sha256)
        if (settled := conditional(request, etag)) is not None:
            return settled
        headers = {"Content-Type": offer.media_type, "ETag": f'"{etag}"', **CACHE}
        if instance.sop_class_uid not in MEDIA_TYPES:
            async with self._retrieval.bulk_value(instance, _PIXEL_DATA) as value:
                return await send_body(request, value.bodies[0], {**headers, **_OTHER_HEADERS})
        document = await self._rendering.document(instance)
        more = _PDF_HEADERS if document.media_type == PDF else _OTHER_HEADERS
        async with self._retrieval.stretch(instance, document.place) as body:
            return await send_body(request, body, {**headers, **more})

    async def _page(
        self, request: web.Request, instance: PixelInstance, language: Language
    ) -> web.StreamResponse:
        # Without a host: it holds behind a proxy, too.
        base = urlsplit(self._public_url or "").path.rstrip("/") + PREFIX
        page = await self._rendering.page(instance, language, base)
        etag = digest("page", page.decode())
        if (settled := conditional(request, etag)) is not None:
            return settled
        return web.Response(
            body=page,
            content_type=_HTML,
            charset="utf-8",
            headers={"ETag": f'"{etag}"', **_PAGE_HEADERS},
        )


def offers_of(instance: PixelInstance) -> tuple[Offer, ...]:
    """Return as what an instance can be given here, the favourite first; none for images."""
    if is_structured_report(instance.sop_class_uid):
        return (Offer(_HTML),)
    if (media_type := MEDIA_TYPES.get(instance.sop_class_uid)) is not None:
        return Offer(media_type), Offer(_HTML)
    if instance.transfer_syntax_uid in VIDEO_TRANSFER_SYNTAXES:
        return (Offer(negotiation.frame_type(instance.transfer_syntax_uid)),)
    return ()


def language_of(request: web.Request) -> Language:
    """Return the first language that the client names and we speak; Chinese where it names none."""
    wanted: list[tuple[float, str]] = []
    for item in request.headers.get("Accept-Language", "").lower().split(","):
        tag, _, weight = item.partition(";")
        try:
            q = float(weight.strip().removeprefix("q=")) if weight.strip() else 1.0
        except ValueError:
            q = 0.0
        wanted.append((-q, tag.strip().partition("-")[0]))
    spoken = [tag for q, tag in sorted(wanted, key=lambda one: one[0]) if q < 0]
    return next((Language(tag) for tag in spoken if tag in set(Language)), Language.ZH)
