"""Passwords: argon2id, off the event loop, a bounded number at once."""

import asyncio
from typing import Final

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError

from server.core.errors import InvalidInput, Unavailable

# NIST SP 800-63B, 5.1.1.2: at least 8 characters; the upper bound bounds the work.
MIN_CHARACTERS: Final = 8
MAX_CHARACTERS: Final = 256
# Each hash takes 64 MiB (RFC 9106, second recommended parameter set).
_AT_ONCE: Final = 2
_WAITING: Final = 64


class Passwords:
    """Hashes and checks passwords; whoever comes when too many wait is told to come back."""

    def __init__(self, hasher: PasswordHasher | None = None) -> None:
        self._hasher = hasher or PasswordHasher()
        self._turns = asyncio.Semaphore(_AT_ONCE)
        self._waiting = 0
        self._dummy: str | None = None

    async def hash(self, password: str) -> str:
        """Return the hash of a new password.

        Raises
        ------
        InvalidInput
            If the password is too short or too long.
        """
        if not MIN_CHARACTERS <= len(password) <= MAX_CHARACTERS:
            raise InvalidInput(
                f"a password has {MIN_CHARACTERS} to {MAX_CHARACTERS} characters",
                code="bad-password",
            )
        async with self._turns:
            return await asyncio.to_thread(self._hasher.hash, password)

    async def matches(self, known_hash: str | None, password: str) -> bool:
        """Tell whether the password fits; without a hash the same work is done for nothing."""
        if self._waiting >= _WAITING:
            raise Unavailable("too many people are signing in; try again", retry_after_s=5)
        self._waiting += 1
        try:
            async with self._turns:
                if self._dummy is None:
                    self._dummy = await asyncio.to_thread(self._hasher.hash, "nobody's password")
                fits = await asyncio.to_thread(self._verify, known_hash or self._dummy, password)
        finally:
            self._waiting -= 1
        return fits and known_hash is not None

    def is_outdated(self, known_hash: str) -> bool:
        """Tell whether the hash was made with other parameters than today's."""
        return self._hasher.check_needs_rehash(known_hash)

    def _verify(self, known_hash: str, password: str) -> bool:
        try:
            return self._hasher.verify(known_hash, password)
        except (VerificationError, InvalidHashError):
            return False
