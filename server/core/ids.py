"""Identifiers and secrets, injectable: tests count, the application draws from the system."""

import secrets
import uuid
from typing import Protocol


class Ids(Protocol):
    """Where new identifiers come from."""

    def new(self) -> str:
        """Return a new identifier of 32 hexadecimal digits."""
        ...

    def secret(self) -> str:
        """Return a new secret of 256 bits, safe in a URL."""
        ...


class RandomIds:
    """Random identifiers: they carry no order, no host and no time."""

    def new(self) -> str:
        """Return a new identifier of 32 hexadecimal digits."""
        return uuid.uuid4().hex

    def secret(self) -> str:
        """Return a new secret of 256 bits, safe in a URL."""
        return secrets.token_urlsafe(32)
