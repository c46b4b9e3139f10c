"""The few things tests fake: the clock and the ids."""

import secrets
from datetime import UTC, datetime, timedelta


class ManualClock:
    """A clock that stands until it is moved."""

    def __init__(self, start: datetime = datetime(2026, 11, 21, 2, 0, tzinfo=UTC)) -> None:
        self._now = start
        self._monotonic_s = 0.0

    def now(self) -> datetime:
        """Return the time it was set to."""
        return self._now

    def monotonic_s(self) -> float:
        """Return the seconds it was moved forward."""
        return self._monotonic_s

    def advance(self, seconds: float) -> None:
        """Move both times forward."""
        self._now += timedelta(seconds=seconds)
        self._monotonic_s += seconds

    def set_back(self, seconds: float) -> None:
        """Set the wall clock back, as a bad time server would; monotonic time stands."""
        self._now -= timedelta(seconds=seconds)


class CountingIds:
    """Ids 1, 2, 3 … in the usual form; secrets stay random."""

    def __init__(self) -> None:
        self._count = 0

    def new(self) -> str:
        """Return the next id."""
        self._count += 1
        return f"{self._count:032x}"

    def secret(self) -> str:
        """Return a random secret."""
        return secrets.token_urlsafe(32)

    def unique(self) -> str:
        """Return a word no other test of this run uses."""
        return secrets.token_hex(8)
