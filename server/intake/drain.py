"""The drain: from the spool to the object store, at least once, with an idempotent effect.

``PUT`` with ``If-None-Match`` and read-back check, or a link where the store is of the same disk;
the locations flip in one transaction; then unlink. One process of a host drains; the lock passes on
when it dies. While the store is down everything goes on from the spool, and the drain waits, longer
each time. A process that dies between flip and unlink leaves files nobody needs in the folders of
those who received them; they are swept once those have ended too.
"""

import asyncio
import fcntl
import os
from collections.abc import Awaitable, Callable, Sequence
from concurrent.futures import Executor
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import partial
from pathlib import Path
from typing import Final

import structlog
from sqlalchemy import ColumnElement, func, literal, select, tuple_, update

from server.core.clock import Clock
from server.core.database import Database
from server.core.errors import LianzhenError, Unavailable
from server.core.file_blocks import file_blocks
from server.core.objects.errors import DigestMismatch, ObjectStoreError, StoredDigestMismatch
from server.core.objects.port import LinkingStore, ObjectStore
from server.core.objects.verify import sha256_of
from server.intake.models import Location, StoredObject
from server.intake.spool import Spool
from server.intake.sweep import sweep

_log = structlog.get_logger(__name__)
_BATCH: Final = 32
_PARALLEL: Final = 4
_IDLE_S: Final = 0.5
_LONGEST_WAIT_S: Final = 30.0
_LONGEST_WAIT_FOR_SENDERS: Final = timedelta(seconds=5)
_SWEEP_EVERY_S: Final = 60.0


def object_key(org: str, sha256: str) -> str:
    """Return the key of an original: a digest under its community, never a UID."""
    return f"{org}/i/{sha256[:2]}/{sha256}"


@dataclass(frozen=True)
class _Waiting:
    id: str
    org: str
    sha256: str
    size: int
    spool_name: str
    received_at: datetime


