"""The audit chain's tables: rows are only ever added."""

from datetime import datetime
from enum import StrEnum

from sqlalchemy import BigInteger, Index, String, Text, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from server.core.database import Base


class Outcome(StrEnum):
    """How an audited act ended (PS3.15 A.5, EventOutcomeIndicator)."""

    SUCCESS = "success"
    REFUSED = "refused"
    FAILED = "failed"


class AuditEvent(Base):
    """One act. ``hash`` keys the row and the one before it in the same chain."""

    __tablename__ = "audit_events"

    chain: Mapped[str] = mapped_column(String(64), primary_key=True)
    seq: Mapped[int] = mapped_column(BigInteger, primary_key=True, autoincrement=False)
    at: Mapped[datetime]
    org: Mapped[str | None] = mapped_column(String(64))
    action: Mapped[str] = mapped_column(String(64))
    outcome: Mapped[Outcome] = mapped_column(String(16))
    actor_kind: Mapped[str] = mapped_column(String(16))
    actor_id: Mapped[str | None] = mapped_column(String(64))
    institution_id: Mapped[str | None] = mapped_column(String(32))
    source: Mapped[str | None] = mapped_column(String(128))
    object_kind: Mapped[str | None] = mapped_column(String(32))
    object_id: Mapped[str | None] = mapped_column(String(128))
    detail: Mapped[str] = mapped_column(Text)
    """Canonical JSON, kept as the text that was hashed."""
    previous_hash: Mapped[str] = mapped_column(String(64))
    hash: Mapped[str] = mapped_column(String(64))


class AuditChain(Base):
    """The head of one writing process's chain; ``seal`` keys the other columns."""

    __tablename__ = "audit_chains"

    chain: Mapped[str] = mapped_column(String(64), primary_key=True)
    last_seq: Mapped[int] = mapped_column(BigInteger)
    last_hash: Mapped[str] = mapped_column(String(64))
    started_at: Mapped[datetime]
    last_at: Mapped[datetime]
    seal: Mapped[str] = mapped_column(String(64))


class AuditAnchor(Base):
    """The chains' heads at one time, chained among themselves and copied to a file.

    ``heads`` is JSON, ``{chain: [seq, hash]}`` of the chains that moved since the anchor before.
    """

    __tablename__ = "audit_anchors"

    seq: Mapped[int] = mapped_column(BigInteger, primary_key=True, autoincrement=False)
    at: Mapped[datetime]
    heads: Mapped[str] = mapped_column(Text)
    previous_hash: Mapped[str] = mapped_column(String(64))
    hash: Mapped[str] = mapped_column(String(64))


class AuditedRead(Base):
    """A person who read a study in an hour: one audit row stands for all reads of that hour."""

    __tablename__ = "audited_reads"
    __table_args__ = (UniqueConstraint("person_id", "study_id", "hour"),)

    id: Mapped[str] = mapped_column(String(32), primary_key=True)
    person_id: Mapped[str] = mapped_column(String(32))
    study_id: Mapped[str] = mapped_column(String(32))
    hour: Mapped[datetime]


Index("ix_audit_chains_last_at", AuditChain.last_at)
Index("ix_audit_events_at", AuditEvent.at)
Index("ix_audit_events_object", AuditEvent.object_kind, AuditEvent.object_id)
