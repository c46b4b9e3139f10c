"""A running tail over one database, and a way to publish."""

import asyncio
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass, field

import pytest

from server.core.database import Database
from server.realtime.public import Occurrence, publish
from server.realtime.tail import EventRecord, EventTail
from tests.support.fakes import ManualClock

PATIENCE_S = 20.0


@dataclass
class Heard:
    """A subscriber that remembers."""

    events: list[EventRecord] = field(default_factory=list)
    _changed: asyncio.Event = field(default_factory=asyncio.Event)

    async def __call__(self, event: EventRecord) -> None:
        self.events.append(event)
        self._changed.set()

    async def until(self, count: int) -> list[str]:
        """Wait until so many events were heard, and return their topics."""
        await self._wait(lambda: len(self.events) >= count)
        return [event.topic for event in self.events]

    async def until_all(self, topics: set[str]) -> None:
        """Wait until each of the topics was heard, however often."""
        await self._wait(lambda: topics <= {event.topic for event in self.events})

    async def _wait(self, enough: Callable[[], bool]) -> None:
        async with asyncio.timeout(PATIENCE_S):
            while not enough():
                self._changed.clear()
                await self._changed.wait()


@dataclass(frozen=True)
class Publisher:
    """Commits events."""

    database: Database
    clock: ManualClock

    async def __call__(self, *topics: str, org: str = "demo", study_id: str | None = "s1") -> None:
        """Commit one transaction with an event of each topic."""
        async with self.database.unit_of_work() as uow:
            at = self.clock.now()
            await publish(uow, *(Occurrence(org, topic, at, study_id=study_id) for topic in topics))
            await uow.commit()


@pytest.fixture
def published(database: Database, clock: ManualClock) -> Publisher:
    """A publisher."""
    return Publisher(database, clock)


@pytest.fixture
async def tail(database: Database) -> AsyncIterator[EventTail]:
    """A running tail."""
    running = EventTail(database)
    await running.start()
    yield running
    await running.stop()
