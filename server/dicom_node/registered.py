"""A device as it is registered, changed, and shown."""

import re
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass, field
from datetime import datetime
from typing import Any, Final

from server.core.errors import InvalidInput
from server.dicom_node.allow_list import (
    AllowedDevice,
    RequiredUser,
    checked_fingerprints,
    checked_networks,
    parsed_networks,
)
from server.dicom_node.budgets import MOST_A_MINUTE, MOST_BYTES_AN_HOUR, DeviceBudget
from server.dicom_node.models import Device, DeviceCharset

_HOST: Final = re.compile(r"[A-Za-z0-9_.:-]{1,255}", re.ASCII)
_LARGEST_PORT: Final = 65_535
_LONGEST_USERNAME: Final = 64
LONGEST_SUBJECT: Final = 300
LONGEST_DESCRIPTION: Final = 200


@dataclass(frozen=True)
class DeviceAddress:
    """Where a device listens."""

    host: str
    port: int
    tls: bool = False

    def __post_init__(self) -> None:
        """Refuse what is no address."""
        if not _HOST.fullmatch(self.host):
            raise InvalidInput("a host is a name or an address without a scheme")
        if not 0 < self.port <= _LARGEST_PORT:
            raise InvalidInput(f"a port is a number from 1 to {_LARGEST_PORT}")


@dataclass(frozen=True)
class NewDevice:
    """A device to be registered; no networks means from anywhere."""

    org: str
    institution_id: str
    ae_title: str
    networks: tuple[str, ...] = ()
    certificate_subject: str | None = None
    description: str | None = None
    may_query: bool = False
    """Whether it may search and retrieve, besides sending."""
    may_see_worklist: bool = False
    """Whether it may ask for its institution's worklist."""
    charset: DeviceCharset | None = None
    """In which it is answered; None for the one it asks in."""
    address: DeviceAddress | None = None
    """Where what is retrieved may be sent to; None for nowhere."""
    certificates_sha256: tuple[str, ...] = ()
    """Fingerprints of which its client certificate must have one; empty for any."""
    username: str | None = None
    passcode: str | None = None
    """The user it must say it is; a name alone, or a name and a passcode."""
    budget: DeviceBudget = field(default_factory=DeviceBudget)


@dataclass(frozen=True)
class DeviceChange:
    """What shall be otherwise: None leaves it as it is, an empty value or 0 takes it away."""

    networks: tuple[str, ...] | None = None
    certificate_subject: str | None = None
    certificates_sha256: tuple[str, ...] | None = None
    username: str | None = None
    passcode: str | None = None
    associations_per_minute: int | None = None
    objects_per_minute: int | None = None
    bytes_per_hour: int | None = None
    may_query: bool | None = None
    may_see_worklist: bool | None = None
    is_enabled: bool | None = None
    address: DeviceAddress | None = None
    description: str | None = None

    def values(self) -> dict[str, object]:
        """Return the columns that change, but for those that need a clock or a hash.

        Raises
        ------
        InvalidInput
            If a value makes no sense.
        """
        values = {
            name: column(value)
            for name, column in _COLUMNS.items()
            if (value := getattr(self, name)) is not None
        }
        if self.address is not None:
            values |= asdict(self.address)
        return values


@dataclass(frozen=True)
class RegisteredDevice:
    """A device as it is shown to those who administer it."""

    id: str
    ae_title: str
    institution_id: str
    networks: tuple[str, ...]
    certificate_subject: str | None
    certificates_sha256: tuple[str, ...]
    username: str | None
    has_passcode: bool
    budget: DeviceBudget
    may_query: bool
    may_see_worklist: bool
    charset: DeviceCharset | None
    address: DeviceAddress | None
    description: str | None
    last_called_at: datetime | None
    disabled_at: datetime | None


def checked_text(text: str, most: int) -> str:
    """Return a text of at most so many characters.

    Raises
    ------
    InvalidInput
        If it is longer, or has signs that nobody sees.
    """
    if len(text) > most or not text.isprintable():
        raise InvalidInput(f"a description or a subject has at most {most} visible characters")
    return text


def _text_or_none(most: int) -> Callable[[str], str | None]:
    return lambda text: checked_text(text, most) or None


def _number_or_none(most: int) -> Callable[[int], int | None]:
    def column(number: int) -> int | None:
        if not 0 <= number <= most:
            raise InvalidInput(f"a budget is a number up to {most}, or 0 for the usual one")
        return number or None

    return column


def _username_or_none(text: str) -> str | None:
    return checked_username(text) if text else None


_COLUMNS: Final[Mapping[str, Callable[[Any], object]]] = {
    "networks": checked_networks,
    "certificate_subject": _text_or_none(LONGEST_SUBJECT),
    "certificates_sha256": checked_fingerprints,
    "username": _username_or_none,
    "associations_per_minute": _number_or_none(MOST_A_MINUTE),
    "objects_per_minute": _number_or_none(MOST_A_MINUTE),
    "bytes_per_hour": _number_or_none(MOST_BYTES_AN_HOUR),
    "may_query": bool,
    "may_see_worklist": bool,
    "description": _text_or_none(LONGEST_DESCRIPTION),
}
"""What `DeviceChange` may change without further ado, and how it is kept."""


def checked_username(text: str) -> str:
    """Return a user name.

    Raises
    ------
    InvalidInput
        If it is none.
    """
    if not 0 < len(text.strip()) <= _LONGEST_USERNAME or not text.isprintable():
        raise InvalidInput(f"a user name has 1 to {_LONGEST_USERNAME} characters")
    return text.strip()


def _budget(device: Device) -> DeviceBudget:
    return DeviceBudget(
        device.associations_per_minute, device.objects_per_minute, device.bytes_per_hour
    )


def _charset(device: Device) -> DeviceCharset | None:
    return DeviceCharset(device.charset) if device.charset else None


def allowed(device: Device) -> AllowedDevice:
    """Return a device as the node knows it."""
    return AllowedDevice(
        id=device.id,
        org=device.org,
        institution_id=device.institution_id,
        networks=parsed_networks(device.networks),
        certificate_subject=device.certificate_subject,
        certificates_sha256=frozenset(filter(None, device.certificates_sha256.split(","))),
        user=(
            RequiredUser(device.username, device.passcode_hash)
            if device.username is not None
            else None
        ),
        budget=_budget(device),
        may_query=device.may_query,
        may_see_worklist=device.may_see_worklist,
        charset=_charset(device),
    )


def shown(device: Device) -> RegisteredDevice:
    """Return a device as its administrator sees it."""
    address = None
    if device.host is not None and device.port is not None:
        address = DeviceAddress(device.host, device.port, device.tls)
    return RegisteredDevice(
        id=device.id,
        ae_title=device.ae_title,
        institution_id=device.institution_id,
        networks=tuple(filter(None, device.networks.split(","))),
        certificate_subject=device.certificate_subject,
        certificates_sha256=tuple(filter(None, device.certificates_sha256.split(","))),
        username=device.username,
        has_passcode=device.passcode_hash is not None,
        budget=_budget(device),
        may_query=device.may_query,
        may_see_worklist=device.may_see_worklist,
        charset=_charset(device),
        address=address,
        description=device.description,
        last_called_at=device.last_called_at,
        disabled_at=device.disabled_at,
    )