class Drain:
    """Moves what is in this host's spool to the store."""

    def __init__(
        self,
        *,
        spool: Spool,
        store: ObjectStore,
        database: Database,
        clock: Clock,
        executor: Executor,
        lock_path: Path,
        chores: Sequence[Callable[[], Awaitable[object]]] = (),
        is_busy: Callable[[], bool] = lambda: False,
    ) -> None:
        """Make it; ``chores`` are what else only the owner of this spool may do, now and then.

        While the process ``is_busy`` taking objects in, they may wait in the spool for a while.
        """
        self._spool = spool
        self._store = store
        self._database = database
        self._clock = clock
        self._executor = executor
        self._lock_path = lock_path
        self._chores = tuple(chores)
        self._is_busy = is_busy
        self._stopping = asyncio.Event()
        self._after: _Waiting | None = None

    async def run(self) -> None:
        """Drain for as long as this process lives and holds the lock; else wait for it."""
        lock = os.open(self._lock_path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o640)
        try:
            while not _locked(lock):
                if await self._stopped_within(2.0):
                    return
            wait_s = _IDLE_S
            sweep_at_s = self._clock.monotonic_s()
            while True:
                try:
                    if self._clock.monotonic_s() >= sweep_at_s:
                        # Set first: what cannot be swept must not stop what can be moved.
                        sweep_at_s = self._clock.monotonic_s() + _SWEEP_EVERY_S
                        await sweep(self._spool, self._database, self._executor)
                        for chore in self._chores:
                            await chore()
                    moved = 0 if await self._may_wait() else await self.drain_once()
                    wait_s = 0.0 if moved else _IDLE_S
                except Exception as error:  # noqa: BLE001 -- nothing may end it but its process
                    wait_s = min(max(wait_s, _IDLE_S) * 2, _LONGEST_WAIT_S)
                    expected = isinstance(error, LianzhenError | ObjectStoreError | OSError)
                    _log.warning(
                        "draining waits", reason=str(error), wait_s=wait_s, exc_info=not expected
                    )
                if await self._stopped_within(wait_s):
                    return
        finally:
            os.close(lock)

    def stop(self) -> None:
        """Let `run` end after the batch under way."""
        self._stopping.set()

    async def drain_once(self) -> int:
        """Move one batch and return how many objects the store now has.

        Raises
        ------
        ObjectStoreError, Unavailable
            If nothing of the batch could be moved; what could is moved all the same.
        """
        waiting = await self._waiting()
        if not waiting:
            self._after = None
            return 0
        gate = asyncio.Semaphore(_PARALLEL)

        async def one(entry: _Waiting) -> BaseException | None:
            async with gate:
                try:
                    await self._put(entry)
                except (ObjectStoreError, OSError) as error:
                    return error
                return None

        errors = await asyncio.gather(*(one(entry) for entry in waiting))
        moved = [entry for entry, error in zip(waiting, errors, strict=True) if error is None]
        if moved:
            await self._flip(moved)
            for entry in moved:
                self._spool.remove(entry.spool_name)
        failed = [error for error in errors if error is not None]
        damaged = [error for error in failed if isinstance(error, OSError | DigestMismatch)]
        if damaged:
            _log.error(
                "spool files are gone or damaged", count=len(damaged), reason=str(damaged[0])
            )
        # A whole batch of such must not stop what waits behind it; from the end we begin anew.
        self._after = waiting[-1] if len(damaged) == len(waiting) else None
        if failed and not moved:
            raise Unavailable(f"nothing could be moved to the store: {failed[0]}")
        return len(moved)

    async def _may_wait(self) -> bool:
        """Tell whether senders come first: objects are safe in the spool, and none waits long."""
        if not self._is_busy():
            return False
        async with self._database.reading() as session:
            oldest = await session.scalar(
                select(func.min(StoredObject.received_at)).where(
                    StoredObject.location == Location.SPOOL,
                    StoredObject.spool_id == self._spool.id,
                )
            )
        # Below nothing where the clock was set back since: it would wait until it is there again.
        return oldest is None or (
            timedelta(0) <= self._clock.now() - oldest < _LONGEST_WAIT_FOR_SENDERS
        )

    async def _waiting(self) -> Sequence[_Waiting]:
        async with self._database.reading() as session:
            found = await session.execute(
                select(
                    StoredObject.id,
                    StoredObject.org,
                    StoredObject.sha256,
                    StoredObject.size,
                    StoredObject.spool_name,
                    StoredObject.received_at,
                )
                .where(
                    StoredObject.location == Location.SPOOL,
                    StoredObject.spool_id == self._spool.id,
                    *self._behind_the_damaged(),
                )
                .order_by(StoredObject.received_at, StoredObject.id)
                .limit(_BATCH)
            )
            return [
                _Waiting(pk, org, sha256, size, name, received_at)
                for pk, org, sha256, size, name, received_at in found
                if name is not None
            ]

    def _behind_the_damaged(self) -> list[ColumnElement[bool]]:
        if self._after is None:
            return []
        at = literal(self._after.received_at, StoredObject.received_at.type)
        place = tuple_(StoredObject.received_at, StoredObject.id)
        return [place > tuple_(at, self._after.id)]

    async def _put(self, entry: _Waiting) -> None:
        key = object_key(entry.org, entry.sha256)
        if isinstance(self._store, LinkingStore) and await self._adopted(self._store, key, entry):
            return
        blocks = partial(file_blocks, self._spool.path(entry.spool_name), self._executor)
        try:
            await self._store.put(key, blocks(), sha256=entry.sha256, size=entry.size)
        except StoredDigestMismatch:
            # The store's bytes rotted and were sent again; they go only for bytes that are right.
            if await sha256_of(blocks(), executor=self._executor) != entry.sha256:
                raise
            _log.warning("the store's damaged object is replaced", key=key)
            await self._store.delete(key)
            await self._store.put(key, blocks(), sha256=entry.sha256, size=entry.size)

    async def _adopted(self, store: LinkingStore, key: str, entry: _Waiting) -> bool:
        path = self._spool.path(entry.spool_name)
        adopt = partial(store.adopt, key, path, sha256=entry.sha256, size=entry.size)
        return await asyncio.get_running_loop().run_in_executor(self._executor, adopt)

    async def _flip(self, moved: Sequence[_Waiting]) -> None:
        async with self._database.unit_of_work() as uow:
            await uow.session.execute(
                update(StoredObject)
                .where(StoredObject.id.in_([entry.id for entry in moved]))
                .values(
                    location=Location.STORE,
                    spool_id=None,
                    spool_name=None,
                    stored_at=self._clock.now(),
                )
            )
            await uow.commit()

    async def _stopped_within(self, seconds: float) -> bool:
        try:
            await asyncio.wait_for(self._stopping.wait(), max(seconds, 0.001))
        except TimeoutError:
            return False
        return True


def _locked(fd: int) -> bool:
    try:
        fcntl.flock(fd, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True
