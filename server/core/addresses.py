"""Where a request comes from, when proxies that we trust stand in between."""

import ipaddress
from collections.abc import Iterable
from functools import lru_cache

from aiohttp import web

_Network = ipaddress.IPv4Network | ipaddress.IPv6Network


class ClientAddresses:
    """Tells a client's address; X-Forwarded-For counts only as far as trusted proxies wrote it."""

    def __init__(self, trusted_proxies: Iterable[str]) -> None:
        self._trusted: tuple[_Network, ...] = tuple(
            ipaddress.ip_network(proxy, strict=False) for proxy in trusted_proxies
        )

    def of(self, request: web.Request) -> str:
        """Return the address of the client, or ``unknown`` where the socket has none."""
        hops = ",".join(request.headers.getall("X-Forwarded-For", [])).split(",")
        return self.behind(request.remote, hops)

    def behind(self, peer: str | None, forwarded: Iterable[str]) -> str:
        """Return the first address, walking back from ``peer``, that is no trusted proxy."""
        address = _parsed(peer or "")
        if address is None:
            return "unknown"
        for hop in reversed([hop.strip() for hop in forwarded]):
            if not self._trusts(address):
                break
            nearer = _parsed(hop)
            if nearer is None:
                break
            address = nearer
        return str(address)

    def _trusts(self, address: ipaddress.IPv4Address | ipaddress.IPv6Address) -> bool:
        return any(address in network for network in self._trusted)


@lru_cache(maxsize=256)
def _parsed(text: str) -> ipaddress.IPv4Address | ipaddress.IPv6Address | None:
    try:
        address = ipaddress.ip_address(text)
    except ValueError:
        return None
    if isinstance(address, ipaddress.IPv6Address) and address.ipv4_mapped is not None:
        return address.ipv4_mapped
    return address
