"""The way back to the bytes of an object, wherever they are: spool or store.

What is given whole, or nearly so, is held to the object's digest: a reader may have begun to
receive rotten bytes, but never has all of them, and the next is refused. A stretch of a large
object, a frame of many for example, cannot be checked by itself; only a scrub finds it rotten.
"""

import asyncio
import hashlib
import os
import secrets
import tempfile
from collections.abc import AsyncGenerator, AsyncIterator, Sequence
from concurrent.futures import Executor
from contextlib import (
    AbstractAsyncContextManager,
    AsyncExitStack,
    aclosing,
    asynccontextmanager,
    suppress,
)
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import structlog
from sqlalchemy import ColumnElement, bindparam, select
from sqlalchemy.orm import InstrumentedAttribute

from server.core.clock import Clock
from server.core.database import Database
from server.core.errors import NotFound, StorageFull, Unavailable
from server.core.file_blocks import file_blocks
from server.core.objects.errors import DigestMismatch, ObjectStoreError
from server.core.objects.port import Digest, LinkingStore, ObjectStore, begun, reading
from server.core.objects.verify import held_to
from server.core.recent import Recent
from server.intake.damage import mark_damaged
from server.intake.drain import object_key
from server.intake.models import Conversion, Location, StoredObject
from server.intake.spool import Spool

_log = structlog.get_logger(__name__)
_PARALLEL: Final = 8
_PAGE: Final = 500
_MOST_BESIDE_BYTES: Final = 1 << 20
"""So much more than was asked for is read to hold the object to its digest."""
_BELIEVED_S: Final = 60.0
_MOST_BELIEVED: Final = 1024
"""A file that a decoder opens frame by frame is not hashed for each of them."""


@dataclass(frozen=True)
class Place:
    """Where an object's bytes were when somebody looked."""

    org: str
    sha256: str
    size: int
    location: str
    spool_id: str | None
    spool_name: str | None
    is_damaged: bool

    @property
    def damage(self) -> Unavailable:
        """What a reader is told of bytes that are not the object's."""
        return Unavailable(
            "the object's bytes are damaged: send it again, or restore it from a backup",
            code="bytes-damaged",
        )


_Identity = tuple[int, int, int, int]
"""A file's device, inode, size in bytes and time of change in ns."""

PLACE_COLUMNS: Final[tuple[ColumnElement[Any] | InstrumentedAttribute[Any], ...]] = (
    StoredObject.org,
    StoredObject.sha256,
    StoredObject.size,
    StoredObject.location,
    StoredObject.spool_id,
    StoredObject.spool_name,
    StoredObject.damaged_at.is_not(None),
)
"""What makes a `Place`, for who looks for an object by way of others."""
_PLACES: Final = select(*PLACE_COLUMNS)
_PLACE: Final = _PLACES.where(StoredObject.id == bindparam("object_id"))


@dataclass(frozen=True)
class ArrivedFile:
    """A file as its sender sent it."""

    object_id: str
    size: int
    format: str | None
    """None for what arrived as DICOM."""


