"""How forwarding is doing, over all processes: read from the database when somebody asks."""

from prometheus_client import CollectorRegistry, Gauge
from sqlalchemy import func, select

from server.core.clock import Clock
from server.core.database import Database
from server.forwarding.models import ForwardJob, Outage


class ForwardGauges:
    """Sets the gauges of the outgoing queue."""

    def __init__(self, registry: CollectorRegistry, *, database: Database, clock: Clock) -> None:
        self._database = database
        self._clock = clock

        def gauge(name: str, text: str) -> Gauge:
            return Gauge(f"lianzhen_forward_{name}", text, registry=registry)

        self._waiting = gauge("waiting_objects", "Objects that a destination does not have yet")
        self._failed = gauge("failed_objects", "Objects that a destination refused for good")
        self._oldest = gauge("oldest_seconds", "How long the first of the waiting has waited")
        self._out = gauge("destinations_out", "Destinations that take nothing at the moment")

    async def refresh(self) -> None:
        """Read the figures anew."""
        async with self._database.reading() as session:
            waiting, failed = (
                await session.execute(
                    select(
                        func.coalesce(func.sum(ForwardJob.waiting), 0),
                        func.coalesce(func.sum(ForwardJob.failed), 0),
                    )
                )
            ).one()
            oldest = await session.scalar(
                select(func.min(ForwardJob.queued_at)).where(ForwardJob.due_at.is_not(None))
            )
            out = await session.scalar(select(func.count()).select_from(Outage))
        waited = self._clock.now() - oldest if oldest is not None else None
        self._waiting.set(int(waiting))
        self._failed.set(int(failed))
        self._oldest.set(waited.total_seconds() if waited is not None else 0)
        self._out.set(out or 0)
