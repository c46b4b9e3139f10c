"""Registered devices: which calling AE may associate, from where, and for which institution."""

import ipaddress
import re
from dataclasses import dataclass
from typing import Final

from sqlalchemy import ColumnElement, insert, select
from sqlalchemy.exc import IntegrityError

from server.audit.public import AuditTrail
from server.core.clock import Clock
from server.core.database import Database
from server.core.errors import Conflict, InvalidInput
from server.core.ids import Ids
from server.core.recent import Recent
from server.dicom_node.models import Device, DeviceCharset
from server.identity.public import Actor, ActorKind, act_of

# How long a process believes what it read: a device switched off is out within 5 s.
_BELIEVED_S: Final = 3.0
_AE_TITLE: Final = re.compile(r"[!-\[\]-~](?:[ -\[\]-~]{0,14}[!-\[\]-~])?", re.ASCII)


_HOST: Final = re.compile(r"[A-Za-z0-9_.:-]{1,255}", re.ASCII)
_LARGEST_PORT: Final = 65_535


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


@dataclass(frozen=True)
class Caller:
    """Who calls on the DICOM port."""

    ae_title: str
    address: str
    certificate_subject: str | None
    uses_tls: bool


@dataclass(frozen=True)
class Recognised:
    """A device that called, and what it may do besides sending."""

    actor: Actor
    may_query: bool
    may_see_worklist: bool
    charset: DeviceCharset | None


@dataclass(frozen=True)
class Destination:
    """A device that objects may be sent to."""

    actor: Actor
    ae_title: str
    host: str
    port: int
    tls: bool


@dataclass(frozen=True)
class _Known:
    id: str
    org: str
    institution_id: str
    networks: tuple[ipaddress.IPv4Network | ipaddress.IPv6Network, ...]
    certificate_subject: str | None
    may_query: bool
    may_see_worklist: bool
    charset: DeviceCharset | None

    def fits(self, caller: Caller) -> bool:
        address = ipaddress.ip_address(caller.address)
        if isinstance(address, ipaddress.IPv6Address) and address.ipv4_mapped is not None:
            address = address.ipv4_mapped
        if self.networks and not any(address in network for network in self.networks):
            return False
        if caller.uses_tls or self.certificate_subject is not None:
            return (
                self.certificate_subject is not None
                and caller.certificate_subject == self.certificate_subject
            )
        return True


