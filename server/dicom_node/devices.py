"""Registered devices: which calling AE may associate, from where, and for which institution."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

import structlog
from sqlalchemy import ColumnElement, insert, select, update
from sqlalchemy.exc import IntegrityError

from server.audit.public import AuditTrail, refused_sources
from server.core.clock import Clock
from server.core.database import Database
from server.core.errors import Conflict, InvalidInput, NotFound
from server.core.ids import Ids
from server.core.recent import Recent
from server.dicom_node.allow_list import (
    AllowedDevice,
    Caller,
    checked_ae_title,
    checked_fingerprints,
    checked_networks,
)
from server.dicom_node.models import Device
from server.dicom_node.registered import (
    LONGEST_DESCRIPTION,
    LONGEST_SUBJECT,
    DeviceChange,
    NewDevice,
    RegisteredDevice,
    allowed,
    checked_text,
    checked_username,
    shown,
)
from server.identity.public import Actor, ActorKind, Passwords, act_of

_log = structlog.get_logger(__name__)

# How long a process believes what it read: a device switched off is out within 5 s.
_BELIEVED_S: Final = 3.0
_HEARD_S: Final = 10.0
_REFUSED_WITHIN: Final = timedelta(days=1)


@dataclass(frozen=True)
class Stranger:
    """A title and an address that were refused, and when last."""

    ae_title: str
    address: str
    last_at: datetime


@dataclass(frozen=True)
class Recognised:
    """A device that called, and what it may do besides sending."""

    actor: Actor
    device: AllowedDevice


@dataclass(frozen=True)
class Destination:
    """A device that objects may be sent to."""

    actor: Actor
    ae_title: str
    host: str
    port: int
    tls: bool


class DeviceService:
    """Registers devices and recognises them."""

    def __init__(
        self,
        *,
        database: Database,
        audit: AuditTrail,
        clock: Clock,
        ids: Ids,
        passwords: Passwords,
    ) -> None:
        self._database = database
        self._audit = audit
        self._clock = clock
        self._ids = ids
        self._passwords = passwords
        self._heard: Recent[str, bool] = Recent(clock=clock, keep_s=_HEARD_S, capacity=4096)
        self._believed: Recent[str, tuple[AllowedDevice, ...]] = Recent(
            clock=clock, keep_s=_BELIEVED_S, capacity=1024
        )

    async def register(self, new: NewDevice, *, by: Actor | None = None) -> str:
        """Register a device and return its id; ``by`` None is the operator.

        Raises
        ------
        InvalidInput
            If the AE title, a network, a fingerprint or the user is none.
        Conflict
            If that AE is registered from these networks already.
        """
        ae_title = checked_ae_title(new.ae_title)
        networks = checked_networks(new.networks)
        certificates = checked_fingerprints(new.certificates_sha256)
        subject = checked_text(new.certificate_subject or "", LONGEST_SUBJECT) or None
        description = checked_text(new.description or "", LONGEST_DESCRIPTION) or None
        username, passcode_hash = await self._user(new.username, new.passcode)
        device_id = self._ids.new()
        async with self._database.unit_of_work() as uow:
            try:
                await uow.session.execute(
                    insert(Device).values(
                        id=device_id,
                        org=new.org,
                        institution_id=new.institution_id,
                        ae_title=ae_title,
                        networks=networks,
                        certificate_subject=subject,
                        certificates_sha256=certificates,
                        username=username,
                        passcode_hash=passcode_hash,
                        associations_per_minute=new.budget.associations_per_minute,
                        objects_per_minute=new.budget.objects_per_minute,
                        bytes_per_hour=new.budget.bytes_per_hour,
                        description=description,
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

    async def change(
        self, org: str, device_id: str, change: DeviceChange, *, by: Actor | None = None
    ) -> None:
        """Change a device; it holds for new associations within seconds, and ends others.

        Raises
        ------
        InvalidInput
            If nothing is changed, or a value makes no sense.
        NotFound
            If the community has no such device.
        Conflict
            If that AE is registered from these networks already.
        """
        values = await self._changed(change)
        if not values:
            raise InvalidInput("nothing is to be changed")
        async with self._database.unit_of_work() as uow:
            try:
                found = await uow.session.execute(
                    update(Device)
                    .where(Device.id == device_id, Device.org == org)
                    .values(values)
                    .returning(Device.username, Device.passcode_hash)
                )
            except IntegrityError as error:
                raise Conflict(
                    "the AE is registered from there already", code="device-taken"
                ) from error
            row = found.one_or_none()
            if row is None:
                raise NotFound("there is no such device")
            if row.passcode_hash is not None and row.username is None:
                raise InvalidInput("a passcode needs a user name", code="passcode-without-user")
            told = {key: value for key, value in values.items() if key != "passcode_hash"}
            if "disabled_at" in told:
                told["disabled_at"] = told["disabled_at"] is not None
            if "passcode_hash" in values:
                told["passcode"] = values["passcode_hash"] is not None
            self._audit.record(
                uow,
                act_of(
                    by, "device.change", org=org, object_kind="device", object_id=device_id,
                    detail=told,
                ),
            )  # fmt: skip
            await uow.commit()

    async def _changed(self, change: DeviceChange) -> dict[str, object]:
        values = change.values()
        if change.is_enabled is not None:
            values["disabled_at"] = None if change.is_enabled else self._clock.now()
        if change.passcode:
            values["passcode_hash"] = await self._passwords.hash(change.passcode)
        elif change.passcode is not None or change.username == "":
            values["passcode_hash"] = None
        return values

    async def _user(
        self, username: str | None, passcode: str | None
    ) -> tuple[str | None, str | None]:
        if username is None:
            if passcode is not None:
                raise InvalidInput("a passcode needs a user name", code="passcode-without-user")
            return None, None
        hashed = await self._passwords.hash(passcode) if passcode is not None else None
        return checked_username(username), hashed

    async def registered(self, org: str) -> list[RegisteredDevice]:
        """Return the devices of a community, those switched off too, by AE title."""
        async with self._database.reading() as session:
            found = await session.scalars(
                select(Device).where(Device.org == org).order_by(Device.ae_title, Device.id)
            )
            return [shown(device) for device in found]

    async def strangers(self) -> list[Stranger]:
        """Return who called within a day and was not let in, the last first."""
        found = await refused_sources(
            self._database, "dicom.associate", since=self._clock.now() - _REFUSED_WITHIN
        )
        return [Stranger(*each.source.rpartition("@")[::2], each.last_at) for each in found]

    async def recognise(self, caller: Caller) -> Recognised | None:
        """Return the device that calls, or None where none is registered so."""
        known = self._believed.get(caller.ae_title)
        if known is None:
            known = await self._read(caller.ae_title)
            self._believed.put(caller.ae_title, known)
        objections = {device.id: device.objection(caller) for device in known}
        device = next((each for each in known if objections[each.id] is None), None)
        if device is None:
            if objections:
                _log.info(
                    "a device was not recognised",
                    ae=caller.ae_title,
                    peer=caller.address,
                    because={key: str(objection) for key, objection in objections.items()},
                )
            return None
        actor = Actor(
            kind=ActorKind.DEVICE,
            id=device.id,
            org=device.org,
            institution_id=device.institution_id,
            roles=frozenset(),
            source=f"{caller.ae_title}@{caller.address}",
        )
        return Recognised(actor, device)

    async def called(self, device_id: str) -> None:
        """Note that a device was let in; of a burst of calls the first is enough."""
        if not self._heard.first(device_id, value=True):
            return
        async with self._database.unit_of_work() as uow:
            await uow.session.execute(
                update(Device)
                .where(Device.id == device_id)
                .values(last_called_at=self._clock.now())
            )
            await uow.commit()

    async def current(self, ids: Collection[str]) -> Mapping[str, AllowedDevice]:
        """Return those of these devices that are not switched off, as they are now."""
        async with self._database.reading() as session:
            found = await session.scalars(
                select(Device).where(Device.id.in_(set(ids)), Device.disabled_at.is_(None))
            )
            return {device.id: allowed(device) for device in found}

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

    async def _read(self, ae_title: str) -> tuple[AllowedDevice, ...]:
        async with self._database.reading() as session:
            found = await session.scalars(
                select(Device).where(Device.ae_title == ae_title, Device.disabled_at.is_(None))
            )
            return tuple(allowed(device) for device in found)


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
