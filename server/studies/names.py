"""Patients found by what somebody typed of their names.

A name's keys stand in a table of their own, once a name and not once a study: names come back, and
a name that many share is many studies. What is typed finds keys that begin so, keys find names,
names find studies, each by an index.
"""

from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass, replace
from typing import Any, Final

from sqlalchemy import ColumnElement, Select, and_, delete, exists, func, select
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import InstrumentedAttribute, aliased

from dicom.name_keys import keys_of, pattern_keys, typed_keys
from server.core.database import insert_unless_there
from server.studies.matching import person_name_condition
from server.studies.models import ArrivedPatient, NameKey, Study

_Column = InstrumentedAttribute[Any]
_FEW_NAMES: Final = 16_000
"""Of more, a list of the newest studies soon meets enough."""
_BEHIND_ALL: Final = "\U0010ffff"


async def remember_names(session: AsyncSession, names: Collection[str]) -> None:
    """Give names their keys, where they have none yet."""
    if not names:
        return
    known = await session.scalars(select(NameKey.name).where(NameKey.name.in_(names)).distinct())
    # In one order everywhere: two processes that write the same rows must not wait in a ring.
    rows = [
        {"key": key, "name": name}
        for name in sorted(set(names) - set(known))
        for key in sorted(keys_of(name))
    ]
    if rows:
        await session.execute(insert_unless_there(session, NameKey), rows)


async def forget_names(session: AsyncSession, names: Collection[str]) -> None:
    """Let names be found no more that no study has, nor would have again without a merge."""
    shown = exists().where(Study.patient_name == NameKey.name)
    arrived = exists().where(ArrivedPatient.patient_name == NameKey.name)
    await session.execute(
        delete(NameKey)
        .where(NameKey.name.in_(names), ~shown, ~arrived)
        .execution_options(synchronize_session=False)
    )


def typed_for(text: str, name: _Column) -> ColumnElement[bool] | None:
    """Return the condition that a name is one that ``text`` is typed for, None for no name."""
    keys = typed_keys(text)
    return _has_keys(keys, name) if keys else None


@dataclass(frozen=True)
class NameMatch:
    """What a search asks of the patient's name."""

    keys: tuple[str, ...]
    """With each of which a key of the name begins; never empty."""
    literal: Callable[[_Column], ColumnElement[bool]] | None = None
    """What the name must fulfil beside, where the keys only narrow."""

    def of(self, name: _Column) -> ColumnElement[bool]:
        """Return the condition on one name, for rows looked at one after another."""
        found = _has_keys(self.keys, name, one_by_one=True)
        return found if self.literal is None else and_(found, self.literal(name))

    def names(self) -> Select[str]:
        """Return the query of the names; one may come twice."""
        longest = max(self.keys, key=len)
        query = select(NameKey.name).where(_begins(NameKey.key, longest))
        if others := [key for key in self.keys if key != longest]:
            query = query.where(_has_keys(others, NameKey.name))
        return query if self.literal is None else query.where(self.literal(NameKey.name))

    async def are_few(self, session: AsyncSession) -> bool:
        """Tell whether so few names are found that it pays to go from them to their studies."""
        # By the keys alone: to hold each name against a pattern costs more than to count it.
        some = replace(self, literal=None).names().distinct().limit(_FEW_NAMES + 1).subquery()
        return (await session.scalar(select(func.count()).select_from(some)) or 0) <= _FEW_NAMES


def name_match(value: str, *, fuzzy: bool) -> NameMatch | None:
    """Return how a value finds names by their keys; None where it gives no key.

    Fuzzy semantic matching finds all that matches literally, too (PS3.18 8.3.4.2): a pattern whose
    first letters are unknown, or that leaves some out within, is matched literally alone.
    """
    core = value.strip("*")
    narrowing = pattern_keys(value)
    if fuzzy and not ("*" in core or "?" in core):
        keys = typed_keys(core)
        if keys and (not value.startswith("*") or narrowing == keys):
            return NameMatch(keys)
    if not narrowing:
        return None
    return NameMatch(narrowing, lambda name: person_name_condition(name, value))


def _begins(column: _Column, key: str) -> ColumnElement[bool]:
    return and_(column >= key, column < key + _BEHIND_ALL)


def _has_keys(
    keys: Sequence[str], name: _Column, *, one_by_one: bool = False
) -> ColumnElement[bool]:
    """Return the condition that a name has, for each of ``keys``, one that begins so.

    Asked ``one_by_one`` it is never turned around into a join that begins with the keys: the
    offset, which skips nothing, keeps PostgreSQL from it.
    """
    conditions = []
    for key in keys:
        one = aliased(NameKey)
        having = select(one.key).where(one.name == name, _begins(one.key, key))
        conditions.append((having.offset(0) if one_by_one else having).exists())
    return and_(*conditions)
