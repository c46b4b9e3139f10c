"""The patrol reads the archive again and again, and nobody has to start it."""

import asyncio
from collections.abc import AsyncIterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import asynccontextmanager, suppress
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import Select, func, select

from server.audit.models import AuditEvent
from server.audit.public import AuditTrail
from server.core.database import Database
from server.core.ids import RandomIds
from server.core.objects.errors import ObjectStoreUnavailable
from server.intake import patrol as patrolled
from server.intake.models import StoredObject
from server.intake.patrol import Patrol
from server.intake.scrub import Scrub, ScrubReport
from tests.support.dicom_files import ct_series
from tests.support.fakes import CountingIds, ManualClock
from tests.support.senders import ORG, IntakeParts, create_institutions, running_intake, send

CLOCK = ManualClock()
QUICK, SLOW = timedelta(seconds=0.05), timedelta(days=30)


@pytest.fixture
async def parts(database: Database, tmp_path: Path) -> AsyncIterator[IntakeParts]:
    await create_institutions(database, CLOCK)
    async with running_intake(database, tmp_path, CLOCK, CountingIds()) as running:
        for data in ct_series(3):
            await send(running.intake, data)
        while await running.drain.drain_once():
            pass
        yield running


class Reading(Scrub):
    """A scrub that remembers where each step began; it may be told to fail once."""

    def __init__(self, parts: IntakeParts, executor: ThreadPoolExecutor) -> None:
        audit = AuditTrail(key=b"k" * 32, clock=CLOCK, ids=RandomIds(), role="scrub")
        super().__init__(
            spool=parts.spool, store=parts.store, database=parts.database, audit=audit,
            clock=CLOCK, executor=executor,
        )  # fmt: skip
        self.steps: list[str] = []
        self.fails = False
        self.looked_elsewhere = 0

    async def look_elsewhere(self) -> None:
        """Remember that."""
        self.looked_elsewhere += 1

    async def step(
        self, report: ScrubReport, after: str, *, most: int = 200, parallel: int = 4
    ) -> str | None:
        """Remember, and go on."""
        self.steps.append(after)
        if self.fails:
            self.fails = False
            raise ObjectStoreUnavailable("for a moment")
        return await super().step(report, after, most=most, parallel=parallel)


@asynccontextmanager
async def patrolling(
    parts: IntakeParts, tmp_path: Path, cycle: timedelta, *, fails: bool = False
) -> AsyncIterator[Reading]:
    with ThreadPoolExecutor(2) as executor:
        scrub = Reading(parts, executor)
        scrub.fails = fails
        patrol = Patrol(
            scrub, path=tmp_path / "patrol.json", cycle=cycle, clock=CLOCK, executor=executor,
            afterwards=scrub.look_elsewhere,
        )  # fmt: skip
        task = asyncio.create_task(patrol.run())
        try:
            yield scrub
        finally:
            task.cancel()
            with suppress(asyncio.CancelledError):
                await task


async def until(parts: IntakeParts, query: Select[Any]) -> None:
    async with asyncio.timeout(30):
        while True:
            async with parts.database.reading() as session:
                if await session.scalar(query):
                    return
            await asyncio.sleep(0.02)


AUDITED = select(func.count()).where(AuditEvent.action == "objects.scrub")


def rot(tmp_path: Path) -> str:
    """Let one object rot, and return its digest."""
    path = next(each for each in (tmp_path / "objects" / ORG).rglob("*") if each.is_file())
    path.chmod(0o640)
    path.write_bytes(b"other")
    return path.name


def says(kept: Path, what: str) -> bool:
    return kept.exists() and what in kept.read_text()


async def until_written(kept: Path, what: str) -> None:
    async with asyncio.timeout(30):
        while True:
            if says(kept, what):
                return
            await asyncio.sleep(0.02)


async def test_rot_is_marked_cycle_after_cycle_and_with_no_operator(
    parts: IntakeParts, tmp_path: Path
) -> None:
    marked = select(StoredObject.sha256).where(StoredObject.damaged_at.is_not(None))
    async with patrolling(parts, tmp_path, QUICK):
        await until(parts, AUDITED)
        rotten = rot(tmp_path)
        await until(parts, marked)
    async with parts.database.reading() as session:
        assert list(await session.scalars(marked)) == [rotten]


async def test_it_goes_on_where_it_was_and_at_its_pace(
    parts: IntakeParts, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(patrolled, "_AT_ONCE", 1)
    async with parts.database.reading() as session:
        ids = sorted(await session.scalars(select(StoredObject.id)))
    kept = tmp_path / "patrol.json"
    for at, expected in enumerate(["", ids[0], ids[1]]):
        async with patrolling(parts, tmp_path, SLOW) as scrub:
            await until_written(kept, ids[at])
        assert scrub.steps == [expected]
    kept.write_text("torn")
    async with patrolling(parts, tmp_path, SLOW) as scrub:
        await until_written(kept, ids[0])
    assert scrub.steps == [""]


async def test_a_store_that_is_away_for_a_moment_does_not_end_it(
    parts: IntakeParts, tmp_path: Path
) -> None:
    async with patrolling(parts, tmp_path, QUICK, fails=True) as scrub:
        await until(parts, AUDITED)
        async with asyncio.timeout(30):
            while True:
                if scrub.looked_elsewhere:
                    break
                await asyncio.sleep(0.02)
    assert scrub.steps[:2] == ["", ""]
