"""All of DICOMweb."""

from server.core.http import Route
from server.dicomweb.access import StudyAccess
from server.dicomweb.metadata import MetadataService
from server.dicomweb.rendered_routes import RenderedHandlers
from server.dicomweb.rendering import RenderingService
from server.dicomweb.retrieval import RetrievalService
from server.dicomweb.retrieve_routes import RetrieveHandlers
from server.dicomweb.search import SearchService
from server.dicomweb.search_routes import search_routes
from server.dicomweb.storage import StorageService
from server.dicomweb.store_routes import store_routes
from server.dicomweb.transcoding import TranscodingService


def dicomweb_routes(
    *,
    access: StudyAccess,
    retrieval: RetrievalService,
    transcoding: TranscodingService,
    metadata: MetadataService,
    rendering: RenderingService,
    searches: SearchService,
    storage: StorageService,
    public_url: str | None,
) -> list[Route]:
    """Return the routes under ``/dicomweb``."""
    retrieve = RetrieveHandlers(
        access=access,
        retrieval=retrieval,
        transcoding=transcoding,
        metadata=metadata,
        public_url=public_url,
    )
    return [
        *search_routes(searches, public_url),
        *retrieve.routes(),
        *RenderedHandlers(access=access, rendering=rendering).routes(),
        *store_routes(storage, public_url),
    ]
