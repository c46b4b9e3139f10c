"""How the media role is doing: read from its rooms and its engine when somebody asks."""

from prometheus_client import CollectorRegistry, Gauge

from server.consults.engine import MediaEngine
from server.consults.rooms import Rooms


class MediaGauges:
    """Sets the gauges of rooms and media."""

    def __init__(self, registry: CollectorRegistry, *, rooms: Rooms, engine: MediaEngine) -> None:
        self._rooms = rooms
        self._engine = engine

        def gauge(name: str, text: str) -> Gauge:
            return Gauge(f"lianzhen_media_{name}", text, registry=registry)

        self._people = gauge("people", "People in rooms")
        self._connections = gauge("connections", "Audio and video connections")
        self._slots = gauge("attached_slots", "Streams that go out")
        self._packets = gauge("forwarded_packets", "Packets forwarded since the start")
        self._late = gauge("worst_late_seconds", "How late the loop was at worst since last asked")

    async def refresh(self) -> None:
        """Read the figures anew."""
        stats = self._engine.stats()
        self._people.set(self._rooms.people)
        self._connections.set(stats.connections)
        self._slots.set(stats.attached_slots)
        self._packets.set(stats.forwarded_packets)
        self._late.set(stats.worst_late_s)
