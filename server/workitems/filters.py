"""Which workitems a filtered subscription is of: match keys of a search (PS3.18 11.10.1.2)."""

from collections.abc import Iterable
from typing import Final
from urllib.parse import parse_qsl, urlencode

from sqlalchemy import ColumnElement

from dicom.web.query import QueryError, parse_query
from server.core.errors import InvalidInput
from server.workitems.search import conditions

_NO_KEYS: Final = frozenset({"deletionlock", "accept", "charset"})
_LONGEST: Final = 4096


def filter_of(parameters: Iterable[tuple[str, str]]) -> str:
    """Read the match keys of a subscription, checked, as they are kept.

    They stand in the parameter ``filter``, parted by commas; where no attribute begins after a
    comma, the list of values goes on. Editions up to 2019a have them as parameters (6.9.7).

    Raises
    ------
    InvalidInput
        If there is none, or workitems are not searched by one.
    """
    keys: list[tuple[str, str]] = []
    for name, value in parameters:
        if name == "filter":
            keys += _parted(value)
        elif name not in _NO_KEYS:
            keys.append((name, value))
    kept = urlencode(keys)
    if not keys or len(kept) > _LONGEST:
        raise InvalidInput(
            "a filter names what to match, such as filter=ScheduledProcedureStepPriority=HIGH, "
            f"in at most {_LONGEST} characters",
            code="bad-filter",
        )
    conditions_of(kept)
    return kept


def conditions_of(kept: str) -> list[ColumnElement[bool]]:
    """Return a kept filter's conditions on requests, their studies and workitems.

    Raises
    ------
    InvalidInput
        If it is none.
    """
    try:
        return conditions(parse_query(parse_qsl(kept, keep_blank_values=True)))
    except QueryError as error:
        raise InvalidInput(str(error), code="bad-query") from error


def _parted(text: str) -> list[tuple[str, str]]:
    found: list[tuple[str, str]] = []
    for piece in text.split(","):
        name, equals, value = piece.partition("=")
        if equals:
            found.append((name.strip(), value))
        elif found:
            found[-1] = (found[-1][0], f"{found[-1][1]},{piece}")
        else:
            raise InvalidInput("a filter begins with an attribute and =", code="bad-filter")
    return found
