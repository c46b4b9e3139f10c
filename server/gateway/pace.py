"""How fast to send, and when: a bucket of bytes, and the hours of a day."""

import asyncio
from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass
from datetime import datetime, time, tzinfo
from typing import Final

from server.core.clock import Clock

_PIECE_BYTES: Final = 16 * 1024
_BURST_S: Final = 0.5
_SHORTEST_SLEEP_S: Final = 0.001
_LONGEST_SLEEP_S: Final = 1.0
UNLIMITED: Final = float("inf")


@dataclass(frozen=True)
class Hours:
    """A stretch of the local day and its limit; it may go over midnight."""

    start: time
    end: time
    kbit_s: int
    """0: nothing but emergencies."""

    @classmethod
    def parse(cls, text: str) -> "Hours":
        """Return the hours of a setting that is valid, like ``08:00-18:00=512``."""
        span, _, limit = text.partition("=")
        start, _, end = span.partition("-")
        return cls(time.fromisoformat(start), time.fromisoformat(end), int(limit))

    def holds_at(self, moment: time) -> bool:
        """Tell whether ``moment`` is within."""
        if self.start < self.end:
            return self.start <= moment < self.end
        return moment >= self.start or moment < self.end


class Timetable:
    """The limit of each moment: the first hours that hold, else the general one."""

    def __init__(
        self,
        hours: Sequence[Hours],
        *,
        kbit_s: int,
        clock: Clock,
        zone: tzinfo | None = None,
    ) -> None:
        """Make it; ``kbit_s`` 0 is no limit, ``zone`` None the machine's own."""
        self._hours = tuple(hours)
        self._general = kbit_s * 125.0 if kbit_s else UNLIMITED
        self._clock = clock
        self._zone = zone

    def bytes_per_s(self) -> float:
        """Return the limit now; 0 holds everything back but emergencies."""
        local: datetime = self._clock.now().astimezone(self._zone)
        for each in self._hours:
            if each.holds_at(local.time()):
                return each.kbit_s * 125.0
        return self._general


class Pacer:
    """Gives a body out as fast as is allowed."""

    def __init__(self, timetable: Timetable, clock: Clock) -> None:
        self._timetable = timetable
        self._clock = clock
        self._room = 0.0
        self._filled_at_s = clock.monotonic_s()

    async def pieces(self, chunk: bytes, *, hurried: bool) -> AsyncIterator[bytes]:
        """Yield ``chunk`` in pieces; an emergency does not wait."""
        for start in range(0, len(chunk), _PIECE_BYTES):
            piece = chunk[start : start + _PIECE_BYTES]
            if not hurried:
                await self._wait_for(len(piece))
            yield piece

    async def _wait_for(self, size: int) -> None:
        while True:
            rate = self._timetable.bytes_per_s()
            now_s = self._clock.monotonic_s()
            if rate in (UNLIMITED, 0.0):
                # Hours that hold back begin between chunks: one that has begun goes to its end.
                self._room, self._filled_at_s = 0.0, now_s
                return
            most = max(rate * _BURST_S, float(size))
            self._room = min(most, self._room + (now_s - self._filled_at_s) * rate)
            self._filled_at_s = now_s
            if self._room >= size:
                self._room -= size
                return
            missing_s = (size - self._room) / rate
            await asyncio.sleep(min(max(missing_s, _SHORTEST_SLEEP_S), _LONGEST_SLEEP_S))
