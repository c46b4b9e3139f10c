"""Institutions: who belongs to whom."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from typing import Final

from sqlalchemy import select
from sqlalchemy.exc import IntegrityError
from sqlalchemy.ext.asyncio import AsyncSession

from server.audit.public import AuditTrail
from server.core.clock import Clock
from server.core.database import Database
from server.core.errors import Conflict, InvalidInput, NotFound
from server.core.ids import Ids
from server.identity.actors import Actor, InstitutionRef, act_of
from server.identity.models import Institution, Level, Ownership

_RANK: Final = {level: rank for rank, level in enumerate(Level)}
# Village to province is five steps, and steps of the same level are few.
_MAX_DEPTH: Final = 16


@dataclass(frozen=True)
class NewInstitution:
    """An institution to be made."""

    org: str
    code: str
    name_zh: str
    name_en: str
    level: Level
    ownership: Ownership = Ownership.PUBLIC
    parent_id: str | None = None


class InstitutionService:
    """Makes and finds institutions; also the `InstitutionDirectory` of the others."""

    def __init__(self, *, database: Database, trail: AuditTrail, clock: Clock, ids: Ids) -> None:
        self._database = database
        self._trail = trail
        self._clock = clock
        self._ids = ids

    async def create(self, new: NewInstitution, *, by: Actor | None = None) -> str:
        """Make an institution and return its id; ``by`` None is the operator.

        Raises
        ------
        InvalidInput
            If a field is empty or the parent is of another community or of a lower level.
        Conflict
            If the community has an institution of this code already.
        """
        if not all(field.strip() for field in (new.org, new.code, new.name_zh, new.name_en)):
            raise InvalidInput("an institution needs a community, a code and names")
        async with self._database.unit_of_work() as uow:
            if new.parent_id is not None:
                await _check_parent(uow.session, new, new.parent_id)
            institution = Institution(
                id=self._ids.new(),
                org=new.org.strip(),
                code=new.code.strip(),
                parent_id=new.parent_id,
                name_zh=new.name_zh.strip(),
                name_en=new.name_en.strip(),
                level=new.level,
                ownership=new.ownership,
                created_at=self._clock.now(),
            )
            uow.session.add(institution)
            try:
                await uow.session.flush()
            except IntegrityError as error:
                raise Conflict(
                    f"the community has an institution {new.code} already", code="code-taken"
                ) from error
            record = act_of(
                by,
                "institution.create",
                org=institution.org,
                object_kind="institution",
                object_id=institution.id,
                detail={"code": institution.code, "level": new.level.value},
            )
            self._trail.record(uow, record)
            await uow.commit()
        return institution.id

    async def list(self, org: str) -> Sequence[Institution]:
        """Return the institutions of a community by code."""
        async with self._database.reading() as session:
            found = await session.scalars(
                select(Institution).where(Institution.org == org).order_by(Institution.code)
            )
            return found.all()

    async def get(self, org: str, code: str) -> Institution:
        """Return the institution of this code.

        Raises
        ------
        NotFound
            If the community has none.
        """
        async with self._database.reading() as session:
            found = await session.scalar(
                select(Institution).where(Institution.org == org, Institution.code == code)
            )
        if found is None:
            raise NotFound("the community has no such institution")
        return found

    async def id_of(self, org: str, code: str) -> str:
        """Return the id of the institution of this code; else as `get`."""
        return (await self.get(org, code)).id

    async def county_of(
        self, institution_id: str, within: AsyncSession | None = None
    ) -> InstitutionRef | None:
        """Return the nearest institution of level county, itself or above, if there is one."""
        async with self._database.reading(within) as session:
            next_id: str | None = institution_id
            for _ in range(_MAX_DEPTH):
                found = await session.get(Institution, next_id) if next_id is not None else None
                if found is None:
                    return None
                if found.level == Level.COUNTY:
                    return InstitutionRef(found.id, found.name_zh, found.name_en)
                next_id = found.parent_id
        return None

    async def refs(
        self, ids: Collection[str], within: AsyncSession | None = None
    ) -> dict[str, InstitutionRef]:
        """Return how to show each institution that exists."""
        if not ids:
            return {}
        async with self._database.reading(within) as session:
            rows = await session.execute(
                select(Institution.id, Institution.name_zh, Institution.name_en).where(
                    Institution.id.in_(set(ids))
                )
            )
            return {row.id: InstitutionRef(row.id, row.name_zh, row.name_en) for row in rows}


async def _check_parent(session: AsyncSession, new: NewInstitution, parent_id: str) -> None:
    parent = await session.get(Institution, parent_id)
    if parent is None or parent.org != new.org.strip():
        raise InvalidInput("the parent is no institution of this community", code="bad-parent")
    if _RANK[Level(parent.level)] < _RANK[new.level]:
        raise InvalidInput("the parent is of a lower level", code="bad-parent")
