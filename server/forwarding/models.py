"""Routes, and the outgoing queue: what each destination shall still get of each study.

An object waits in the queue from the transaction that indexed it until its destination has it, it
was refused for good, or somebody drops it. What was sent is only counted.
"""

from datetime import datetime
from enum import IntEnum, StrEnum
from typing import Any

from sqlalchemy import JSON, BigInteger, ForeignKey, Index, Integer, String, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from server.core.database import Base

# SQLite numbers rows by itself only under the exact type INTEGER.
_SEQUENCE = BigInteger().with_variant(Integer(), "sqlite")


class Priority(StrEnum):
    """What goes first, and is told to the destination (PS3.7 9.1.1.1.4)."""

    HIGH = "high"
    MEDIUM = "medium"
    LOW = "low"

    @property
    def rank(self) -> int:
        """Return its place in the queue, the first being 0."""
        return list(Priority).index(self)

    @property
    def dimse(self) -> int:
        """Return the value of Priority (0000,0700)."""
        return {Priority.MEDIUM: 0, Priority.HIGH: 1, Priority.LOW: 2}[self]


class ObjectState(IntEnum):
    """What is to become of an object in the queue; what was sent is no longer in it."""

    WAITING = 0
    FAILED = 1


class ForwardRoute(Base):
    """A rule: what matches goes to a destination."""

    __tablename__ = "forward_routes"

    id: Mapped[str] = mapped_column(String(32), primary_key=True)
    org: Mapped[str] = mapped_column(String(64))
    destination_id: Mapped[str] = mapped_column(ForeignKey("devices.id"))
    conditions: Mapped[dict[str, Any]] = mapped_column(JSON)
    """`Conditions`, field by field."""
    priority: Mapped[Priority] = mapped_column(String(8))
    is_enabled: Mapped[bool]
    created_at: Mapped[datetime]


class ForwardJob(Base):
    """One study on its way to one destination: one association at a time, in order of arrival."""

    __tablename__ = "forward_jobs"
    __table_args__ = (UniqueConstraint("destination_id", "study_pk"),)

    id: Mapped[str] = mapped_column(String(32), primary_key=True)
    org: Mapped[str] = mapped_column(String(64))
    destination_id: Mapped[str] = mapped_column(ForeignKey("devices.id"))
    study_pk: Mapped[str] = mapped_column(ForeignKey("studies.id", ondelete="CASCADE"))
    rank: Mapped[int] = mapped_column(Integer)
    """The highest `Priority` of the routes that lead here."""
    queued_at: Mapped[datetime]
    """Since when something waits, or when the last began to."""
    due_at: Mapped[datetime | None]
    """When to try next; None where nothing waits."""
    waiting: Mapped[int] = mapped_column(Integer)
    failed: Mapped[int] = mapped_column(Integer)
    sent: Mapped[int] = mapped_column(Integer)
    reason: Mapped[str | None] = mapped_column(String(300))
    """Why an object was not taken, the last time that happened."""
    changed_at: Mapped[datetime]
    claimed_by: Mapped[str | None] = mapped_column(String(64))
    claimed_until: Mapped[datetime | None]


class ForwardObject(Base):
    """One object that a destination does not have yet."""

    __tablename__ = "forward_objects"
    __table_args__ = (
        UniqueConstraint("job_id", "instance_pk"),
        {"sqlite_autoincrement": True},
    )

    id: Mapped[int] = mapped_column(_SEQUENCE, primary_key=True)
    """In order of arrival."""
    job_id: Mapped[str] = mapped_column(ForeignKey("forward_jobs.id", ondelete="CASCADE"))
    instance_pk: Mapped[str] = mapped_column(
        ForeignKey("instances.id", ondelete="CASCADE"), index=True
    )
    state: Mapped[int] = mapped_column(Integer)
    due_at: Mapped[datetime]
    attempts: Mapped[int] = mapped_column(Integer)
    status: Mapped[int | None] = mapped_column(Integer)
    """The last answer to it (PS3.4 table B.2-1); None where there was none."""
    reason: Mapped[str | None] = mapped_column(String(300))


class Outage(Base):
    """A destination that takes nothing at the moment."""

    __tablename__ = "forward_outages"

    destination_id: Mapped[str] = mapped_column(ForeignKey("devices.id"), primary_key=True)
    since: Mapped[datetime]
    failures: Mapped[int] = mapped_column(Integer)
    retry_at: Mapped[datetime]
    reason: Mapped[str] = mapped_column(String(300))


Index("ix_forward_jobs_due", ForwardJob.due_at, ForwardJob.rank, ForwardJob.queued_at)
Index("ix_forward_jobs_org_changed", ForwardJob.org, ForwardJob.changed_at, ForwardJob.id)
Index("ix_forward_jobs_study", ForwardJob.study_pk)
Index("ix_forward_objects_job_due", ForwardObject.job_id, ForwardObject.state, ForwardObject.due_at)
