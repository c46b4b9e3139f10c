"""Free ports on loopback."""

import socket


def free_port(below: int = 55_000) -> int:
    """Return a TCP port nobody listens on now, under ``below`` (SeaweedFS also takes +10,000)."""
    while True:
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            port: int = probe.getsockname()[1]
        if port < below:
            return port
