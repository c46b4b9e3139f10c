"""The scrub: whether all bytes that were promised are still there, and still the same.

It reads every object of the index from the store, or from this host's spool, and holds it to its
digest. What is gone or other is marked, so that readers are told (503) and never given wrong bytes.
The mark goes when a scrub finds the object whole again, or when a sender sends it once more.
Objects of the store that no row names are orphans: a drain puts only what a row names, so nobody
was promised them.
"""

import asyncio
from collections.abc import AsyncIterator, Callable, Sequence
from concurrent.futures import Executor
from contextlib import aclosing
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Final

from sqlalchemy import select, update

from server.audit.public import AuditTrail, Outcome
from server.core.clock import Clock
from server.core.database import Database
from server.core.file_blocks import file_blocks
from server.core.objects.errors import ObjectMissing
from server.core.objects.port import ObjectStore
from server.core.objects.verify import sha256_of
from server.identity.public import act_of
from server.intake.drain import object_key
from server.intake.models import Location, StoredObject
from server.intake.spool import Spool

_PAGE: Final = 200
_PARALLEL: Final = 4
_KEYS_AT_ONCE: Final = 500
_MOST_TOLD: Final = 1000


class Condition(StrEnum):
    """How an object was found."""

    WHOLE = "whole"
    MISSING = "missing"
    OTHER_BYTES = "other bytes"
    ELSEWHERE = "elsewhere"
    """In the spool of another host, which alone can check it."""

    @property
    def is_damage(self) -> bool:
        """Whether what was promised is not there."""
        return self in {Condition.MISSING, Condition.OTHER_BYTES}


@dataclass
class ScrubReport:
    """What a scrub found; of each list the first thousand."""

    checked: int = 0
    checked_bytes: int = 0
    elsewhere: int = 0
    damaged: int = 0
    restored: int = 0
    """Objects marked before that are whole again."""
    orphans: int = 0
    removed: int = 0
    damaged_keys: list[tuple[str, Condition]] = field(default_factory=list)
    orphan_keys: list[str] = field(default_factory=list)


@dataclass(frozen=True)
class _Entry:
    id: str
    org: str
    sha256: str
    size: int
    location: Location
    spool_id: str | None
    spool_name: str | None
    was_damaged: bool

    @property
    def key(self) -> str:
        return object_key(self.org, self.sha256)


class Scrub:
    """Checks all objects of the index, and the store's keys against it."""

    def __init__(
        self,
        *,
        spool: Spool,
        store: ObjectStore,
        database: Database,
        audit: AuditTrail,
        clock: Clock,
        executor: Executor,
    ) -> None:
        self._spool = spool
        self._store = store
        self._database = database
        self._audit = audit
        self._clock = clock
        self._executor = executor

    async def run(
        self,
        *,
        remove_orphans: bool = False,
        progress: Callable[[ScrubReport], None] = lambda _: None,
    ) -> ScrubReport:
        """Check everything once.

        Parameters
        ----------
        remove_orphans
            Remove from the store what no row names.
        progress
            Called now and then with the report so far.

        Raises
        ------
        ObjectStoreError
            If the store does not answer: nothing can be said of what it holds.
        """
        report = ScrubReport()
        gate = asyncio.Semaphore(_PARALLEL)

        async def checked(entry: _Entry) -> Condition:
            async with gate:
                return await self._condition(entry)

        after = ""
        while entries := await self._page(after):
            found = await asyncio.gather(*(checked(entry) for entry in entries))
            await self._note(report, list(zip(entries, found, strict=True)))
            after = entries[-1].id
            progress(report)
        await self._find_orphans(report, remove=remove_orphans, progress=progress)
        await self._write_down(report)
        return report

    async def _page(self, after: str) -> Sequence[_Entry]:
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
                )
                .where(StoredObject.id > after)
                .order_by(StoredObject.id)
                .limit(_PAGE)
            )
            return [_Entry(*row[:4], Location(row[4]), *row[5:]) for row in rows]

    async def _condition(self, entry: _Entry) -> Condition:
        if entry.location is Location.SPOOL:
            if entry.spool_id != self._spool.id or entry.spool_name is None:
                return Condition.ELSEWHERE
            try:
                blocks = file_blocks(self._spool.path(entry.spool_name), self._executor)
                return await self._compared(entry, blocks)
            except FileNotFoundError:
                # The drain may have moved it since the page was read: then the store has it.
                pass
        try:
            async with aclosing(self._store.get(entry.key)) as blocks:
                return await self._compared(entry, blocks)
        except ObjectMissing:
            return Condition.MISSING

    async def _compared(self, entry: _Entry, blocks: AsyncIterator[bytes]) -> Condition:
        digest = await sha256_of(blocks, executor=self._executor)
        return Condition.WHOLE if digest == entry.sha256 else Condition.OTHER_BYTES

    async def _note(self, report: ScrubReport, found: Sequence[tuple[_Entry, Condition]]) -> None:
        to_mark: list[str] = []
        to_clear: list[str] = []
        for entry, condition in found:
            if condition is Condition.ELSEWHERE:
                report.elsewhere += 1
                continue
            report.checked += 1
            report.checked_bytes += entry.size
            if condition.is_damage:
                report.damaged += 1
                if len(report.damaged_keys) < _MOST_TOLD:
                    report.damaged_keys.append((entry.key, condition))
                to_mark.append(entry.id)
            elif entry.was_damaged:
                report.restored += 1
                to_clear.append(entry.id)
        if not to_mark and not to_clear:
            return
        async with self._database.unit_of_work() as uow:
            marking = update(StoredObject).where(
                StoredObject.id.in_(to_mark), StoredObject.damaged_at.is_(None)
            )
            await uow.session.execute(marking.values(damaged_at=self._clock.now()))
            clearing = update(StoredObject).where(StoredObject.id.in_(to_clear))
            await uow.session.execute(clearing.values(damaged_at=None))
            await uow.commit()

    async def _find_orphans(
        self, report: ScrubReport, *, remove: bool, progress: Callable[[ScrubReport], None]
    ) -> None:
        waiting: list[str] = []
        async with aclosing(self._store.keys()) as keys:
            async for key in keys:
                waiting.append(key)
                if len(waiting) == _KEYS_AT_ONCE:
                    await self._note_orphans(report, waiting, remove=remove)
                    waiting = []
                    progress(report)
        await self._note_orphans(report, waiting, remove=remove)

    async def _note_orphans(self, report: ScrubReport, keys: list[str], *, remove: bool) -> None:
        digests = {key.rpartition("/")[2] for key in keys}
        async with self._database.reading() as session:
            rows = await session.execute(
                select(StoredObject.org, StoredObject.sha256).where(
                    StoredObject.sha256.in_(digests)
                )
            )
            known = {object_key(org, sha256) for org, sha256 in rows}
        for key in keys:
            if key in known:
                continue
            report.orphans += 1
            if len(report.orphan_keys) < _MOST_TOLD:
                report.orphan_keys.append(key)
            if remove:
                await self._store.delete(key)
                report.removed += 1

    async def _write_down(self, report: ScrubReport) -> None:
        outcome = Outcome.FAILED if report.damaged else Outcome.SUCCESS
        detail = {
            name: getattr(report, name)
            for name in ("checked", "elsewhere", "damaged", "restored", "orphans", "removed")
        }
        async with self._database.unit_of_work() as uow:
            self._audit.record(uow, act_of(None, "objects.scrub", outcome=outcome, detail=detail))
            await uow.commit()
