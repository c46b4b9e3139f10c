"""Objects: bytes by digest, first in a spool, then in the store; and those that were refused."""

from datetime import datetime
from enum import StrEnum

from sqlalchemy import BigInteger, ForeignKey, Index, String, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from server.core.database import Base


class Location(StrEnum):
    """Where an object's bytes are: moving on is the drain's, and only forward."""

    SPOOL = "spool"
    STORE = "store"


class StoredObject(Base):
    """One object's bytes. The row commits with its index rows, after its file is synced."""

    __tablename__ = "objects"
    __table_args__ = (UniqueConstraint("org", "sha256"),)

    id: Mapped[str] = mapped_column(String(32), primary_key=True)
    org: Mapped[str] = mapped_column(String(64))
    sha256: Mapped[str] = mapped_column(String(64))
    size: Mapped[int] = mapped_column(BigInteger)
    location: Mapped[Location] = mapped_column(String(8))
    spool_id: Mapped[str | None] = mapped_column(String(32))
    """Which host's spool holds the bytes while they are not in the store."""
    spool_name: Mapped[str | None] = mapped_column(String(128))
    received_at: Mapped[datetime]
    stored_at: Mapped[datetime | None]
    damaged_at: Mapped[datetime | None]
    """When a scrub or a reader found its bytes gone or others; until a scrub finds them whole."""


class Conversion(Base):
    """A DICOM object that was made here, and the file that arrived."""

    __tablename__ = "conversions"

    object_id: Mapped[str] = mapped_column(ForeignKey("objects.id"), primary_key=True)
    source_object_id: Mapped[str] = mapped_column(ForeignKey("objects.id"), unique=True)
    source_format: Mapped[str] = mapped_column(String(32))


class Quarantined(Base):
    """A refused object: damaged, contradicting itself, or a known UID with other bytes."""

    __tablename__ = "quarantine"

    id: Mapped[str] = mapped_column(String(32), primary_key=True)
    org: Mapped[str] = mapped_column(String(64))
    owner_institution_id: Mapped[str] = mapped_column(ForeignKey("institutions.id"))
    object_id: Mapped[str | None] = mapped_column(ForeignKey("objects.id"))
    """Absent where the quarantine is full and only the digest was kept."""
    sha256: Mapped[str] = mapped_column(String(64))
    sop_instance_uid: Mapped[str | None] = mapped_column(String(64))
    reason: Mapped[str] = mapped_column(String(64))
    detail: Mapped[str] = mapped_column(String(500))
    source: Mapped[str] = mapped_column(String(128))
    received_at: Mapped[datetime]


class UploadSession(Base):
    """A resumable upload (tus 1.0); its bytes so far are in the spool, their count its offset."""

    __tablename__ = "upload_sessions"

    id: Mapped[str] = mapped_column(String(32), primary_key=True)
    person_id: Mapped[str] = mapped_column(ForeignKey("people.id"))
    institution_id: Mapped[str] = mapped_column(ForeignKey("institutions.id"))
    size: Mapped[int] = mapped_column(BigInteger)
    filename: Mapped[str | None] = mapped_column(String(255))
    spool_id: Mapped[str] = mapped_column(String(32))
    created_at: Mapped[datetime]
    expires_at: Mapped[datetime]
    finished_at: Mapped[datetime | None]
    outcome_code: Mapped[str | None] = mapped_column(String(64))
    """How intake answered the finished upload, so that a lost answer can be asked for again."""
    outcome_detail: Mapped[str | None] = mapped_column(String(500))
    study_instance_uid: Mapped[str | None] = mapped_column(String(64))
    """Where it is now, if it was kept: who sends an ECG in its maker's format cannot know."""
    sha256: Mapped[str | None] = mapped_column(String(64))
    """Of all its bytes as they arrived: who deletes the original first compares it."""


Index("ix_objects_location_spool", StoredObject.location, StoredObject.spool_id)
Index("ix_quarantine_org_received", Quarantined.org, Quarantined.received_at)
