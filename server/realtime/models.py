"""Events as rows, and how far each durable consumer has read."""

from datetime import datetime
from typing import Any

from sqlalchemy import JSON, BigInteger, Index, Integer, String
from sqlalchemy.orm import Mapped, mapped_column

from server.core.database import Base

# SQLite numbers rows by itself only under the exact type INTEGER.
_Sequence = BigInteger().with_variant(Integer(), "sqlite")


class Event(Base):
    """Something that happened, written in the transaction that made it happen; ids only inside."""

    __tablename__ = "events"
    __table_args__ = {"sqlite_autoincrement": True}  # noqa: RUF012 -- SQLAlchemy's own declaration

    id: Mapped[int] = mapped_column(_Sequence, primary_key=True)
    org: Mapped[str] = mapped_column(String(64))
    topic: Mapped[str] = mapped_column(String(64))
    study_id: Mapped[str | None] = mapped_column(String(32))
    payload: Mapped[dict[str, Any]] = mapped_column(JSON)
    at: Mapped[datetime]


class EventCursor(Base):
    """The last event a durable consumer has dealt with."""

    __tablename__ = "event_cursors"

    consumer: Mapped[str] = mapped_column(String(64), primary_key=True)
    last_id: Mapped[int] = mapped_column(BigInteger)


Index("ix_events_at", Event.at)
