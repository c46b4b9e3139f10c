"""How intake is doing, over all processes: read from the database when somebody asks."""

from prometheus_client import CollectorRegistry, Gauge
from sqlalchemy import func, select

from server.core.clock import Clock
from server.core.database import Database
from server.intake.models import Location, Quarantined, StoredObject
from server.intake.spool import Spool


class IntakeGauges:
    """Sets the gauges of the spool and the quarantine."""

    def __init__(
        self, registry: CollectorRegistry, *, database: Database, spool: Spool, clock: Clock
    ) -> None:
        self._database = database
        self._spool = spool
        self._clock = clock

        def gauge(name: str, text: str) -> Gauge:
            return Gauge(f"lianzhen_{name}", text, registry=registry)

        self._objects = gauge("spool_objects", "Objects that the store does not have yet")
        self._bytes = gauge("spool_bytes", "Their bytes")
        self._oldest = gauge("spool_oldest_seconds", "How long the oldest of them has waited")
        self._free = gauge("spool_free_bytes", "Free bytes on this host's spool disk")
        self._quarantined = gauge("quarantine_objects", "Objects refused and kept for review")

    async def refresh(self) -> None:
        """Read the figures anew."""
        async with self._database.reading() as session:
            waiting = StoredObject.location == Location.SPOOL
            count, size = (
                await session.execute(
                    select(func.count(), func.coalesce(func.sum(StoredObject.size), 0)).where(
                        waiting
                    )
                )
            ).one()
            oldest = await session.scalar(select(func.min(StoredObject.received_at)).where(waiting))
            quarantined = await session.scalar(select(func.count()).select_from(Quarantined))
        waited = self._clock.now() - oldest if oldest is not None else None
        self._objects.set(count)
        self._bytes.set(int(size))
        self._oldest.set(waited.total_seconds() if waited is not None else 0)
        self._free.set(self._spool.free_bytes)
        self._quarantined.set(quarantined or 0)
