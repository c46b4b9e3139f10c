"""Legal holds, and deletions that two people decide."""

from collections.abc import Mapping
from datetime import datetime
from enum import StrEnum
from typing import Final

from sqlalchemy import ForeignKey, Index, String
from sqlalchemy.orm import Mapped, mapped_column

from server.core.database import Base


class DeletionState(StrEnum):
    """Where a deletion stands."""

    REQUESTED = "requested"
    REJECTED = "rejected"
    WITHDRAWN = "withdrawn"
    APPROVED = "approved"
    """The study is hidden; until its bytes go it can be restored."""
    RESTORED = "restored"
    PURGING = "purging"
    PURGED = "purged"


class DeletionStep(StrEnum):
    """What is done to a deletion."""

    APPROVE = "approve"
    REJECT = "reject"
    WITHDRAW = "withdraw"
    RESTORE = "restore"
    PURGE = "purge"
    FINISH = "finish"


TRANSITIONS: Final[Mapping[tuple[DeletionState, DeletionStep], DeletionState]] = {
    (DeletionState.REQUESTED, DeletionStep.APPROVE): DeletionState.APPROVED,
    (DeletionState.REQUESTED, DeletionStep.REJECT): DeletionState.REJECTED,
    (DeletionState.REQUESTED, DeletionStep.WITHDRAW): DeletionState.WITHDRAWN,
    (DeletionState.APPROVED, DeletionStep.RESTORE): DeletionState.RESTORED,
    (DeletionState.APPROVED, DeletionStep.PURGE): DeletionState.PURGING,
    (DeletionState.PURGING, DeletionStep.FINISH): DeletionState.PURGED,
}

OPEN: Final = frozenset({DeletionState.REQUESTED, DeletionState.APPROVED, DeletionState.PURGING})
GONE: Final = frozenset({DeletionState.PURGING, DeletionState.PURGED})
"""The index has forgotten the study."""


class LegalHold(Base):
    """While it is not lifted, nothing it covers is deleted."""

    __tablename__ = "legal_holds"

    id: Mapped[str] = mapped_column(String(32), primary_key=True)
    org: Mapped[str] = mapped_column(String(64))
    study_pk: Mapped[str] = mapped_column(ForeignKey("studies.id"), index=True)
    whole_patient: Mapped[bool]
    """Whether it covers every study of that study's patient, those to come as well."""
    reason: Mapped[str] = mapped_column(String(500))
    placed_by: Mapped[str] = mapped_column(String(64))
    placed_at: Mapped[datetime]
    lifted_by: Mapped[str | None] = mapped_column(String(64))
    lifted_at: Mapped[datetime | None]
    lift_reason: Mapped[str | None] = mapped_column(String(500))


class Deletion(Base):
    """A study's deletion, from its request to the last byte."""

    __tablename__ = "deletions"

    id: Mapped[str] = mapped_column(String(32), primary_key=True)
    org: Mapped[str] = mapped_column(String(64))
    study_pk: Mapped[str] = mapped_column(ForeignKey("studies.id"), index=True)
    state: Mapped[DeletionState] = mapped_column(String(16))
    reason: Mapped[str] = mapped_column(String(500))
    requested_by: Mapped[str] = mapped_column(String(64))
    requested_at: Mapped[datetime]
    decided_by: Mapped[str | None] = mapped_column(String(64))
    decided_at: Mapped[datetime | None]
    decision_reason: Mapped[str | None] = mapped_column(String(500))
    purge_after: Mapped[datetime | None]
    purged_at: Mapped[datetime | None]


class PurgedObject(Base):
    """An object whose bytes go, or went, with a deletion."""

    __tablename__ = "purged_objects"

    deletion_id: Mapped[str] = mapped_column(ForeignKey("deletions.id"), primary_key=True)
    sha256: Mapped[str] = mapped_column(String(64), primary_key=True)
    series_pk: Mapped[str | None] = mapped_column(String(32))
    """Under which derived data of its series are kept."""
    sop_instance_uid: Mapped[str | None] = mapped_column(String(64))
    """None of a file that a DICOM object was made from."""


Index("ix_deletions_state_purge_after", Deletion.state, Deletion.purge_after)
