"""What a list is asked for, and the order and pages it comes in."""

import base64
import binascii
from dataclasses import dataclass
from datetime import UTC, datetime
from enum import StrEnum

from sqlalchemy import ColumnElement, Select, and_, exists, or_

from server.core.errors import InvalidInput
from server.requests.models import DiagnosisRequest, RequestKind, Risk
from server.studies.public import Study, typed_for


class View(StrEnum):
    """Which requests to list."""

    OPEN = "open"
    """Everything still to be read, whoever holds it."""
    MINE = "mine"
    """What I hold."""
    REVIEW = "review"
    """What waits for a second person's signature."""
    RETURNED = "returned"
    """What waits for the examining side."""
    DONE = "done"
    """What is closed, the newest first."""


@dataclass(frozen=True)
class Place:
    """Where a page ends: the key of its last row."""

    priority: int
    at: datetime
    id: str

    def encode(self) -> str:
        """Return it as an opaque word for a URL."""
        text = f"{self.priority} {self.at.isoformat()} {self.id}"
        return base64.urlsafe_b64encode(text.encode()).decode()


def decode_place(word: str | None) -> Place | None:
    """Return the place of a word that `Place.encode` made, None for None.

    Raises
    ------
    InvalidInput
        For any other word.
    """
    if word is None:
        return None
    try:
        priority, at, row_id = (
            base64.urlsafe_b64decode(word.encode("ascii")).decode("ascii").split(" ")
        )
        moment = datetime.fromisoformat(at)
        place = Place(int(priority), moment.astimezone(UTC), row_id)
        ours = moment.tzinfo is not None and row_id.isalnum() and 0 <= place.priority < len(Risk)
    except (ValueError, OverflowError, UnicodeError, binascii.Error):
        ours, place = False, None
    if not ours:
        raise InvalidInput("the paging cursor is not one of ours", code="bad-cursor")
    return place


@dataclass(frozen=True)
class Sought:
    """What somebody looks for."""

    view: View = View.OPEN
    kind: RequestKind | None = None
    risk: Risk | None = None
    institution_id: str | None = None
    """Who examined."""
    ringing: bool = False
    """Only what rings, the newest first: a new alarm is never behind old ones."""
    text: str | None = None
    """A name as people type it, or the beginning of a patient id or an accession number."""


def ordered(
    query: Select[DiagnosisRequest], sought: Sought, after: Place | None
) -> Select[DiagnosisRequest]:
    """Put what is sought into its order, behind a place."""
    priority, due_at, closed_at, id_ = (
        DiagnosisRequest.priority,
        DiagnosisRequest.due_at,
        DiagnosisRequest.closed_at,
        DiagnosisRequest.id,
    )
    if sought.ringing or sought.view is View.DONE:
        at = DiagnosisRequest.received_at if sought.ringing else closed_at
        if after is not None:
            query = query.where(or_(at < after.at, and_(at == after.at, id_ < after.id)))
        return query.order_by(at.desc(), id_.desc())
    if after is not None:
        same_priority = or_(due_at > after.at, and_(due_at == after.at, id_ > after.id))
        query = query.where(
            or_(priority > after.priority, and_(priority == after.priority, same_priority))
        )
    return query.order_by(priority, due_at, id_)


def place_of(request: DiagnosisRequest, sought: Sought) -> Place:
    """Return where a page that ends with ``request`` ends."""
    at = request.closed_at if sought.view is View.DONE else None
    if sought.ringing:
        at = request.received_at
    return Place(request.priority, at or request.due_at, request.id)


def study_carries(text: str) -> ColumnElement[bool]:
    """Return the condition that a request's study has a text in its name, or begins a number so.

    Names are found as people type them: 张三, 三, zhang san, zhangsan, zs (`dicom.name_keys`).
    """
    conditions = [
        Study.patient_id.istartswith(text, autoescape=True),
        Study.accession_number.istartswith(text, autoescape=True),
    ]
    if (named := typed_for(text, Study.patient_name)) is not None:
        conditions.append(named)
    # Asked of each request in view: the archive is never read through for a list of today.
    return exists().where(Study.id == DiagnosisRequest.study_pk, or_(*conditions))
