"""Whether we can vouch for objects: a device that hears yes may delete the only other copy.

What is still in this host's spool is read and held to its digest. What the store has was read back
when it was put there and is read again by every scrub: here it must be there, with its size.
"""

import asyncio
from collections.abc import Mapping, Sequence
from concurrent.futures import Executor
from dataclasses import dataclass
from typing import Final

from sqlalchemy import select

from server.core.database import Database
from server.core.errors import Unavailable
from server.core.file_blocks import file_blocks
from server.core.objects.errors import ObjectStoreError
from server.core.objects.port import ObjectStore
from server.core.objects.verify import sha256_of
from server.intake.drain import object_key
from server.intake.models import Location, StoredObject
from server.intake.spool import Spool

_AT_ONCE: Final = 500
_PARALLEL: Final = 4


@dataclass(frozen=True)
class _Kept:
    id: str
    org: str
    sha256: str
    size: int
    location: Location
    spool_id: str | None
    spool_name: str | None
    is_damaged: bool


class Vouching:
    """Looks at the bytes of objects, wherever they are."""

    def __init__(
        self, *, spool: Spool, store: ObjectStore, database: Database, executor: Executor
    ) -> None:
        self._spool = spool
        self._store = store
        self._database = database
        self._executor = executor
        # Of all who ask: they read beside what is being received.
        self._gate = asyncio.Semaphore(_PARALLEL)

    async def whole(self, object_ids: Sequence[str]) -> Mapping[str, bool]:
        """Tell of each object whether its bytes are safe here and the same; False for unknown ones.

        Raises
        ------
        Unavailable
            If that cannot be told now: the store does not answer, or bytes are still in the spool
            of another host.
        """

        async def told(kept: _Kept) -> tuple[str, bool]:
            async with self._gate:
                return kept.id, not kept.is_damaged and await self._is_whole(kept)

        answers = dict.fromkeys(object_ids, False)
        for start in range(0, len(object_ids), _AT_ONCE):
            found = await self._kept(object_ids[start : start + _AT_ONCE])
            answers |= await asyncio.gather(*(told(kept) for kept in found))
        return answers

    async def _kept(self, object_ids: Sequence[str]) -> list[_Kept]:
        async with self._database.reading() as session:
            rows = await session.execute(
                select(
                    StoredObject.id,
                    StoredObject.org,
                    StoredObject.sha256,
                    StoredObject.size,
                    StoredObject.location,
                    StoredObject.spool_id,
                    StoredObject.spool_name,
                    StoredObject.damaged_at.is_not(None),
                ).where(StoredObject.id.in_(object_ids))
            )
            return [_Kept(*row[:4], Location(row[4]), *row[5:]) for row in rows]

    async def _is_whole(self, kept: _Kept) -> bool:
        if kept.location is Location.SPOOL:
            if kept.spool_id != self._spool.id or kept.spool_name is None:
                raise Unavailable(
                    "objects are still in the spool of another host; try again",
                    code="bytes-elsewhere",
                )
            try:
                blocks = file_blocks(self._spool.path(kept.spool_name), self._executor)
                return await sha256_of(blocks, executor=self._executor) == kept.sha256
            except FileNotFoundError:
                pass  # the drain may have moved it since: then the store has it
            except OSError:
                return False
        try:
            found = await self._store.stat(object_key(kept.org, kept.sha256))
        except ObjectStoreError as error:
            raise Unavailable(
                "the object store does not answer now; try again", code="store-unavailable"
            ) from error
        return found is not None and found.size_bytes == kept.size
