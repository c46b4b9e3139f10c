"""What waits for the county, what it said to each object, and how the line is."""

from collections.abc import Mapping
from datetime import datetime
from enum import IntEnum, StrEnum
from typing import Final

from sqlalchemy import BigInteger, ForeignKey, Index, String
from sqlalchemy.orm import Mapped, mapped_column

from server.core.database import Base


class OutboundState(StrEnum):
    """Where an object is on its way."""

    WAITING = "waiting"
    """Kept here; to be sent."""
    CONFIRMED = "confirmed"
    """The county keeps it, and said the digest of what it got."""
    REFUSED = "refused"
    """The county will not have it, or it is damaged here: somebody must look."""


class OutboundEvent(StrEnum):
    """What moves an object on."""

    CONFIRM = "confirm"
    REFUSE = "refuse"
    SEND_AGAIN = "send-again"


TRANSITIONS: Final[Mapping[tuple[OutboundState, OutboundEvent], OutboundState]] = {
    (OutboundState.WAITING, OutboundEvent.CONFIRM): OutboundState.CONFIRMED,
    (OutboundState.WAITING, OutboundEvent.REFUSE): OutboundState.REFUSED,
    (OutboundState.REFUSED, OutboundEvent.SEND_AGAIN): OutboundState.WAITING,
    # A device that sends again wants it to be there, whatever it was told.
    (OutboundState.CONFIRMED, OutboundEvent.SEND_AGAIN): OutboundState.WAITING,
}


class Rank(IntEnum):
    """Who goes first; within a rank see `Queue`."""

    EMERGENCY = 0
    """Every ECG, and what a device or the staff marked."""
    ROUTINE = 1
    REPEAT = 2
    """Sent again by its device after the county had confirmed it."""


class Outbound(Base):
    """One object on its way to the county. The row commits with the object's own."""

    __tablename__ = "outbound"

    number: Mapped[int] = mapped_column(primary_key=True, autoincrement=True)
    """Counts arrivals: their order does not hang on a clock."""
    sop_instance_uid: Mapped[str] = mapped_column(String(64), unique=True)
    dataset_blake3: Mapped[str | None] = mapped_column(String(64))
    """None of what older versions received: only the county can tell whether it is the same."""
    study_instance_uid: Mapped[str] = mapped_column(String(64))
    modality: Mapped[str | None] = mapped_column(String(16))
    patient_id: Mapped[str | None] = mapped_column(String(64))
    patient_name: Mapped[str | None] = mapped_column(String(256))
    source: Mapped[str] = mapped_column(String(128))
    """Which device or folder it came from."""
    size: Mapped[int] = mapped_column(BigInteger)
    rank: Mapped[int]
    state: Mapped[OutboundState] = mapped_column(String(16))
    object_id: Mapped[str | None] = mapped_column(ForeignKey("objects.id"))
    """Absent once the county confirmed it and its time here is over."""
    compressed_object_id: Mapped[str | None] = mapped_column(ForeignKey("objects.id"))
    compression: Mapped[str | None] = mapped_column(String(32))
    """Which codec it goes by, or why it goes as it is; absent before it was looked at."""
    upload_path: Mapped[str | None] = mapped_column(String(255))
    """The upload that was begun at the county, which is carried on and not begun anew."""
    attempts: Mapped[int]
    answer: Mapped[str | None] = mapped_column(String(64))
    """The county's last word on it, in its stable code."""
    answer_detail: Mapped[str | None] = mapped_column(String(500))
    received_at: Mapped[datetime]
    confirmed_at: Mapped[datetime | None]


class Line(Base):
    """How the line to the county is: one row."""

    __tablename__ = "gateway_line"

    id: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    contacted_at: Mapped[datetime | None]
    """When the county last answered as it should."""
    fault: Mapped[str | None] = mapped_column(String(32))
    fault_detail: Mapped[str | None] = mapped_column(String(500))
    fault_since: Mapped[datetime | None]
    bytes_per_s: Mapped[int | None] = mapped_column(BigInteger)
    """Measured on the last chunks."""


Index("ix_outbound_state_rank_number", Outbound.state, Outbound.rank, Outbound.number)
Index("ix_outbound_state_rank_size", Outbound.state, Outbound.rank, Outbound.size)
