"""What other capabilities may know of events: how to write one, and how to serve a listener."""

from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Final

from sqlalchemy import insert, text

from server.core.database import Statement, UnitOfWork
from server.realtime.hub import C, Hub
from server.realtime.models import Event
from server.realtime.socket import serve_socket

__all__ = ["C", "Hub", "Occurrence", "publish", "published", "serve_socket"]

# Event numbers must become visible in order, or a reader that has seen 8 would never see 7:
# on PostgreSQL writers of events take turns from here to their commit. SQLite has one writer.
_TURN: Final = text("SELECT pg_advisory_xact_lock(7308601)")
_TOLD: Final = text("NOTIFY lianzhen_events")
_INSERT: Final = insert(Event)


@dataclass(frozen=True)
class Occurrence:
    """Something that happened: a topic and ids, never a patient's data."""

    org: str
    topic: str
    at: datetime
    study_id: str | None = None
    """The study it is about: who may not see the study does not hear of it."""
    payload: dict[str, str | int | None] = field(default_factory=dict)


def published(*occurrences: Occurrence) -> list[Statement]:
    """Return what writes events in a batch of statements; put it last."""
    return [
        Statement(_TURN, [{}], postgresql_only=True),
        Statement(_INSERT, [_row(occurrence) for occurrence in occurrences]),
        Statement(_TOLD, [{}], postgresql_only=True),
    ]


def _row(occurrence: Occurrence) -> dict[str, Any]:
    return {
        "org": occurrence.org,
        "topic": occurrence.topic,
        "study_id": occurrence.study_id,
        "payload": occurrence.payload,
        "at": occurrence.at,
    }


async def publish(uow: UnitOfWork, *occurrences: Occurrence) -> None:
    """Write events into the transaction; call it last, just before the commit."""
    if not occurrences:
        return
    if uow.session.get_bind().dialect.name == "postgresql":
        await uow.session.execute(_TURN)
    await uow.session.execute(_INSERT, [_row(occurrence) for occurrence in occurrences])
    if uow.session.get_bind().dialect.name == "postgresql":
        await uow.session.execute(_TOLD)
