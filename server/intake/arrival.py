"""What arrives, what is learned from its bytes, and what the index says to it."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from pathlib import Path
from typing import Protocol

from sqlalchemy import ColumnElement

from dicom.attributes import IndexedAttributes
from server.audit.public import AuditRecord, Outcome
from server.core.database import Statement, UnitOfWork
from server.identity.public import Actor, act_of


class Verdict(StrEnum):
    """How intake answered; only the first two are a success to the sender."""

    STORED = "stored"
    DUPLICATE = "duplicate"
    CONFLICT = "conflict"
    """The SOP Instance UID is known with other bytes: quarantined."""
    FOREIGN = "foreign"
    """The study belongs to an institution that the sender does not speak for: quarantined."""
    DELETED = "deleted"
    """The study was deleted on purpose: nothing of it is kept."""
    REJECTED = "rejected"
    """It was taken out of use by a rejection note that says so for good: quarantined."""
    REFUSED = "refused"
    """Damaged, not DICOM, or contradicting its envelope: quarantined."""

    @property
    def kept(self) -> bool:
        """Whether the object is in the index and its bytes survive a power cut."""
        return self in {Verdict.STORED, Verdict.DUPLICATE}


class Accepted(StrEnum):
    """What a way in is for; anything else is refused."""

    DICOM = "dicom"
    EXAM = "exam"
    """DICOM of any kind, or an ECG in any format that is read."""
    ECG = "ecg"
    """An ECG, in DICOM or any other format that is read."""


@dataclass(frozen=True)
class Received:
    """Bytes that are synced in the spool, and who sent them."""

    sender: Actor
    object_id: str
    sha256: str
    size: int
    spool_id: str
    spool_name: str
    received_at: datetime


@dataclass(frozen=True)
class Prepared:
    """What the index needs of one instance, taken from its bytes once."""

    sop_class_uid: str
    sop_instance_uid: str
    study_instance_uid: str
    series_instance_uid: str
    transfer_syntax_uid: str
    dataset_offset: int
    dataset_blake3: str
    """Of the data set alone: the same instance may come in another file meta information."""
    attributes: IndexedAttributes
    frames: bytes | None
    metadata_json_gz: bytes
    bulk_values: Mapping[str, tuple[str, int, int]]
    """VR, offset and length of each value the metadata only refers to, by its path."""
    charset_repairs: tuple[str, ...]
    """The kinds of its false labels of text (see `dicom.charset.Repairs`)."""


@dataclass(frozen=True)
class Refusal:
    """Why an object cannot be taken, in a stable word and a sentence."""

    code: str
    detail: str
    sop_instance_uid: str | None = None


@dataclass(frozen=True)
class Source:
    """The file, as it arrived, that a DICOM object was made from; both are kept."""

    received: Received
    format: str


class Converter(Protocol):
    """Makes DICOM objects of what is none: ecg_records' `EcgConverter`."""

    async def convert(self, path: Path, into: Path) -> str | Refusal:
        """Write the DICOM twin of a file to ``into`` and return the file's format.

        The same file always becomes the same instance.

        Raises
        ------
        Unavailable
            If nothing can be said of the file now.
        """
        ...


@dataclass(frozen=True)
class Arrival:
    """One instance that asks to be indexed."""

    received: Received
    prepared: Prepared
    object_id: str
    """The object row that holds its bytes: its own, or an earlier one of the same digest."""


@dataclass(frozen=True)
class Indexed:
    """An arrival that is new to the index, with the keys of its rows."""

    arrival: Arrival
    study_pk: str
    series_pk: str
    instance_pk: str
    hidden: bool = False
    """A rejection note, or rejected before it came: nobody is to read it."""


@dataclass(frozen=True)
class Receipt:
    """What the sender is told."""

    verdict: Verdict
    code: str
    """A stable word for what happened."""
    detail: str
    sha256: str
    size: int
    content: Prepared | Refusal

    def audit_record(self, sender: Actor, action: str) -> AuditRecord:
        """Return the audit record of ``sender``'s having brought it."""
        return act_of(
            sender,
            action,
            outcome=Outcome.SUCCESS if self.verdict.kept else Outcome.REFUSED,
            object_kind="instance",
            object_id=self.content.sop_instance_uid,
            detail={"sha256": self.sha256, "code": self.code},
        )


class Indexer(Protocol):
    """The index above intake: it writes its rows in intake's own transaction."""

    async def index(self, uow: UnitOfWork, arrivals: Sequence[Arrival]) -> list[Verdict]:
        """Index ``arrivals`` in order and return for each any verdict but REFUSED.

        What is known, but damaged, is STORED: the index names the arrival's object from then on.
        Rows, events and audit records go into ``uow``; the caller commits.
        """
        ...

    def further(self, arrivals: Sequence[Arrival]) -> Sequence[Statement] | None:
        """Return the statements that index ``arrivals``, all of them new, without a look.

        None where they may need more: not all are further instances of series that this process
        knows. The statements refuse themselves where things are no longer as remembered, and
        `index` has the word.
        """
        ...


class Follower(Protocol):
    """A capability that keeps rows of its own about some instances, in the same transaction."""

    async def follow(self, uow: UnitOfWork, indexed: Sequence[Indexed]) -> None:
        """Write what belongs to instances that were just indexed."""
        ...

    async def replaced(self, uow: UnitOfWork, objects: Mapping[str, str]) -> None:
        """Name other objects from now on, by the ids of those that are damaged."""
        ...

    def wants(self, arrival: Arrival) -> bool:
        """Tell whether it must look at this instance even where its series is known already."""
        ...

    def further(self, indexed: Sequence[Indexed]) -> Sequence[Statement]:
        """Return what it writes of instances that it need not look at, before any event."""
        ...

    def waits_for(self, study_pk: ColumnElement[str]) -> ColumnElement[bool] | None:
        """Return what is true in the database of a study whose next instance it must follow."""
        ...