class DeviceService:
    """Registers devices and recognises them."""

    def __init__(self, *, database: Database, audit: AuditTrail, clock: Clock, ids: Ids) -> None:
        self._database = database
        self._audit = audit
        self._clock = clock
        self._ids = ids
        self._believed: Recent[str, tuple[_Known, ...]] = Recent(
            clock=clock, keep_s=_BELIEVED_S, capacity=1024
        )

    async def register(self, new: NewDevice, *, by: Actor | None = None) -> str:
        """Register a device and return its id; ``by`` None is the operator.

        Raises
        ------
        InvalidInput
            If the AE title or a network is none.
        Conflict
            If that AE is registered from these networks already.
        """
        if not _AE_TITLE.fullmatch(new.ae_title):
            raise InvalidInput("an AE title has 1 to 16 printable ASCII characters")
        try:
            networks = [ipaddress.ip_network(each, strict=False) for each in new.networks]
        except ValueError as error:
            raise InvalidInput(f"not an address or network: {error}") from error
        device_id = self._ids.new()
        async with self._database.unit_of_work() as uow:
            try:
                await uow.session.execute(
                    insert(Device).values(
                        id=device_id,
                        org=new.org,
                        institution_id=new.institution_id,
                        ae_title=new.ae_title,
                        networks=",".join(str(network) for network in networks),
                        certificate_subject=new.certificate_subject,
                        description=new.description,
                        may_query=new.may_query,
                        may_see_worklist=new.may_see_worklist,
                        charset=new.charset,
                        host=new.address.host if new.address else None,
                        port=new.address.port if new.address else None,
                        tls=new.address.tls if new.address else False,
                        created_at=self._clock.now(),
                        disabled_at=None,
                    )
                )
            except IntegrityError as error:
                raise Conflict(
                    f"the AE {new.ae_title} is registered from there already, "
                    "or there is no such institution",
                    code="device-taken",
                ) from error
            self._audit.record(
                uow,
                act_of(
                    by,
                    "device.register",
                    org=new.org,
                    object_kind="device",
                    object_id=device_id,
                    detail={
                        "ae_title": new.ae_title,
                        "institution_id": new.institution_id,
                        "may_query": new.may_query,
                        "may_see_worklist": new.may_see_worklist,
                        "address": f"{new.address.host}:{new.address.port}" if new.address else "",
                    },
                ),
            )
            await uow.commit()
        return device_id

    async def recognise(self, caller: Caller) -> Recognised | None:
        """Return the device that calls, or None where none is registered so."""
        known = self._believed.get(caller.ae_title)
        if known is None:
            known = await self._read(caller.ae_title)
            self._believed.put(caller.ae_title, known)
        device = next((device for device in known if device.fits(caller)), None)
        if device is None:
            return None
        actor = Actor(
            kind=ActorKind.DEVICE,
            id=device.id,
            org=device.org,
            institution_id=device.institution_id,
            roles=frozenset(),
            source=f"{caller.ae_title}@{caller.address}",
        )
        return Recognised(actor, device.may_query, device.may_see_worklist, device.charset)

    async def destination(self, asking: Actor, ae_title: str) -> Destination | None:
        """Return the one device of that title to which what ``asking`` retrieves may be sent.

        A title may stand for several devices; then it is the one of the same institution.
        """
        found = await self._addressed(Device.org == asking.org, Device.ae_title == ae_title)
        own = [each for each in found if each.actor.institution_id == asking.institution_id]
        candidates = own or found
        return candidates[0] if len(candidates) == 1 else None

    async def destinations(self, org: str) -> list[Destination]:
        """Return the devices of a community that objects may be sent to, by title."""
        return await self._addressed(Device.org == org)

    async def destination_of(self, device_id: str) -> Destination | None:
        """Return a device to which objects may be sent, None where it has no address any more."""
        found = await self._addressed(Device.id == device_id)
        return found[0] if found else None

    async def _addressed(self, *conditions: ColumnElement[bool]) -> list[Destination]:
        async with self._database.reading() as session:
            found = await session.scalars(
                select(Device)
                .where(Device.host.is_not(None), Device.disabled_at.is_(None), *conditions)
                .order_by(Device.ae_title, Device.id)
            )
            return [
                _destination(device, device.host, device.port)
                for device in found
                if device.host is not None and device.port is not None
            ]

    async def _read(self, ae_title: str) -> tuple[_Known, ...]:
        async with self._database.reading() as session:
            found = await session.scalars(
                select(Device).where(Device.ae_title == ae_title, Device.disabled_at.is_(None))
            )
            return tuple(
                _Known(
                    id=device.id,
                    org=device.org,
                    institution_id=device.institution_id,
                    networks=tuple(
                        ipaddress.ip_network(each) for each in device.networks.split(",") if each
                    ),
                    certificate_subject=device.certificate_subject,
                    may_query=device.may_query,
                    may_see_worklist=device.may_see_worklist,
                    charset=DeviceCharset(device.charset) if device.charset else None,
                )
                for device in found
            )


def _destination(device: Device, host: str, port: int) -> Destination:
    actor = Actor(
        kind=ActorKind.DEVICE,
        id=device.id,
        org=device.org,
        institution_id=device.institution_id,
        roles=frozenset(),
        source=f"{device.ae_title}@{host}",
    )
    return Destination(actor, device.ae_title, host, port, device.tls)
