"""Time, injectable: tests move it, the application reads it."""

import time
from datetime import UTC, datetime
from typing import Protocol


class Clock(Protocol):
    """Wall time for records, monotonic time for timers: a clock set back must not stop an alarm."""

    def now(self) -> datetime:
        """Return the time now, aware, in UTC."""
        ...

    def monotonic_s(self) -> float:
        """Return seconds that only ever grow."""
        ...


class SystemClock:
    """The machine's clock."""

    def now(self) -> datetime:
        """Return the time now, aware, in UTC."""
        return datetime.now(UTC)

    def monotonic_s(self) -> float:
        """Return seconds that only ever grow."""
        return time.monotonic()
