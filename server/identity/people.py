"""People: their roles, licences and passwords."""

import unicodedata
from collections.abc import Collection
from dataclasses import dataclass
from datetime import date, datetime
from typing import Final

from sqlalchemy import select, update
from sqlalchemy.exc import IntegrityError
from sqlalchemy.ext.asyncio import AsyncSession

from server.audit.public import AuditTrail
from server.core.clock import Clock
from server.core.database import Database
from server.core.errors import Conflict, InvalidInput, NotFound
from server.core.ids import Ids
from server.identity.actors import Actor, PersonRef, act_of
from server.identity.models import Institution, Person, PersonRole, Role, Session
from server.identity.passwords import Passwords

# Who must be a registered physician (执业医师) to do what the role does. A village doctor
# (乡村医生) is registered under another rule and signs no report.
PHYSICIANS: Final = frozenset(
    {
        Role.TOWNSHIP_DOCTOR,
        Role.COUNTY_READER,
        Role.COUNTY_REVIEWER,
        Role.COUNTY_DUTY,
        Role.CATH_TEAM,
        Role.STROKE_TEAM,
        Role.CHIEF_ON_DUTY,
        Role.EMERGENCY_DOCTOR,
        Role.CITY_EXPERT,
    }
)
_LOGIN_CHARACTERS: Final = 64


@dataclass(frozen=True)
class Licence:
    """A physician's licence (医师执业证书)."""

    number: str
    scope: str
    valid_until: date | None = None


@dataclass(frozen=True)
class NewPerson:
    """A person to be made."""

    institution_id: str
    login: str
    display_name: str
    roles: frozenset[Role]
    licence: Licence | None = None
    signs_independently: bool = False


@dataclass(frozen=True)
class Signatory:
    """A person as a signing policy looks at them."""

    id: str
    display_name: str
    institution_id: str
    roles: frozenset[Role]
    licence_number: str | None
    licence_valid_until: date | None
    """The last day; None: without an end."""
    signs_independently: bool


