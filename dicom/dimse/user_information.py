"""User information of a request or of its acceptance: sizes, software, roles, options, identity.

References
----------
DICOM PS3.8 sections 9.3.2.3 and 9.3.3.3, PS3.7 annex D.3.3.
"""

from dataclasses import dataclass

from dicom.dimse.items import (
    MalformedRequestError,
    OversizedRequestError,
    decode_items,
    decode_uid,
)
from dicom.dimse.limits import DimseLimits


@dataclass(frozen=True, slots=True)
class UserIdentity:
    """User identity of a request (PS3.7 D.3.3.7.1): its fields are secrets.

    Parameters
    ----------
    kind
        1 user name, 2 user name and passcode, 3 Kerberos, 4 SAML, 5 JSON web token.
    positive_response_requested
        Whether the peer wants to hear that it was recognised.
    primary, secondary
        User name or ticket; passcode.
    """

    kind: int
    positive_response_requested: bool
    primary: bytes
    secondary: bytes

    def __repr__(self) -> str:
        """Show the kind alone: the fields must not reach a log."""
        return f"UserIdentity(kind={self.kind})"


@dataclass(frozen=True, slots=True)
class UserInformation:
    """The user information item of a request or of its acceptance (PS3.8 9.3.2.3, 9.3.3.3)."""

    roles: tuple[tuple[str, tuple[bool, bool]], ...] = ()
    max_pdu_bytes: int = 0
    implementation_class_uid: str = ""
    implementation_version: str = ""
    identity: UserIdentity | None = None
    extended: tuple[tuple[str, bytes], ...] = ()
    operations_window: tuple[int, int] | None = None

    @classmethod
    def decode(cls, data: bytes, limits: DimseLimits) -> "UserInformation":
        """Read the sub-items we know; the others are ignored.

        Among those is common extended negotiation (PS3.7 D.3.3.6), which asks for no answer.

        Raises
        ------
        MalformedRequestError
            If lengths or UIDs contradict the standard.
        OversizedRequestError
            If there are more than ``limits`` allows.
        """
        roles: dict[str, tuple[bool, bool]] = {}
        extended: dict[str, bytes] = {}
        window: tuple[int, int] | None = None
        max_pdu_bytes = 0
        class_uid = version = ""
        identity: UserIdentity | None = None
        for count, (kind, value) in enumerate(decode_items(data)):
            if count >= limits.max_user_items:
                raise OversizedRequestError("too many user information items")
            match kind:
                case 0x51:
                    max_pdu_bytes = _max_pdu_bytes(value)
                case 0x52:
                    class_uid = decode_uid(value)
                case 0x53:
                    window = _operations_window(value)
                case 0x54:
                    sop_class, role = _role(value)
                    roles[sop_class] = role
                case 0x55:
                    version = _printable(value[:16])
                case 0x56:
                    sop_class, asked = _extended(value)
                    extended[sop_class] = asked
                case 0x58:
                    identity = _identity(value)
                case _:
                    continue
        return cls(
            tuple(roles.items()),
            max_pdu_bytes,
            class_uid,
            version,
            identity,
            tuple(extended.items()),
            window,
        )


def _max_pdu_bytes(data: bytes) -> int:
    if len(data) != 4:
        raise MalformedRequestError("maximum length is not four bytes")
    length = int.from_bytes(data, "big")
    if 0 < length < 7:  # not even one byte of a message fits
        raise MalformedRequestError("maximum length is below seven")
    return length


def _operations_window(data: bytes) -> tuple[int, int]:
    if len(data) != 4:
        raise MalformedRequestError("the operations window is not four bytes")
    return int.from_bytes(data[:2], "big"), int.from_bytes(data[2:], "big")


def _role(data: bytes) -> tuple[str, tuple[bool, bool]]:
    length = int.from_bytes(data[:2], "big")
    if len(data) != length + 4:
        raise MalformedRequestError("a role selection item has a wrong length")
    return decode_uid(data[2 : 2 + length]), (data[-2] == 1, data[-1] == 1)


def _extended(data: bytes) -> tuple[str, bytes]:
    end = 2 + int.from_bytes(data[:2], "big")
    if len(data) < max(2, end):
        raise MalformedRequestError("an extended negotiation is longer than its item")
    return decode_uid(data[2:end]), data[end:]


def _identity(data: bytes) -> UserIdentity:
    if len(data) < 6:
        raise MalformedRequestError("a user identity item is cut")
    primary_end = 4 + int.from_bytes(data[2:4], "big")
    if primary_end + 2 > len(data):
        raise MalformedRequestError("a user identity is longer than its item")
    secondary_end = primary_end + 2 + int.from_bytes(data[primary_end : primary_end + 2], "big")
    if secondary_end != len(data):
        raise MalformedRequestError("a user identity is longer than its item")
    return UserIdentity(
        data[0],
        data[1] == 1,
        data[4:primary_end],
        data[primary_end + 2 : secondary_end],
    )


def _printable(raw: bytes) -> str:
    return "".join(chr(byte) if 0x20 <= byte < 0x7F else "?" for byte in raw.rstrip(b"\0 "))
