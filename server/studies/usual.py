"""Searches by plain values and periods: few kinds, whose queries are made once.

To build a query costs more than to run it. Names, lists, wildcards and what only an instance's
metadata can answer are built for each search (`search`).
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from functools import lru_cache
from typing import Any, Final, assert_never

from sqlalchemy import ColumnElement, Integer, Select, and_, bindparam, func, select, true
from sqlalchemy.orm import InstrumentedAttribute

from dicom.web.query import AnyOf, Exact, Match, Range, Universal, Wildcard
from server.core.database import UtcDateTime
from server.core.paging import Cursor
from server.studies.attributes import ATTRIBUTES, Attribute, Level, is_key, of_patient
from server.studies.matching import plain_value
from server.studies.models import Instance, Series, Study
from server.studies.narrowing import behind_place
from server.studies.visibility import VISIBLE

_ORDER: Final = (
    Study.received_at.desc(),
    Study.id.desc(),
    Series.series_number,
    Series.id,
    Instance.instance_number,
    Instance.id,
)
# What a rejection note took out of use is found by nobody.
_SHOWN: Final = {
    Level.PATIENT: Study.instance_count > 0,
    Level.STUDY: Study.instance_count > 0,
    Level.SERIES: Series.instance_count > 0,
    Level.INSTANCE: Instance.rejected_as.is_(None),
}
_KINDS_KEPT: Final = 128


class _Form(StrEnum):
    """How a column is compared."""

    ANY = "any"
    IS = "is"
    SINCE = "since"
    UNTIL = "until"
    BETWEEN = "between"


_RANGES: Final = {
    (False, False): _Form.ANY,
    (True, False): _Form.SINCE,
    (False, True): _Form.UNTIL,
    (True, True): _Form.BETWEEN,
}


@dataclass(frozen=True)
class Kind:
    """What searches have in common that differ in their values alone."""

    level: Level
    answered: tuple[str, ...]
    """Keywords of the columns."""
    forms: tuple[tuple[str, _Form], ...]
    in_study: bool
    in_series: bool
    goes_on: bool
    """Whether it begins behind a study of an earlier page."""


def matched(
    matches: Mapping[str, Match], level: Level
) -> tuple[tuple[tuple[str, _Form], ...], dict[str, Any]] | None:
    """Return how each key is compared, and with what; None where that is of no usual kind.

    Raises
    ------
    InvalidInput
        If a value cannot be one of its attribute.
    """
    forms: list[tuple[str, _Form]] = []
    values: dict[str, Any] = {}
    for keyword, match in matches.items():
        if not is_key(keyword, level):
            continue
        found = _form(ATTRIBUTES[keyword], match)
        if found is None:
            return None
        form, compared = found
        forms.append((keyword, form))
        values |= dict(zip(_names(keyword), compared, strict=False))
    return tuple(forms), values


def laid_out(
    level: Level,
    keywords: Iterable[str],
    conditions: Sequence[ColumnElement[bool]],
    *,
    offset: int | ColumnElement[int],
    limit: int | ColumnElement[int],
    beside: Sequence[ColumnElement[Any]] = (),
) -> Select[*tuple[Any, ...]]:
    """Return the query of what a level answers with: its own rows and those above, in order.

    It holds the attributes of ``keywords``, of studies the place of the next page, and ``beside``.
    It is run with the values of `reach_of`.
    """
    if level is Level.PATIENT:
        return _of_patients(keywords, conditions, offset, limit)
    columns: list[Any] = [ATTRIBUTES[keyword].column for keyword in keywords]
    if level is Level.STUDY:
        columns += [Study.received_at, Study.id]
    query = VISIBLE.with_only_columns(*columns, *beside).select_from(Study)
    if level >= Level.SERIES:
        query = query.join(Series, Series.study_pk == Study.id)
    if level is Level.INSTANCE:
        query = query.join(Instance, Instance.series_pk == Series.id)
    query = query.where(_SHOWN[level], *conditions)
    return query.order_by(*_ORDER[: 2 * level]).offset(offset).limit(limit)


def _of_patients(
    keywords: Iterable[str],
    conditions: Sequence[ColumnElement[bool]],
    offset: int | ColumnElement[int],
    limit: int | ColumnElement[int],
) -> Select[*tuple[Any, ...]]:
    """Return the query of each patient of whom a study matches, once.

    Studies of one patient may say more or less of them. A page is chosen first, so that only its
    patients' other studies are read.
    """
    last = func.max(Study.received_at).label("last")
    page = (
        VISIBLE.with_only_columns(Study.patient_pk, last)
        .where(_SHOWN[Level.PATIENT], *conditions)
        .group_by(Study.patient_pk)
        .order_by(last.desc(), Study.patient_pk.desc())
        .offset(offset)
        .limit(limit)
        .subquery()
    )
    columns = [of_patient(ATTRIBUTES[keyword], page.c.patient_pk) for keyword in keywords]
    return select(*columns).select_from(page).order_by(page.c.last.desc(), page.c.patient_pk.desc())


@lru_cache(maxsize=_KINDS_KEPT)
def query_of(kind: Kind) -> Select[*tuple[Any, ...]]:
    """Make the query of a kind of search, with its values as bound parameters."""
    conditions = [_condition(keyword, form) for keyword, form in kind.forms]
    if kind.in_study:
        conditions.append(Study.study_instance_uid == bindparam("within_study"))
    if kind.in_series:
        conditions.append(Series.series_instance_uid == bindparam("within_series"))
    if kind.goes_on:
        conditions.append(
            behind_place(bindparam("after_at", type_=UtcDateTime()), bindparam("after_id"))
        )
    return laid_out(
        kind.level,
        kind.answered,
        conditions,
        offset=bindparam("offset", type_=Integer()),
        limit=bindparam("limit", type_=Integer()),
    )


def page_values(
    within: Sequence[str | None], after: Cursor | None, *, offset: int, limit: int
) -> dict[str, Any]:
    """Return the values of what a query has beside its matches."""
    values: dict[str, Any] = {"offset": offset, "limit": limit}
    values |= {
        name: uid
        for name, uid in zip(("within_study", "within_series"), within, strict=True)
        if uid
    }
    if after is not None:
        values |= {"after_at": after.at, "after_id": after.id}
    return values


def _form(attribute: Attribute, match: Match) -> tuple[_Form, tuple[Any, ...]] | None:
    match match:
        case Universal():
            return _Form.ANY, ()
        case _ if not isinstance(attribute.column, InstrumentedAttribute):
            return None
        case Exact(value):
            plain = plain_value(attribute, value)
            return None if plain is None else (_Form.IS, (plain,))
        case Range(low, high):
            return _RANGES[low is not None, high is not None], (low, high)
        case AnyOf() | Wildcard():
            return None
        case _ as unreachable:
            assert_never(unreachable)


def _condition(keyword: str, form: _Form) -> ColumnElement[bool]:
    column = ATTRIBUTES[keyword].column
    first, second = (bindparam(name, type_=column.type) for name in _names(keyword))
    match form:
        case _Form.ANY:
            return true()
        case _Form.IS:
            return column == first
        case _Form.SINCE:
            return column >= first
        case _Form.UNTIL:
            return column <= second
        case _Form.BETWEEN:
            return and_(column >= first, column <= second)
        case _ as unreachable:
            assert_never(unreachable)


def _names(keyword: str) -> tuple[str, str]:
    name = keyword.replace(".", "_")
    return f"{name}_first", f"{name}_second"