class Originals:
    """Reads originals. A host whose spool lacks the bytes says so (503), and never wrong bytes."""

    def __init__(
        self,
        *,
        spool: Spool,
        store: ObjectStore,
        database: Database,
        clock: Clock,
        executor: Executor,
    ) -> None:
        self._spool = spool
        self._store = store
        self._database = database
        self._clock = clock
        self._executor = executor
        self._believed: Recent[_Identity, bool] = Recent(
            clock=clock, keep_s=_BELIEVED_S, capacity=_MOST_BELIEVED
        )

    async def arrived(self, object_id: str) -> ArrivedFile:
        """Return the file that an object was made from: the object itself if it arrived as it is.

        Raises
        ------
        NotFound
            If there is no such object.
        """
        async with self._database.reading() as session:
            source = (
                await session.execute(
                    select(Conversion.source_object_id, Conversion.source_format).where(
                        Conversion.object_id == object_id
                    )
                )
            ).one_or_none()
        arrived_id, source_format = source if source is not None else (object_id, None)
        return ArrivedFile(arrived_id, (await self._place(arrived_id)).size, source_format)

    @asynccontextmanager
    async def open(
        self,
        object_id: str,
        *,
        start: int = 0,
        length: int | None = None,
        place: Place | None = None,
    ) -> AsyncIterator[AsyncIterator[bytes]]:
        """Open the bytes from ``start``, ``length`` of them or all; errors come before any byte.

        Who has just looked where they are says so with ``place``.

        Raises
        ------
        NotFound
            If there is no such object.
        Unavailable
            If the store is down, or the bytes are in another host's spool; also from the blocks,
            before the last one, where the bytes turn out not to be the object's.
        """
        # The drain may move the object between a look and the read: then look once more.
        for last_try in (False, True):
            if place is None or last_try:
                place = await self._place(object_id)
            async with AsyncExitStack() as stack:
                try:
                    stream = self._begun(object_id, _undamaged(place), start, length)
                    blocks = await stack.enter_async_context(stream)
                except FileNotFoundError:
                    if last_try:
                        break
                    continue
                yield blocks
                return
        raise Unavailable("the object's bytes are not at hand; try again", code="bytes-missing")

    async def absent(self, object_ids: Sequence[str]) -> int:
        """Return how many of the objects could not be given now, without reading any.

        Raises
        ------
        Unavailable
            If the store does not answer.
        """
        gate = asyncio.Semaphore(_PARALLEL)

        async def is_absent(place: Place) -> bool:
            async with gate:
                return place.is_damaged or not await self._is_at_hand(place)

        missing = 0
        for start in range(0, len(object_ids), _PAGE):
            page = object_ids[start : start + _PAGE]
            async with self._database.reading() as session:
                rows = (await session.execute(_PLACES.where(StoredObject.id.in_(set(page))))).all()
            places = [Place(*row) for row in rows]
            missing += len(set(page)) - len(places)
            missing += sum(await asyncio.gather(*(is_absent(place) for place in places)))
        return missing

    async def _is_at_hand(self, place: Place) -> bool:
        if place.location == Location.SPOOL:
            if place.spool_id != self._spool.id or place.spool_name is None:
                return False
            path = self._spool.path(place.spool_name)
            if await asyncio.get_running_loop().run_in_executor(self._executor, path.is_file):
                return True
            # The drain may have moved it meanwhile.
        try:
            found = await self._store.stat(object_key(place.org, place.sha256))
        except ObjectStoreError as error:
            raise Unavailable(
                "the object store does not answer now; try again", code="store-unavailable"
            ) from error
        return found is not None and found.size_bytes == place.size

    @asynccontextmanager
    async def as_file(self, object_id: str, *, place: Place | None = None) -> AsyncIterator[Path]:
        """Give the whole object as a local file, for a decoder in another process.

        Who has just looked where it is says so with ``place``.

        Raises
        ------
        NotFound, Unavailable
            As `open`; nothing is given that is not the object.
        """
        place = await self._place(object_id) if place is None else _undamaged(place)
        loop = asyncio.get_running_loop()
        link = self._spool.scratch_dir / secrets.token_hex(16)
        linking = loop.run_in_executor(self._executor, self._link, place, link)
        try:
            linked = await asyncio.shield(linking)
        except asyncio.CancelledError:
            linking.add_done_callback(lambda _: _forget(link))
            raise
        if linked is not None:
            try:
                await self._prove(object_id, place, link, linked)
                yield link
            finally:
                _forget(link)
            return
        with tempfile.NamedTemporaryFile(dir=self._spool.scratch_dir) as copy:
            async with self.open(object_id) as blocks:
                async for block in blocks:
                    await loop.run_in_executor(self._executor, copy.write, block)
            copy.flush()
            yield Path(copy.name)

    def _link(self, place: Place, link: Path) -> _Identity | None:
        """Give the object's file a second name, if it is on this disk.

        That keeps its bytes while the drain, or a deletion, unlinks the first.
        """
        if place.location == Location.SPOOL and place.spool_id == self._spool.id:
            with suppress(FileNotFoundError):
                link.hardlink_to(self._spool.path(place.spool_name or ""))
                return _identity(link)
        if isinstance(self._store, LinkingStore) and self._store.link(
            object_key(place.org, place.sha256), link
        ):
            return _identity(link)
        return None

    async def _prove(self, object_id: str, place: Place, path: Path, identity: _Identity) -> None:
        """Raise unless the file is the object, byte for byte."""
        if self._believed.get(identity):
            return
        try:
            sha256 = await asyncio.get_running_loop().run_in_executor(
                self._executor, _sha256_of, path
            )
        except OSError as error:
            raise Unavailable(
                "the object's bytes cannot be read; try again", code="bytes-missing"
            ) from error
        if sha256 != place.sha256:
            await self._mark(object_id, place)
            raise place.damage
        self._believed.put(identity, True)

    @asynccontextmanager
    async def scratch_file(self, size: int = 0) -> AsyncIterator[Path]:
        """Give an empty local file for what objects are made of, or from; it ends with the context.

        Raises
        ------
        Unavailable
            If there is too little room for ``size`` more bytes, where that is known.
        """
        try:
            self._spool.check_room(size)
        except StorageFull as error:
            raise Unavailable(
                "the server's disk is nearly full; try again later", code="no-room"
            ) from error
        # Not kept open: a request may bring more parts than a process may have descriptors.
        descriptor, name = tempfile.mkstemp(dir=self._spool.scratch_dir)
        os.close(descriptor)
        path = Path(name)
        try:
            yield path
        finally:
            _forget(path)

    async def _place(self, object_id: str) -> Place:
        found = await self._database.look_up(_PLACE, {"object_id": object_id})
        if not found:
            raise NotFound("there is no such object")
        return _undamaged(Place(*found[0]))

    def _begun(
        self, object_id: str, place: Place, start: int, length: int | None
    ) -> AbstractAsyncContextManager[AsyncIterator[bytes]]:
        end = place.size if length is None else start + length
        if 0 <= start <= end <= place.size <= end - start + _MOST_BESIDE_BYTES:
            return begun(self._proved(object_id, place, start, end))
        return self._stretch(place, start, length)

    async def _proved(
        self, object_id: str, place: Place, start: int, end: int
    ) -> AsyncGenerator[bytes, None]:
        digest = hashlib.sha256()
        async with self._stretch(place, digest=digest) as stream:
            whole = held_to(
                digest, stream, sha256=place.sha256, size=place.size, start=start, end=end
            )
            try:
                async with aclosing(whole):
                    async for block in whole:
                        yield block
            except DigestMismatch as error:
                await self._mark(object_id, place)
                raise place.damage from error

    async def _mark(self, object_id: str, place: Place) -> None:
        _log.error(
            "stored bytes are not those that were received",
            object_id=object_id,
            key=object_key(place.org, place.sha256),
            location=place.location,
        )
        async with self._database.unit_of_work() as uow:
            found = (object_id, Location(place.location), place.spool_name)
            await mark_damaged(uow.session, [found], self._clock.now())
            await uow.commit()

    def _stretch(
        self,
        place: Place,
        start: int = 0,
        length: int | None = None,
        *,
        digest: Digest | None = None,
    ) -> AbstractAsyncContextManager[AsyncIterator[bytes]]:
        if place.location == Location.STORE:
            return _translated(self._store, place, start, length, digest)
        return begun(
            file_blocks(
                self._path_of(place), self._executor, start=start, length=length, digest=digest
            )
        )

    def _path_of(self, place: Place) -> Path:
        if place.spool_id != self._spool.id or place.spool_name is None:
            raise Unavailable(
                "the object is still in the spool of another host; try again",
                code="bytes-elsewhere",
            )
        return self._spool.path(place.spool_name)


def _undamaged(place: Place) -> Place:
    if place.is_damaged:
        raise place.damage
    return place


def _identity(path: Path) -> _Identity:
    status = path.stat(follow_symlinks=False)
    return status.st_dev, status.st_ino, status.st_size, status.st_mtime_ns


def _sha256_of(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _forget(path: Path) -> None:
    path.unlink(missing_ok=True)


@asynccontextmanager
async def _translated(
    store: ObjectStore, place: Place, start: int, length: int | None, digest: Digest | None
) -> AsyncIterator[AsyncIterator[bytes]]:
    key = object_key(place.org, place.sha256)
    try:
        async with reading(store, key, start=start, length=length, digest=digest) as blocks:
            yield blocks
    except ObjectStoreError as error:
        raise Unavailable(
            "the object store does not give the object now; try again", code="store-unavailable"
        ) from error
