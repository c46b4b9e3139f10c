"""Small bounded memories of one process, forgotten by monotonic time."""

from collections import OrderedDict
from collections.abc import Hashable
from typing import Generic, TypeVar

from server.core.clock import Clock

K = TypeVar("K", bound=Hashable)
V = TypeVar("V")


class Recent(Generic[K, V]):
    """Keeps at most ``capacity`` values, each for ``keep_s`` seconds after it was put."""

    def __init__(self, *, clock: Clock, keep_s: float, capacity: int) -> None:
        self._clock = clock
        self._keep_s = keep_s
        self._capacity = capacity
        self._kept: OrderedDict[K, tuple[float, V]] = OrderedDict()

    def get(self, key: K) -> V | None:
        """Return the value, or None where it is unknown or too old."""
        found = self._kept.get(key)
        if found is None:
            return None
        put_at_s, value = found
        if self._clock.monotonic_s() - put_at_s >= self._keep_s:
            del self._kept[key]
            return None
        return value

    def put(self, key: K, value: V) -> None:
        """Remember the value from now on; the oldest makes room."""
        self._kept.pop(key, None)
        self._kept[key] = (self._clock.monotonic_s(), value)
        while len(self._kept) > self._capacity:
            self._kept.popitem(last=False)

    def amend(self, key: K, value: V) -> None:
        """Change a value that is known; it is forgotten no later than before."""
        found = self._kept.get(key)
        if found is not None:
            self._kept[key] = (found[0], value)

    def first(self, key: K, value: V) -> bool:
        """Remember the value unless one is known; tell whether it was new."""
        if self.get(key) is not None:
            return False
        self.put(key, value)
        return True

    def forget(self, key: K) -> None:
        """Drop the value, if any."""
        self._kept.pop(key, None)
