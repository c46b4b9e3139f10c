"""A token bucket: so much a second, and so much at once."""

from server.core.clock import Clock


class Bucket:
    """Fills with time; what it does not hold cannot be taken."""

    def __init__(self, clock: Clock, *, per_second: float, burst: float) -> None:
        self._clock = clock
        self._per_second = per_second
        self._burst = burst
        self._tokens = burst
        self._counted_s = clock.monotonic_s()

    def takes(self, cost: float) -> bool:
        """Tell whether so much is there, and take it."""
        now_s = self._clock.monotonic_s()
        more = (now_s - self._counted_s) * self._per_second
        self._tokens = min(self._tokens + more, self._burst)
        self._counted_s = now_s
        if self._tokens < cost:
            return False
        self._tokens -= cost
        return True
