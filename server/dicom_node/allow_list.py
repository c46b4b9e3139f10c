"""Who a device is: its AE title, the addresses it calls from, the certificates it shows."""

import ipaddress
import re
from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from server.core.errors import InvalidInput
from server.dicom_node.budgets import DeviceBudget
from server.dicom_node.models import DeviceCharset

Network = ipaddress.IPv4Network | ipaddress.IPv6Network

_AE_TITLE: Final = re.compile(r"[!-\[\]-~](?:[ -\[\]-~]{0,14}[!-\[\]-~])?", re.ASCII)
_SHA256: Final = re.compile(r"[0-9a-f]{64}", re.ASCII)
_MOST_NETWORKS: Final = 20
_MOST_CERTIFICATES: Final = 8
"""Room for the old and the new while a device's certificate is renewed."""


class Objection(StrEnum):
    """Why a registered device is not the one that calls."""

    ADDRESS = "it calls from another address"
    CERTIFICATE = "it does not show its certificate"


@dataclass(frozen=True)
class Caller:
    """Who calls on the DICOM port."""

    ae_title: str
    address: str
    certificate_subject: str | None
    uses_tls: bool
    certificate_sha256: str | None = None


@dataclass(frozen=True)
class RequiredUser:
    """Who a device has to say it is (PS3.7 D.3.3.7)."""

    username: str
    passcode_hash: str | None
    """None where the name alone is asked for."""


@dataclass(frozen=True)
class AllowedDevice:
    """A device that is registered and not switched off."""

    id: str
    org: str
    institution_id: str
    networks: tuple[Network, ...]
    certificate_subject: str | None
    certificates_sha256: frozenset[str]
    user: RequiredUser | None
    budget: DeviceBudget
    may_query: bool
    may_see_worklist: bool
    charset: DeviceCharset | None
    """In which it is answered; None for the one it asks in."""

    def objection(self, caller: Caller) -> Objection | None:
        """Return why the caller is not this device, None where it may be.

        A device with a certificate comes over TLS alone, and one without never does.
        """
        address = ipaddress.ip_address(caller.address)
        if isinstance(address, ipaddress.IPv6Address) and address.ipv4_mapped is not None:
            address = address.ipv4_mapped
        if self.networks and not any(address in network for network in self.networks):
            return Objection.ADDRESS
        is_bound = self.certificate_subject is not None or bool(self.certificates_sha256)
        if not caller.uses_tls and not is_bound:
            return None
        shows = (
            is_bound
            and caller.uses_tls
            and self.certificate_subject in {None, caller.certificate_subject}
            and (
                not self.certificates_sha256
                or caller.certificate_sha256 in self.certificates_sha256
            )
        )
        return None if shows else Objection.CERTIFICATE


def checked_ae_title(title: str) -> str:
    """Return an AE title.

    Raises
    ------
    InvalidInput
        If it is none (PS3.5 6.2).
    """
    if not _AE_TITLE.fullmatch(title):
        raise InvalidInput("an AE title has 1 to 16 printable ASCII characters")
    return title


def checked_networks(networks: Iterable[str]) -> str:
    """Return addresses and networks as they are kept, separated by commas.

    Raises
    ------
    InvalidInput
        If one is none, or there are too many.
    """
    try:
        parsed = [ipaddress.ip_network(each.strip(), strict=False) for each in networks]
    except ValueError as error:
        raise InvalidInput(f"not an address or network: {error}") from error
    if len(parsed) > _MOST_NETWORKS:
        raise InvalidInput(f"a device has at most {_MOST_NETWORKS} networks")
    return ",".join(str(network) for network in parsed)


def checked_fingerprints(fingerprints: Iterable[str]) -> str:
    """Return SHA-256 fingerprints as they are kept: lower case, without colons, by commas.

    Raises
    ------
    InvalidInput
        If one is none, or there are too many.
    """
    found = [each.strip().replace(":", "").lower() for each in fingerprints]
    for each in found:
        if not _SHA256.fullmatch(each):
            raise InvalidInput("a fingerprint is a certificate's SHA-256: 64 hexadecimal digits")
    if len(found) > _MOST_CERTIFICATES:
        raise InvalidInput(f"a device has at most {_MOST_CERTIFICATES} certificates")
    return ",".join(dict.fromkeys(found))


def parsed_networks(kept: str) -> tuple[Network, ...]:
    """Return what `checked_networks` made."""
    return tuple(ipaddress.ip_network(each) for each in kept.split(",") if each)
