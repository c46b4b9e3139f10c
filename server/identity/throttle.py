"""How often somebody may try to sign in."""

import hashlib
import ipaddress
import math
import time
from typing import Final

from limits import RateLimitItem, RateLimitItemPerMinute
from limits.aio.storage import MemoryStorage
from limits.aio.strategies import MovingWindowRateLimiter

from server.core.errors import Throttled
from server.core.settings import IdentitySettings

_WINDOW_MINUTES: Final = 5


class SignInThrottle:
    """Counts tries by (login, address) and failures by address, never by the login alone.

    So a stranger who guesses at a radiologist's password shuts out his own address and nobody
    else's. The windows live in this process's memory: N web processes allow N times as much, and a
    restart forgets them.
    """

    def __init__(self, settings: IdentitySettings) -> None:
        self._windows = MovingWindowRateLimiter(MemoryStorage())
        self._pair = RateLimitItemPerMinute(settings.attempts_per_login, _WINDOW_MINUTES)
        self._address = RateLimitItemPerMinute(settings.attempts_per_address, _WINDOW_MINUTES)

    async def admit(self, login: str, source: str) -> None:
        """Count a try of this login from this address.

        Raises
        ------
        Throttled
            If the pair tried, or the address failed, too often in the last minutes.
        """
        address = throttled_as(source)
        if not await self._windows.test(self._address, "address", address):
            raise await self._refusal(self._address, "address", address)
        # Counted before the password is looked at, or many tries at once would all pass.
        pair = ("pair", _short(login), address)
        if not await self._windows.hit(self._pair, *pair):
            raise await self._refusal(self._pair, *pair)

    async def failed(self, source: str) -> None:
        """Count a failure of this address."""
        await self._windows.hit(self._address, "address", throttled_as(source))

    async def succeeded(self, login: str, source: str) -> None:
        """Forget the tries of this login from this address."""
        await self._windows.clear(self._pair, "pair", _short(login), throttled_as(source))

    async def _refusal(self, item: RateLimitItem, *identifiers: str) -> Throttled:
        stats = await self._windows.get_window_stats(item, *identifiers)
        # The library counts in the machine's wall time.
        wait_s = max(1, math.ceil(stats.reset_time - time.time()))
        return Throttled("too many attempts; wait and try again", retry_after_s=wait_s)


def _short(login: str) -> str:
    # What was typed may be long, and may be a password.
    return hashlib.sha256(login.encode()).hexdigest()


def throttled_as(address: str) -> str:
    """Return what to count an address under: one IPv6 customer holds a whole /64."""
    try:
        parsed = ipaddress.ip_address(address)
    except ValueError:
        return address
    if isinstance(parsed, ipaddress.IPv6Address):
        return str(ipaddress.ip_network((parsed.packed, 64), strict=False))
    return address
