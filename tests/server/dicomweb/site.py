"""DICOMweb as one process serves it, on a real socket, and those who ask it."""

import asyncio
from collections.abc import AsyncIterator, Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, TypeVar

from aiohttp import ClientSession, web
from aiohttp.test_utils import TestServer
from aiohttp.typedefs import Handler
from dicomweb_client.api import DICOMwebClient

from dicom.decode_pool import DecodePool
from server.audit.public import AuditTrail
from server.core.database import Database
from server.core.errors import Unavailable
from server.core.http import (
    ACCESS,
    Public,
    Requires,
    Route,
    SignedIn,
    access_of,
    add_routes,
    errors_become_problems,
)
from server.core.objects.file_store import FileStore
from server.dicomweb.access import StudyAccess
from server.dicomweb.composing import Composer
from server.dicomweb.derived import Derived
from server.dicomweb.metadata import MetadataService
from server.dicomweb.rendering import RenderingService
from server.dicomweb.retrieval import RetrievalService
from server.dicomweb.routes import dicomweb_routes
from server.dicomweb.search import MOST_BYTES, SearchService
from server.dicomweb.storage import StorageService, StoreLimits
from server.dicomweb.transcoding import TranscodingService
from server.identity.public import ACTOR, Action, Actor, ActorKind, Role
from server.intake.public import Receipt
from server.studies.public import StudySearch
from tests.support.fakes import CountingIds, ManualClock
from tests.support.senders import ORG, TOWNSHIP, IntakeParts, device, running_intake

_T = TypeVar("_T")


def person(institution_id: str = TOWNSHIP, *roles: Role) -> Actor:
    """Return somebody of an institution; a doctor and a technician unless told."""
    return Actor(
        kind=ActorKind.PERSON,
        id=f"person-{institution_id}",
        org=ORG,
        institution_id=institution_id,
        roles=frozenset(roles or (Role.TOWNSHIP_DOCTOR, Role.TOWNSHIP_TECHNICIAN)),
        source="127.0.0.1",
    )


@dataclass
class Reads:
    """Remembers who read what; may be told to fail."""

    seen: list[tuple[str, str]] = field(default_factory=list)
    broken: bool = False

    async def record_read(self, actor: Actor, study_pk: str) -> None:
        """Remember one read."""
        if self.broken:
            raise Unavailable("the audit cannot be written", code="audit-unavailable")
        self.seen.append((actor.institution_id, study_pk))


@dataclass
class Site:
    """A running server and what stands behind it."""

    url: str
    http: ClientSession
    parts: IntakeParts
    reads: Reads
    derived: FileStore
    routes: list[Route]

    def client(self, institution_id: str = TOWNSHIP) -> DICOMwebClient:
        """Return the real client, as somebody of an institution."""
        return DICOMwebClient(self.url, headers={"X-Institution": institution_id})

    async def ask(self, work: Callable[[], _T]) -> _T:
        """Run the blocking client beside the server."""
        return await asyncio.to_thread(work)

    async def send(self, data: bytes, institution_id: str = TOWNSHIP) -> Receipt:
        """Let a device of an institution send an object."""
        incoming = self.parts.intake.begin(device(institution_id))
        incoming.write(data)
        return await incoming.finish()

    def get(self, path: str, institution_id: str = TOWNSHIP, **options: Any) -> Any:
        """Ask for a path, as somebody of an institution."""
        headers = {"X-Institution": institution_id, **options.pop("headers", {})}
        return self.http.get(self.url + path, headers=headers, **options)

    def post(self, path: str, institution_id: str = TOWNSHIP, **options: Any) -> Any:
        """Post to a path, as somebody of an institution."""
        headers = {"X-Institution": institution_id, **options.pop("headers", {})}
        return self.http.post(self.url + path, headers=headers, **options)


@web.middleware
async def _signed_in(request: web.Request, handler: Handler) -> web.StreamResponse:
    access = access_of(request)
    if isinstance(access, Public):
        return await handler(request)
    actor = person(request.headers.get("X-Institution", TOWNSHIP))
    if not isinstance(access, SignedIn) and not (
        isinstance(access, Requires) and actor.may(Action(access.action))
    ):
        return web.Response(status=403)
    request[ACTOR] = actor
    return await handler(request)


@asynccontextmanager
async def running_site(
    database: Database,
    root: Path,
    clock: ManualClock,
    ids: CountingIds,
    *,
    max_total_bytes: int = 1 << 30,
    max_parts: int = 1000,
    public_url: str | None = None,
    max_object_bytes: int = 1 << 30,
    min_free_bytes: int = 1,
    most_page_bytes: int = MOST_BYTES,
) -> AsyncIterator[Site]:
    """Run DICOMweb over a real intake, database and store."""
    audit = AuditTrail(key=b"k" * 32, clock=clock, ids=ids, role="web")
    reads = Reads()
    with ThreadPoolExecutor(4) as executor:
        derived = FileStore(root / "derived", executor=executor, replaceable=True)
        await derived.open()
        async with (
            running_intake(
                database,
                root,
                clock,
                ids,
                max_object_bytes=max_object_bytes,
                min_free_bytes=min_free_bytes,
            ) as parts,
            DecodePool(1, 2 << 30, 20) as pool,
        ):
            kept = Derived(derived)
            metadata = MetadataService(database=database, derived=kept, executor=executor)
            app = web.Application(middlewares=[errors_become_problems(ids), _signed_in])
            app[ACCESS] = {}
            limits = StoreLimits(max_total_bytes, max_parts, max_object_bytes)
            routes = dicomweb_routes(
                access=StudyAccess(database=database, reads=reads, audit=audit, clock=clock),
                retrieval=RetrievalService(originals=parts.originals, executor=executor),
                transcoding=TranscodingService(
                    originals=parts.originals, derived=kept, coder=pool, executor=executor
                ),
                metadata=metadata,
                rendering=RenderingService(originals=parts.originals, derived=kept, renderer=pool),
                searches=SearchService(
                    searches=StudySearch(database=database, clock=clock),
                    executor=executor,
                    most_bytes=most_page_bytes,
                ),
                storage=StorageService(
                    intake=parts.intake,
                    database=database,
                    audit=audit,
                    limits=limits,
                ),
                composer=Composer(
                    originals=parts.originals,
                    executor=executor,
                    limits=limits,
                ),
                public_url=public_url,
            )
            add_routes(app, routes)
            async with TestServer(app) as server, ClientSession() as http:
                yield Site(str(server.make_url("/dicomweb")), http, parts, reads, derived, routes)
        await derived.close()
