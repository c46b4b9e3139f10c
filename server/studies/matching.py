"""Matches of searches (PS3.4 C.2.2.2, PS3.18 8.3.4.1) as SQL conditions.

Text with wildcards and person names match without regard to case, everything else exactly.
"""

from datetime import date, time
from itertools import product
from typing import Any, Final, Protocol, assert_never

from sqlalchemy import ColumnElement, and_, or_, true
from sqlalchemy.orm import InstrumentedAttribute

from dicom.web.query import AnyOf, Exact, Match, Range, Universal, Wildcard
from server.core.errors import InvalidInput
from server.studies.attributes import AttributeKind

_Column = InstrumentedAttribute[Any] | ColumnElement[Any]
_ESCAPE: Final = "!"
_LONGEST: Final = 256
_LARGEST: Final = 1 << 63
_MOST_GROUPS: Final = 3
"""Of a person's name (PS3.5 6.2.1.2)."""


class Attribute(Protocol):
    """What is searched: a column, and how it is compared."""

    @property
    def column(self) -> InstrumentedAttribute[Any] | ColumnElement[Any]:
        """The column that holds it."""
        ...

    @property
    def kind(self) -> AttributeKind:
        """How it is compared."""
        ...


def condition(attribute: Attribute, match: Match) -> ColumnElement[bool]:
    """Return the SQL condition for a key and what it shall match.

    Raises
    ------
    InvalidInput
        If the value cannot be one of that attribute.
    """
    column: _Column = attribute.column
    match match:
        case Universal():
            return true()
        case Range(low, high):
            bounds = [column >= low] if low is not None else []
            bounds += [column <= high] if high is not None else []
            return and_(true(), *bounds)
        case AnyOf(values):
            if attribute.kind is AttributeKind.UID:
                return column.in_(values)
            return or_(*(_one(attribute, value) for value in values))
        case Exact(value) | Wildcard(value):
            return _one(attribute, value)
        case _ as unreachable:
            assert_never(unreachable)


def period(day: _Column, at: _Column, days: Range, times: Range) -> list[ColumnElement[bool]]:
    """Return the SQL conditions of one period, from its first day's time to its last day's."""
    conditions: list[ColumnElement[bool]] = []
    if isinstance(days.low, date):
        first = times.low if isinstance(times.low, time) else time.min
        conditions.append(or_(day > days.low, and_(day == days.low, at >= first)))
    if isinstance(days.high, date):
        last = times.high if isinstance(times.high, time) else time.max
        conditions.append(or_(day < days.high, and_(day == days.high, at <= last)))
    return conditions


def plain_value(attribute: Attribute, value: str) -> str | int | None:
    """Return what the column has to equal; None where it is compared otherwise.

    Raises
    ------
    InvalidInput
        As `condition`.
    """
    if len(value) > _LONGEST or "\0" in value:
        raise InvalidInput("a value to match is too long, or no text", code="bad-match")
    match attribute.kind:
        case AttributeKind.NUMBER:
            return _integer(value)
        case AttributeKind.UID:
            return value
        case AttributeKind.TEXT if "*" not in value and "?" not in value:
            return value
        case _:
            return None


def _one(attribute: Attribute, value: str) -> ColumnElement[bool]:
    plain = plain_value(attribute, value)
    column: _Column = attribute.column
    if plain is not None:
        return column == plain
    match attribute.kind:
        case AttributeKind.PERSON_NAME:
            return person_name_condition(column, value)
        case AttributeKind.SET:
            return column.ilike(f"%\\{_like(value)}\\%", escape=_ESCAPE)
        case AttributeKind.TEXT:
            return column.ilike(_like(value), escape=_ESCAPE)
        case _:
            return column == value


def person_name_condition(column: _Column, value: str) -> ColumnElement[bool]:
    """Match the whole name, or any one of its groups between equals signs (PS3.5 6.2.1).

    Empty components and groups at an end may be left out with their delimiters: a name without a
    middle name is found by ``Zhang^San^`` and ``Zhang^*^*``, too.
    """
    patterns = []
    for name in _written(value, "="):
        around = ("{}",) if "=" in name else ("{}", "{}=%", "%={}", "%={}=%")
        groups = [_written(group, "^") for group in name.split("=", _MOST_GROUPS - 1)]
        for each in product(*groups):
            pattern = _like("=".join(each))
            patterns += [place.format(pattern) for place in around]
    return or_(*(column.ilike(each, escape=_ESCAPE) for each in dict.fromkeys(patterns)))


def _written(text: str, delimiter: str) -> list[str]:
    """Return how what a pattern finds may be written: with its last, open parts or without."""
    parts = text.rstrip(delimiter).split(delimiter)
    kept = len(parts)
    while kept > 1 and parts[kept - 1] == "*":
        kept -= 1
    begun = delimiter.join(parts[:kept])
    if kept == len(parts) or not begun.rstrip(delimiter):
        return [delimiter.join(parts)]
    return [begun.rstrip(delimiter), f"{begun}{delimiter}*"]


def _like(value: str) -> str:
    """Turn DICOM's wildcards into SQL's, and SQL's into plain characters."""
    for char in (_ESCAPE, "%", "_"):
        value = value.replace(char, _ESCAPE + char)
    return value.replace("*", "%").replace("?", "_")


def _integer(text: str) -> int:
    try:
        number = int(text)
    except ValueError:
        raise InvalidInput("a whole number is wanted", code="bad-match") from None
    if abs(number) >= _LARGEST:
        raise InvalidInput("the number is too large", code="bad-match")
    return number
