"""All of DICOMweb."""

from collections.abc import Iterator, Sequence

from aiohttp import web
from aiohttp.typedefs import Handler

from server.core.http import Route
from server.dicomweb.access import StudyAccess
from server.dicomweb.bulk_routes import BulkHandlers
from server.dicomweb.capabilities import options_routes
from server.dicomweb.composing import Composer
from server.dicomweb.metadata import MetadataService
from server.dicomweb.rendered_documents import RenderedDocuments
from server.dicomweb.rendered_routes import RenderedHandlers
from server.dicomweb.rendering import RenderingService
from server.dicomweb.retrieval import RetrievalService
from server.dicomweb.retrieve_routes import RetrieveHandlers
from server.dicomweb.search import SearchService
from server.dicomweb.search_routes import search_routes
from server.dicomweb.storage import StorageService
from server.dicomweb.store_routes import store_routes
from server.dicomweb.transcoding import TranscodingService
from server.dicomweb.uri_routes import UriHandlers


def dicomweb_routes(
    *,
    access: StudyAccess,
    retrieval: RetrievalService,
    transcoding: TranscodingService,
    metadata: MetadataService,
    rendering: RenderingService,
    searches: SearchService,
    storage: StorageService,
    composer: Composer,
    further: Sequence[Route] = (),
    public_url: str | None,
) -> list[Route]:
    """Return the routes under ``/dicomweb``, with ``further`` ones of capabilities above."""
    retrieve = RetrieveHandlers(
        access=access,
        retrieval=retrieval,
        transcoding=transcoding,
        metadata=metadata,
        public_url=public_url,
    )
    documents = RenderedDocuments(rendering=rendering, retrieval=retrieval, public_url=public_url)
    routes = [
        *retrieve.routes(),
        *search_routes(searches, public_url),
        *BulkHandlers(
            access=access, retrieval=retrieval, transcoding=transcoding, public_url=public_url
        ).routes(),
        *UriHandlers(
            access=access,
            retrieval=retrieval,
            transcoding=transcoding,
            rendering=rendering,
            documents=documents,
            public_url=public_url,
        ).routes(),
        *RenderedHandlers(
            access=access, rendering=rendering, documents=documents, public_url=public_url
        ).routes(),
        *store_routes(storage, composer, public_url),
        *further,
    ]
    return [*routes, *_heads(routes), *options_routes(routes, public_url)]


def _heads(routes: Sequence[Route]) -> Iterator[Route]:
    """Answer HEAD wherever GET is answered (RFC 9110 9.3.2)."""
    for route in routes:
        if route.method == "GET":
            yield Route("HEAD", route.path, _plain(route.handler), route.access)


def _plain(handler: Handler) -> Handler:
    """Hide a handler's signature: the OpenAPI document describes it once."""

    async def handle(request: web.Request) -> web.StreamResponse:
        return await handler(request)

    return handle
