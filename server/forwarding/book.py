"""The enabled routes as a process knows them, and where they lead an object that arrives."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from server.core.clock import Clock
from server.dicom_node.public import Device
from server.forwarding.conditions import Conditions, Facts
from server.forwarding.models import ForwardRoute, Priority
from server.identity.public import ActorKind
from server.intake.public import Arrival

# How long a process believes what it read: a new route holds within 5 s.
_BELIEVED_S: Final = 3.0


@dataclass(frozen=True)
class _Known:
    org: str
    destination_id: str
    destination_ae: str
    conditions: Conditions
    priority: Priority


class RouteBook:
    """Remembers the enabled routes of all communities for a few seconds."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._known: tuple[_Known, ...] = ()
        self._read_at_s: float | None = None

    @property
    def is_stale(self) -> bool:
        """Whether the routes must be read before anything is said about them."""
        return self._read_at_s is None or self._clock.monotonic_s() - self._read_at_s >= _BELIEVED_S

    async def read(self, session: AsyncSession) -> None:
        """Read the routes, unless that was done just now."""
        if not self.is_stale:
            return
        found = await session.execute(
            select(
                ForwardRoute.org,
                ForwardRoute.destination_id,
                Device.ae_title,
                ForwardRoute.conditions,
                ForwardRoute.priority,
            )
            .join(Device, Device.id == ForwardRoute.destination_id)
            .where(ForwardRoute.is_enabled)
        )
        self._known = tuple(
            _Known(org, destination, ae_title, Conditions.of(conditions), Priority(priority))
            for org, destination, ae_title, conditions, priority in found
        )
        self._read_at_s = self._clock.monotonic_s()

    def destinations(self, arrival: Arrival) -> Mapping[str, Priority]:
        """Return where an object goes, and how urgently; never back to where it came from."""
        if not self._known:
            return {}
        sender = arrival.received.sender
        is_device = sender.kind is ActorKind.DEVICE
        source_ae = sender.source.rpartition("@")[0] if is_device else None
        attributes = arrival.prepared.attributes
        facts = Facts(
            source_ae=source_ae,
            institution_id=sender.institution_id,
            modality=attributes.modality,
            station=attributes.station_name,
            descriptions=(
                attributes.study_description,
                attributes.series_description,
                attributes.protocol_name,
            ),
        )
        found: dict[str, Priority] = {}
        for route in self._known:
            # A title may be registered for several networks: it is one application entity still.
            if route.org != sender.org or source_ae == route.destination_ae:
                continue
            if route.destination_id != sender.id and route.conditions.are_met_by(facts):
                others = found.get(route.destination_id, Priority.LOW)
                found[route.destination_id] = min(others, route.priority, key=lambda p: p.rank)
        return found
