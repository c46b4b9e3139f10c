"""Routes are made, changed and taken back by administrators, on record."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import delete, insert, select, update

from server.audit.public import AuditTrail
from server.core.clock import Clock
from server.core.database import Database, UnitOfWork
from server.core.errors import InvalidInput, NotFound
from server.core.ids import Ids
from server.dicom_node.public import DeviceService
from server.forwarding.conditions import Conditions
from server.forwarding.models import ForwardRoute, Priority
from server.identity.public import Actor, act_of


@dataclass(frozen=True)
class NewRoute:
    """A route to be made, or what one shall be."""

    destination_id: str
    conditions: Conditions
    priority: Priority = Priority.MEDIUM
    is_enabled: bool = True


@dataclass(frozen=True)
class KnownRoute:
    """A route, and where it leads."""

    id: str
    destination_ae: str | None
    """None where the destination has no address any more."""
    route: NewRoute


class RouteService:
    """Keeps the routes of each community; ``by`` None is the operator."""

    def __init__(
        self,
        *,
        database: Database,
        devices: DeviceService,
        audit: AuditTrail,
        clock: Clock,
        ids: Ids,
    ) -> None:
        self._database = database
        self._devices = devices
        self._audit = audit
        self._clock = clock
        self._ids = ids

    async def destination_id(self, org: str, ae_title: str) -> str:
        """Return the id of the one registered device of that title that has an address.

        Raises
        ------
        InvalidInput
            If there is none, or there are several.
        """
        found = [
            each for each in await self._devices.destinations(org) if each.ae_title == ae_title
        ]
        match found:
            case [destination]:
                return destination.actor.id
            case []:
                raise InvalidInput(
                    f"no device {ae_title} is registered with an address (--host and --port)"
                )
            case _:
                ids = ", ".join(each.actor.id for each in found)
                raise InvalidInput(f"several devices are called {ae_title}: name one of {ids}")

    async def create(self, org: str, new: NewRoute, *, by: Actor | None = None) -> str:
        """Make a route and return its id.

        Raises
        ------
        InvalidInput
            If the destination is no registered device of this community with an address.
        """
        await self._check(org, new)
        route_id = self._ids.new()
        async with self._database.unit_of_work() as uow:
            await uow.session.execute(
                insert(ForwardRoute).values(
                    id=route_id, org=org, created_at=self._clock.now(), **_row(new)
                )
            )
            self._record(uow, "route.create", org, route_id, new, by)
            await uow.commit()
        return route_id

    async def change(
        self, org: str, route_id: str, new: NewRoute, *, by: Actor | None = None
    ) -> None:
        """Make a route another one; what is queued already goes on.

        One that is off may lead where it led, though there is no address any more.

        Raises
        ------
        NotFound
            If there is no such route.
        InvalidInput
            As `create` does.
        """
        async with self._database.reading() as session:
            led_to = await session.scalar(
                select(ForwardRoute.destination_id).where(
                    ForwardRoute.id == route_id, ForwardRoute.org == org
                )
            )
        if led_to is None:
            raise NotFound("there is no such route")
        if new.is_enabled or new.destination_id != led_to:
            await self._check(org, new)
        async with self._database.unit_of_work() as uow:
            changed = await uow.session.scalar(
                update(ForwardRoute)
                .where(ForwardRoute.id == route_id, ForwardRoute.org == org)
                .values(**_row(new))
                .returning(ForwardRoute.id)
            )
            if changed is None:
                raise NotFound("there is no such route")
            self._record(uow, "route.change", org, route_id, new, by)
            await uow.commit()

    async def remove(self, org: str, route_id: str, *, by: Actor | None = None) -> None:
        """Take a route back; what is queued already goes on.

        Raises
        ------
        NotFound
            If there is no such route.
        """
        async with self._database.unit_of_work() as uow:
            removed = await uow.session.scalar(
                delete(ForwardRoute)
                .where(ForwardRoute.id == route_id, ForwardRoute.org == org)
                .returning(ForwardRoute.id)
            )
            if removed is None:
                raise NotFound("there is no such route")
            self._record(uow, "route.remove", org, route_id, None, by)
            await uow.commit()

    async def list(self, org: str) -> Sequence[KnownRoute]:
        """Return the routes of a community, the oldest first."""
        titles = {each.actor.id: each.ae_title for each in await self._devices.destinations(org)}
        async with self._database.reading() as session:
            found = await session.scalars(
                select(ForwardRoute)
                .where(ForwardRoute.org == org)
                .order_by(ForwardRoute.created_at, ForwardRoute.id)
            )
            return [
                KnownRoute(
                    row.id,
                    titles.get(row.destination_id),
                    NewRoute(
                        row.destination_id,
                        Conditions.of(row.conditions),
                        Priority(row.priority),
                        row.is_enabled,
                    ),
                )
                for row in found
            ]

    async def one(self, org: str, route_id: str) -> KnownRoute:
        """Return a route.

        Raises
        ------
        NotFound
            If there is no such route.
        """
        for each in await self.list(org):
            if each.id == route_id:
                return each
        raise NotFound("there is no such route")

    async def _check(self, org: str, new: NewRoute) -> None:
        destination = await self._devices.destination_of(new.destination_id)
        if destination is None or destination.actor.org != org:
            raise InvalidInput(
                "a route leads to a device registered with an address (--host and --port)",
                code="no-destination",
            )

    def _record(
        self,
        uow: UnitOfWork,
        action: str,
        org: str,
        route_id: str,
        new: NewRoute | None,
        by: Actor | None,
    ) -> None:
        detail = {} if new is None else _row(new)
        self._audit.record(
            uow,
            act_of(by, action, org=org, object_kind="route", object_id=route_id, detail=detail),
        )


def _row(new: NewRoute) -> dict[str, Any]:
    return {
        "destination_id": new.destination_id,
        "conditions": new.conditions.stored(),
        "priority": new.priority,
        "is_enabled": new.is_enabled,
    }
