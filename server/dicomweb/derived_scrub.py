"""The scrub of derived data: what rotted, or whose object is gone, is removed.

Nobody misses it: it is made again when somebody asks.
"""

import asyncio
from collections.abc import Sequence
from contextlib import aclosing
from dataclasses import dataclass
from typing import Final

import structlog
from sqlalchemy import select

from server.core.clock import Clock
from server.core.database import Database
from server.core.objects.errors import ObjectMissing, ObjectStoreError
from server.core.objects.port import ObjectStore
from server.dicomweb.derived import Derived
from server.intake.public import StoredObject
from server.studies.public import Series

_log = structlog.get_logger(__name__)
_AT_ONCE: Final = 200
_KINDS: Final = frozenset({"t", "p", "m"})


@dataclass
class DerivedReport:
    """What a scrub of derived data did."""

    checked: int = 0
    rotten: int = 0
    """Blobs that were not what was kept, and were removed."""
    ownerless: int = 0
    """Blobs whose object or series is gone, and were removed."""
    unreadable: int = 0


class DerivedScrub:
    """Checks everything in the derived bucket."""

    def __init__(self, *, store: ObjectStore, database: Database, clock: Clock) -> None:
        self._store = store
        self._derived = Derived(store)
        self._database = database
        self._clock = clock

    async def run(self, *, gently: bool = False) -> DerivedReport:
        """Check everything once, resting as long as reading takes where it is done ``gently``.

        Raises
        ------
        ObjectStoreError
            If the store does not answer.
        """
        report = DerivedReport()
        began_s = self._clock.monotonic_s()
        waiting: list[str] = []
        async with aclosing(self._store.keys()) as keys:
            async for key in keys:
                waiting.append(key)
                if len(waiting) < _AT_ONCE:
                    continue
                await self._check(waiting, report)
                waiting = []
                if gently:
                    await asyncio.sleep(self._clock.monotonic_s() - began_s)
                    began_s = self._clock.monotonic_s()
        await self._check(waiting, report)
        _log.info("derived data were checked", **vars(report))
        return report

    async def _check(self, keys: Sequence[str], report: DerivedReport) -> None:
        owners = {key: owner for key in keys if (owner := _owner(key)) is not None}
        known = await self._known(set(owners.values()))
        for key, owner in owners.items():
            report.checked += 1
            try:
                if owner not in known:
                    await self._store.delete(key)
                    report.ownerless += 1
                elif await self._derived.is_rotten(key):
                    report.rotten += 1
            except ObjectMissing:
                continue
            except ObjectStoreError as error:
                await self._store.check()
                report.unreadable += 1
                _log.warning("derived data cannot be read", key=key, reason=str(error))

    async def _known(self, owners: set[tuple[str, str]]) -> set[tuple[str, str]]:
        """Return those owners, each a community and a digest or a series, that are there."""
        names = {name for _, name in owners}
        async with self._database.reading() as session:
            objects = await session.execute(
                select(StoredObject.org, StoredObject.sha256).where(StoredObject.sha256.in_(names))
            )
            series = set(await session.scalars(select(Series.id).where(Series.id.in_(names))))
            known = {(org, sha256) for org, sha256 in objects}
        return known | {owner for owner in owners if owner[1] in series}


def _owner(key: str) -> tuple[str, str] | None:
    """Return of what a blob was made; None for what is not ours."""
    match key.split("/"):
        case [org, kind, name, _] if kind in _KINDS:
            return org, name
        case _:
            return None
