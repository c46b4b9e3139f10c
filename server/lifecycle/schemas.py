"""Wire types of retention, holds and deletions."""

from datetime import date
from typing import Annotated

from pydantic import BaseModel, Field

from server.core.wire import UtcTime
from server.lifecycle.models import DeletionState
from server.studies.public import RetentionClass, StudyOut

Reason = Annotated[str, Field(min_length=2, max_length=500)]


class QuarantinedOut(BaseModel):
    """An object that was refused and is kept for review."""

    id: str
    received_at: UtcTime
    institution_id: str
    """The one whose device or person sent it."""
    source: str
    reason: str
    detail: str
    sop_instance_uid: str | None
    size: int | None
    """None where only its digest was kept."""


class QuarantinePage(BaseModel):
    """One page of the quarantine, newest first."""

    items: list[QuarantinedOut]
    next: str | None


class HoldOut(BaseModel):
    """A legal hold."""

    id: str
    study_pk: str
    whole_patient: bool
    reason: str
    placed_by: str
    placed_at: UtcTime
    lifted_by: str | None
    lifted_at: UtcTime | None
    lift_reason: str | None


class DeletionOut(BaseModel):
    """A deletion as it stands."""

    id: str
    study_pk: str
    state: DeletionState
    reason: str
    requested_by: str
    requested_at: UtcTime
    decided_by: str | None
    decided_at: UtcTime | None
    decision_reason: str | None
    purge_after: UtcTime | None
    purged_at: UtcTime | None


class ListedDeletionOut(DeletionOut):
    """A deletion as lists show it: of what, and who decides."""

    study: StudyOut
    """Of a purged one only its UID is left."""
    requested_by_name: str | None
    decided_by_name: str | None


class DeletionPage(BaseModel):
    """A page of deletions, newest first."""

    items: list[ListedDeletionOut]
    next: str | None


class LifecycleOut(BaseModel):
    """How long a study is kept, and what stands in the way of its deletion."""

    study_id: str
    retention_class: RetentionClass
    last_visit: date
    """Of its patient."""
    retained_until: date
    holds: list[HoldOut]
    """In force."""
    deletions: list[DeletionOut]
    is_hidden: bool
    """Deleted, though perhaps not for good yet."""
    cold_since: UtcTime | None
    """When its objects were moved to the cold store."""


class KeptStudyOut(BaseModel):
    """A study, and what was decided on its keeping."""

    study: StudyOut
    lifecycle: LifecycleOut
    holders: dict[str, str]
    """Names of the people who placed its holds, by id."""


class KeptStudyPage(BaseModel):
    """A page of the studies of a patient's record, newest first, deleted ones as well."""

    items: list[KeptStudyOut]
    next: str | None


class RetentionIn(BaseModel):
    """The class a study is kept by, and why."""

    retention_class: RetentionClass
    reason: Reason


class HoldIn(BaseModel):
    """Whom a hold covers, and why."""

    reason: Reason
    whole_patient: bool = False


class ReasonIn(BaseModel):
    """Why."""

    reason: Reason
