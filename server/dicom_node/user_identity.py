"""User identity of associations: a name and a passcode that a device has to show.

References
----------
DICOM PS3.7 section D.3.3.7.
"""

import asyncio
import hashlib
import hmac
import secrets
from enum import StrEnum
from typing import Final

from dicom.dimse.user_information import UserIdentity
from server.core.clock import Clock
from server.core.errors import Throttled, Unavailable
from server.core.recent import Recent
from server.dicom_node.allow_list import AllowedDevice, RequiredUser
from server.identity.public import Passwords, SignInThrottle

_USERNAME: Final = 1
_USERNAME_AND_PASSCODE: Final = 2
_MOST_BYTES: Final = 1024
"""Of a name or a passcode: four bytes for each of its 256 characters."""
_BELIEVED_S: Final = 300.0
_BELIEVED_AT_MOST: Final = 1024


class Shown(StrEnum):
    """What became of a user identity."""

    NOT_ASKED = "not asked"
    """The device needs none; one that it shows all the same is not looked at."""
    VERIFIED = "verified"
    MISSING = "no user identity was shown"
    UNKNOWN_KIND = "a kind of user identity that is not taken"
    WRONG = "wrong user name or passcode"
    THROTTLED = "too many wrong passcodes"


class UserIdentities:
    """Verifies who a device says it is.

    A passcode costs what a person's password costs, so one that was right is believed for a few
    minutes, by a digest under a key of this process.
    """

    def __init__(self, *, passwords: Passwords, throttle: SignInThrottle, clock: Clock) -> None:
        self._passwords = passwords
        self._throttle = throttle
        self._key = secrets.token_bytes(32)
        self._proved: Recent[tuple[str, str, bytes], bool] = Recent(
            clock=clock, keep_s=_BELIEVED_S, capacity=_BELIEVED_AT_MOST
        )
        # One at a time: many associations at once are one try, and not a flood of them.
        self._turn = asyncio.Lock()

    async def verify(self, device: AllowedDevice, shown: UserIdentity | None, source: str) -> Shown:
        """Say whether what was shown is what the device has to show.

        Tickets and tokens (Kerberos, SAML, JWT) are refused even where nothing is asked for: who
        sends one believes that it is looked at.
        """
        user = device.user
        if shown is None or user is None or user.passcode_hash is None or not _fits_in(shown):
            return _at_sight(user, shown)
        named = _same(shown.primary, user.username)
        proof = (device.id, user.passcode_hash, self._digest(shown))
        async with self._turn:
            if self._proved.get(proof):
                return Shown.VERIFIED
            try:
                await self._throttle.admit(device.id, source)
                fits = await self._fits(user, shown)
            except (Throttled, Unavailable):
                return Shown.THROTTLED
            if not (fits and named):
                await self._throttle.failed(source)
                return Shown.WRONG
            await self._throttle.succeeded(device.id, source)
            self._proved.put(proof, value=True)
            return Shown.VERIFIED

    async def _fits(self, user: RequiredUser, shown: UserIdentity) -> bool:
        passcode = shown.secondary if shown.kind == _USERNAME_AND_PASSCODE else b""
        try:
            text = passcode.decode("utf-8")
        except UnicodeDecodeError:
            text = passcode.decode("latin-1")
        return await self._passwords.matches(user.passcode_hash, text)

    def _digest(self, shown: UserIdentity) -> bytes:
        told = len(shown.primary).to_bytes(2) + shown.primary + bytes([shown.kind])
        return hmac.digest(self._key, told + shown.secondary, hashlib.sha256)


def _fits_in(shown: UserIdentity) -> bool:
    """Return whether it is a name, with a passcode or without, of a length that is looked at."""
    return shown.kind in {_USERNAME, _USERNAME_AND_PASSCODE} and (
        max(len(shown.primary), len(shown.secondary)) <= _MOST_BYTES
    )


def _at_sight(user: RequiredUser | None, shown: UserIdentity | None) -> Shown:
    """Judge what needs no passcode to be looked at."""
    if shown is not None and shown.kind not in {_USERNAME, _USERNAME_AND_PASSCODE}:
        return Shown.UNKNOWN_KIND
    if user is None:
        return Shown.NOT_ASKED
    if shown is None:
        return Shown.MISSING
    named = _fits_in(shown) and _same(shown.primary, user.username)
    return Shown.VERIFIED if named and user.passcode_hash is None else Shown.WRONG


def _same(shown: bytes, known: str) -> bool:
    return hmac.compare_digest(shown.strip(b" \0"), known.encode())
