"""Devices, and what they asked to be committed to."""

from collections.abc import Mapping
from datetime import datetime
from enum import StrEnum
from typing import Final

from sqlalchemy import (
    JSON,
    BigInteger,
    ForeignKey,
    Index,
    LargeBinary,
    String,
    UniqueConstraint,
)
from sqlalchemy.orm import Mapped, mapped_column

from server.core.database import Base


class DeviceCharset(StrEnum):
    """What a device can read, by the defined term of PS3.3 C.12.1.1.2."""

    UTF_8 = "ISO_IR 192"
    GB18030 = "GB18030"
    GBK = "GBK"
    ASCII = "ISO_IR 6"
    """No Hanzi: it is told their readings."""


class Device(Base):
    """A registered AE. Only registered devices may associate."""

    __tablename__ = "devices"
    __table_args__ = (UniqueConstraint("ae_title", "networks"),)

    id: Mapped[str] = mapped_column(String(32), primary_key=True)
    org: Mapped[str] = mapped_column(String(64))
    institution_id: Mapped[str] = mapped_column(ForeignKey("institutions.id"))
    ae_title: Mapped[str] = mapped_column(String(16))
    networks: Mapped[str] = mapped_column(String(500))
    """Addresses or networks the device calls from, separated by commas; empty for anywhere."""
    certificate_subject: Mapped[str | None] = mapped_column(String(300))
    """The subject its client certificate must bear."""
    certificates_sha256: Mapped[str] = mapped_column(String(600), default="")
    """Fingerprints of which its client certificate must have one, by commas; empty for any.

    With neither subject nor fingerprint it may not use the TLS port, with either it uses no other.
    """
    username: Mapped[str | None] = mapped_column(String(64))
    """The user it must say it is (PS3.7 D.3.3.7); None for none."""
    passcode_hash: Mapped[str | None] = mapped_column(String(200))
    """argon2id of that user's passcode; None where the name alone is asked for."""
    associations_per_minute: Mapped[int | None]
    objects_per_minute: Mapped[int | None]
    bytes_per_hour: Mapped[int | None] = mapped_column(BigInteger)
    """Its own budgets; None for those of the settings."""
    may_query: Mapped[bool] = mapped_column(default=False)
    """Whether it may search and retrieve what its institution may see, besides sending."""
    may_see_worklist: Mapped[bool] = mapped_column(default=False)
    """Whether it may ask what its institution's devices shall examine."""
    charset: Mapped[DeviceCharset | None] = mapped_column(String(16))
    """In which it is answered; None: the one it asks in, or else UTF-8."""
    host: Mapped[str | None] = mapped_column(String(255))
    """Where it listens itself: what is retrieved may be sent there; None for nowhere."""
    port: Mapped[int | None]
    tls: Mapped[bool] = mapped_column(default=False)
    """Whether it listens for TLS there."""
    description: Mapped[str | None] = mapped_column(String(200))
    created_at: Mapped[datetime]
    last_called_at: Mapped[datetime | None]
    """When it was let in last, to within seconds."""
    disabled_at: Mapped[datetime | None]


class CommitmentState(StrEnum):
    """Where a request for storage commitment stands."""

    REQUESTED = "requested"
    CHECKED = "checked"
    """What we can commit to is known, and the device is to be told."""
    DELIVERED = "delivered"
    EXPIRED = "expired"
    """It could not be checked, or the device could not be told, until its time was over."""


class CommitmentEvent(StrEnum):
    """What may happen to a request for storage commitment."""

    CHECK = "check"
    DELIVER = "deliver"
    EXPIRE = "expire"
    ASK_AGAIN = "ask-again"
    """The device sends the same request once more: it never heard, or forgot."""


COMMITMENT_TRANSITIONS: Final[Mapping[tuple[CommitmentState, CommitmentEvent], CommitmentState]] = {
    (CommitmentState.REQUESTED, CommitmentEvent.CHECK): CommitmentState.CHECKED,
    (CommitmentState.REQUESTED, CommitmentEvent.EXPIRE): CommitmentState.EXPIRED,
    (CommitmentState.REQUESTED, CommitmentEvent.ASK_AGAIN): CommitmentState.REQUESTED,
    (CommitmentState.CHECKED, CommitmentEvent.DELIVER): CommitmentState.DELIVERED,
    (CommitmentState.CHECKED, CommitmentEvent.EXPIRE): CommitmentState.EXPIRED,
    (CommitmentState.CHECKED, CommitmentEvent.ASK_AGAIN): CommitmentState.REQUESTED,
    (CommitmentState.DELIVERED, CommitmentEvent.ASK_AGAIN): CommitmentState.REQUESTED,
    (CommitmentState.EXPIRED, CommitmentEvent.ASK_AGAIN): CommitmentState.REQUESTED,
}


class Commitment(Base):
    """A request for storage commitment (PS3.4 J.3.2), and how it was answered."""

    __tablename__ = "storage_commitments"
    __table_args__ = (UniqueConstraint("device_id", "transaction_uid", "references_sha256"),)

    id: Mapped[str] = mapped_column(String(32), primary_key=True)
    org: Mapped[str] = mapped_column(String(64))
    institution_id: Mapped[str] = mapped_column(ForeignKey("institutions.id"))
    device_id: Mapped[str] = mapped_column(ForeignKey("devices.id"))
    transaction_uid: Mapped[str] = mapped_column(String(64))
    references_gz: Mapped[bytes] = mapped_column(LargeBinary)
    """SOP class and instance UID of each instance in order, as JSON, gzipped."""
    references_sha256: Mapped[str] = mapped_column(String(64))
    reference_count: Mapped[int]
    state: Mapped[CommitmentState] = mapped_column(String(16))
    failures: Mapped[list[list[int]] | None] = mapped_column(JSON(none_as_null=True))
    """Place in the list and failure reason of each instance we do not commit to."""
    first_requested_at: Mapped[datetime]
    requested_at: Mapped[datetime]
    """Last, where it was asked for again: its time runs from here."""
    attempts: Mapped[int]
    next_try_at: Mapped[datetime | None]
    """When it is due; none once it has ended. Who works on it puts it off first."""
    ended_at: Mapped[datetime | None]


Index("ix_storage_commitments_next_try", Commitment.next_try_at)