class PeopleService:
    """Makes people, sets their passwords, disables them; says who may sign."""

    def __init__(
        self,
        *,
        database: Database,
        trail: AuditTrail,
        clock: Clock,
        ids: Ids,
        passwords: Passwords,
    ) -> None:
        self._database = database
        self._trail = trail
        self._clock = clock
        self._ids = ids
        self._passwords = passwords

    async def create(
        self, new: NewPerson, *, password: str | None = None, by: Actor | None = None
    ) -> str:
        """Make a person and return the id; without a password nobody can sign in as them yet.

        Raises
        ------
        InvalidInput
            If a field is empty, there is no role, the institution is unknown, or a licence or the
            right to sign is given to somebody whose roles are no physician's.
        Conflict
            If the login is taken.
        """
        login = normal_login(new.login)
        self._check(new, login)
        hashed = await self._passwords.hash(password) if password is not None else None
        async with self._database.unit_of_work() as uow:
            institution = await uow.session.get(Institution, new.institution_id)
            if institution is None or (by is not None and by.org != institution.org):
                raise InvalidInput("there is no such institution", code="bad-institution")
            person = Person(
                id=self._ids.new(),
                institution_id=new.institution_id,
                login=login,
                display_name=new.display_name.strip(),
                password_hash=hashed,
                licence_number=new.licence.number if new.licence else None,
                licence_scope=new.licence.scope if new.licence else None,
                licence_valid_until=new.licence.valid_until if new.licence else None,
                signs_independently=new.signs_independently,
                created_at=self._clock.now(),
                disabled_at=None,
            )
            uow.session.add(person)
            try:
                await uow.session.flush()
            except IntegrityError as error:
                raise Conflict("the login is taken", code="login-taken") from error
            uow.session.add_all(PersonRole(person_id=person.id, role=role) for role in new.roles)
            self._trail.record(
                uow,
                act_of(
                    by,
                    "person.create",
                    org=institution.org,
                    object_kind="person",
                    object_id=person.id,
                    detail={
                        "login": login,
                        "roles": sorted(role.value for role in new.roles),
                        "signs_independently": new.signs_independently,
                    },
                ),
            )
            await uow.commit()
        return person.id

    async def set_password(self, login: str, password: str, *, by: Actor | None = None) -> None:
        """Give a person a new password and end their sessions.

        Raises
        ------
        NotFound
            If nobody has this login.
        """
        hashed = await self._passwords.hash(password)
        async with self._database.unit_of_work() as uow:
            person, org = await self._find(uow.session, login, by)
            person.password_hash = hashed
            await _end_sessions(uow.session, person.id, self._clock.now())
            record = act_of(
                by, "person.set-password", org=org, object_kind="person", object_id=person.id
            )
            self._trail.record(uow, record)
            await uow.commit()

    async def disable(self, login: str, *, by: Actor | None = None) -> None:
        """Let a person in no more; their sessions end and their tokens are worth nothing.

        Raises
        ------
        NotFound
            If nobody has this login.
        """
        async with self._database.unit_of_work() as uow:
            person, org = await self._find(uow.session, login, by)
            if person.disabled_at is None:
                person.disabled_at = self._clock.now()
            await _end_sessions(uow.session, person.id, self._clock.now())
            record = act_of(
                by, "person.disable", org=org, object_kind="person", object_id=person.id
            )
            self._trail.record(uow, record)
            await uow.commit()

    async def refs(
        self, ids: Collection[str], within: AsyncSession | None = None
    ) -> dict[str, PersonRef]:
        """Return how to show each person that exists."""
        if not ids:
            return {}
        async with self._database.reading(within) as session:
            rows = await session.execute(
                select(Person.id, Person.display_name).where(Person.id.in_(set(ids)))
            )
            return {row.id: PersonRef(row.id, row.display_name) for row in rows}

    async def signatory(self, person_id: str) -> Signatory:
        """Return what a signing policy asks about a person.

        Raises
        ------
        NotFound
            If there is nobody with this id, or they are disabled.
        """
        async with self._database.reading() as session:
            person = await session.get(Person, person_id)
            if person is None or person.disabled_at is not None:
                raise NotFound("there is no such person")
            roles = await session.scalars(
                select(PersonRole.role).where(PersonRole.person_id == person_id)
            )
            return Signatory(
                id=person.id,
                display_name=person.display_name,
                institution_id=person.institution_id,
                roles=frozenset(Role(role) for role in roles),
                licence_number=person.licence_number,
                licence_valid_until=person.licence_valid_until,
                signs_independently=person.signs_independently,
            )

    @staticmethod
    def _check(new: NewPerson, login: str) -> None:
        if not login or len(login) > _LOGIN_CHARACTERS or not new.display_name.strip():
            raise InvalidInput("a person needs a login and a name")
        if not login.isprintable() or any(c.isspace() for c in login):
            raise InvalidInput("a login has no spaces or control characters")
        if not new.roles:
            raise InvalidInput("a person needs a role")
        if new.licence is None and not new.signs_independently:
            return
        if new.roles.isdisjoint(PHYSICIANS):
            raise InvalidInput(
                "only a physician's role carries a licence or the right to sign",
                code="not-a-physician",
            )
        if new.licence is None or not (new.licence.number.strip() and new.licence.scope.strip()):
            raise InvalidInput(
                "who signs has a licence with a number and a scope", code="licence-missing"
            )

    @staticmethod
    async def _find(session: AsyncSession, login: str, by: Actor | None) -> tuple[Person, str]:
        found = (
            await session.execute(
                select(Person, Institution.org)
                .join(Institution, Institution.id == Person.institution_id)
                .where(Person.login == normal_login(login))
            )
        ).one_or_none()
        if found is None or (by is not None and by.org != found.org):
            raise NotFound("nobody has this login")
        return found[0], found.org


async def _end_sessions(session: AsyncSession, person_id: str, now: datetime) -> None:
    await session.execute(
        update(Session)
        .where(Session.person_id == person_id, Session.ended_at.is_(None))
        .values(ended_at=now)
    )


def normal_login(typed: str) -> str:
    """Return a login as it is kept: one form of what looks the same, without case."""
    return unicodedata.normalize("NFKC", typed.strip()).casefold()
