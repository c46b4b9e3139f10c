"""The scrub: whether all bytes that were promised are still there, and still the same.

It reads every object of the index from the store, or from this host's spool, and holds it to its
digest. What is gone or other is marked, so that readers are told (503) and never given wrong bytes.
The mark goes when a scrub finds the object whole again, or when a sender sends it once more.
What cannot be read while the store answers, for a bad sector perhaps, is told and not marked: it
may be read another time.
Objects of the store that no row names are orphans: a drain puts only what a row names, so nobody
was promised them.
"""

import asyncio
import hashlib
from collections.abc import AsyncGenerator, Callable, Sequence
from concurrent.futures import Executor
from contextlib import aclosing
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Final

import structlog
from sqlalchemy import func, select, update

from server.audit.public import AuditTrail, Outcome
from server.core.clock import Clock
from server.core.database import Database
from server.core.errors import Unavailable
from server.core.file_blocks import file_blocks
from server.core.objects.errors import ObjectMissing, ObjectStoreError
from server.core.objects.port import ObjectStore
from server.identity.public import act_of
from server.intake.damage import Found, mark_damaged
from server.intake.drain import object_key
from server.intake.models import Location, StoredObject
from server.intake.spool import Spool

_log = structlog.get_logger(__name__)
_PAGE: Final = 200
_PARALLEL: Final = 4
_KEYS_AT_ONCE: Final = 500
_MOST_TOLD: Final = 1000


class Condition(StrEnum):
    """How an object was found."""

    WHOLE = "whole"
    MISSING = "missing"
    OTHER_BYTES = "other bytes"
    UNREADABLE = "unreadable"
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
    unreadable: int = 0
    """Objects that the store, which answers, did not give."""
    restored: int = 0
    """Objects marked before that are whole again."""
    orphans: int = 0
    removed: int = 0
    damaged_keys: list[tuple[str, Condition]] = field(default_factory=list)
    unreadable_keys: list[str] = field(default_factory=list)
    orphan_keys: list[str] = field(default_factory=list)

    @property
    def is_clean(self) -> bool:
        """Whether every object that was looked for is there, and whole."""
        return not self.damaged and not self.unreadable

    @property
    def counts(self) -> dict[str, int]:
        """What was counted, by name."""
        return {name: value for name, value in vars(self).items() if isinstance(value, int)}


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

    def condition(self, sha256: str) -> Condition:
        return Condition.WHOLE if sha256 == self.sha256 else Condition.OTHER_BYTES


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
        after: str | None = ""
        while after is not None:
            after = await self.step(report, after)
            progress(report)
        await self.conclude(report, remove_orphans=remove_orphans, progress=progress)
        return report

    async def step(
        self, report: ScrubReport, after: str, *, most: int = _PAGE, parallel: int = _PARALLEL
    ) -> str | None:
        """Check the next objects of the index.

        Parameters
        ----------
        report
            What was found so far, and is added to.
        after
            The id of the last object that was checked; empty at the beginning.

        Returns
        -------
        str | None
            The id of the last object of these; None where there was none.

        Raises
        ------
        ObjectStoreError
            As `run`.
        """
        entries = await self._page(after, most)
        if not entries:
            return None
        gate = asyncio.Semaphore(parallel)

        async def checked(entry: _Entry) -> Condition:
            async with gate:
                return await self._condition(entry)

        found = await asyncio.gather(*(checked(entry) for entry in entries))
        await self._note(report, list(zip(entries, found, strict=True)))
        return entries[-1].id

    async def conclude(
        self,
        report: ScrubReport,
        *,
        remove_orphans: bool = False,
        progress: Callable[[ScrubReport], None] = lambda _: None,
    ) -> None:
        """Look for orphans once all objects are checked, and put the report on record."""
        await self._find_orphans(report, remove=remove_orphans, progress=progress)
        await self._write_down(report)

    async def extent(self) -> tuple[int, int]:
        """Return how many objects there are to check, and their bytes."""
        async with self._database.reading() as session:
            found = await session.execute(
                select(func.count(), func.coalesce(func.sum(StoredObject.size), 0)).select_from(
                    StoredObject
                )
            )
            count, size = found.one()
            return int(count), int(size)

    async def _page(self, after: str, most: int) -> Sequence[_Entry]:
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
                .limit(most)
            )
            return [_Entry(*row[:4], Location(row[4]), *row[5:]) for row in rows]

    async def _condition(self, entry: _Entry) -> Condition:
        try:
            return await self._compared(entry)
        except (ObjectStoreError, Unavailable, OSError) as error:
            await self._store.check()
            _log.warning("an object cannot be read", key=entry.key, reason=str(error))
            return Condition.UNREADABLE

    async def _compared(self, entry: _Entry) -> Condition:
        digest = hashlib.sha256()
        if entry.location is Location.SPOOL:
            if entry.spool_id != self._spool.id or entry.spool_name is None:
                return Condition.ELSEWHERE
            try:
                path = self._spool.path(entry.spool_name)
                await _exhaust(file_blocks(path, self._executor, digest=digest))
                return entry.condition(digest.hexdigest())
            except FileNotFoundError:
                # The drain may have moved it since the page was read: then the store has it.
                pass
        try:
            await _exhaust(self._store.get(entry.key, digest=digest))
        except ObjectMissing:
            return Condition.MISSING
        return entry.condition(digest.hexdigest())

    async def _note(self, report: ScrubReport, found: Sequence[tuple[_Entry, Condition]]) -> None:
        to_mark: list[Found] = []
        to_clear: list[str] = []
        for entry, condition in found:
            if condition is Condition.ELSEWHERE:
                report.elsewhere += 1
                continue
            if condition is Condition.UNREADABLE:
                report.unreadable += 1
                if len(report.unreadable_keys) < _MOST_TOLD:
                    report.unreadable_keys.append(entry.key)
                continue
            report.checked += 1
            report.checked_bytes += entry.size
            if condition.is_damage:
                report.damaged += 1
                if len(report.damaged_keys) < _MOST_TOLD:
                    report.damaged_keys.append((entry.key, condition))
                to_mark.append((entry.id, entry.location, entry.spool_name))
            elif entry.was_damaged:
                report.restored += 1
                to_clear.append(entry.id)
        if not to_mark and not to_clear:
            return
        async with self._database.unit_of_work() as uow:
            await mark_damaged(uow.session, to_mark, self._clock.now())
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
        outcome = Outcome.SUCCESS if report.is_clean else Outcome.FAILED
        detail = report.counts
        async with self._database.unit_of_work() as uow:
            self._audit.record(uow, act_of(None, "objects.scrub", outcome=outcome, detail=detail))
            await uow.commit()


async def _exhaust(blocks: AsyncGenerator[bytes, None]) -> None:
    async with aclosing(blocks):
        async for _ in blocks:
            pass
