"""Free ports on loopback."""

import itertools
import os
import socket
from typing import Final

_FIRST: Final = 12_000
_MANY: Final = 2_000
_WORKERS: Final = 4
_MINE: Final = int(os.environ.get("PYTEST_XDIST_WORKER", "gw0").removeprefix("gw")) % _WORKERS
# Below what the kernel gives to those who ask for any, and apart from the other test processes':
# between finding a port and taking it, nobody else may be told of it.
_TURN: Final = itertools.count(os.getpid())


def free_port() -> int:
    """Return a TCP port nobody listens on now (SeaweedFS takes the one 10,000 above it as well)."""
    for _ in range(_MANY):
        port = _FIRST + _MINE * _MANY + next(_TURN) % _MANY
        with socket.socket() as probe:
            try:
                probe.bind(("127.0.0.1", port))
            except OSError:
                continue
        return port
    raise RuntimeError("no port of this test process is free")
