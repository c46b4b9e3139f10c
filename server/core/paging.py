"""Keyset paging: a cursor is the key of the last row seen, so pages neither skip nor repeat."""

import base64
import binascii
from dataclasses import dataclass
from datetime import UTC, datetime

from sqlalchemy import ColumnElement, literal, true, tuple_
from sqlalchemy.orm import InstrumentedAttribute

from server.core.errors import InvalidInput


@dataclass(frozen=True)
class Cursor:
    """The key of the last row of a page that is ordered by time and id, newest first."""

    at: datetime
    id: str

    def encode(self) -> str:
        """Return the cursor as an opaque word for a URL."""
        return base64.urlsafe_b64encode(f"{self.at.isoformat()} {self.id}".encode()).decode()


def behind(
    before: Cursor | None, at: InstrumentedAttribute[datetime], row_id: InstrumentedAttribute[str]
) -> ColumnElement[bool]:
    """Return the condition on rows that come behind a cursor; on all of them without one.

    It compares a row's place as one, which an index answers.
    """
    if before is None:
        return true()
    place = tuple_(literal(before.at, at.type), literal(before.id, row_id.type))
    return tuple_(at, row_id) < place


def decode_cursor(word: str | None) -> Cursor | None:
    """Return the cursor of a word that `Cursor.encode` made, None for None.

    Raises
    ------
    InvalidInput
        For any other word.
    """
    if word is None:
        return None
    try:
        at, _, row_id = (
            base64.urlsafe_b64decode(word.encode("ascii")).decode("ascii").partition(" ")
        )
        moment = datetime.fromisoformat(at)
        utc = moment.astimezone(UTC)
    except (ValueError, OverflowError, UnicodeError, binascii.Error):
        raise InvalidInput("the paging cursor is not one of ours", code="bad-cursor") from None
    if moment.tzinfo is None or not row_id.isalnum():
        raise InvalidInput("the paging cursor is not one of ours", code="bad-cursor")
    return Cursor(utc, row_id)
