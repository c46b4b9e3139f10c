"""Admission: a secret that was shown is turned into the actor it stands for."""

import hashlib
from collections.abc import Collection
from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from server.identity.actors import Actor, ActorKind, InstitutionRef
from server.identity.models import Institution, Person, PersonRole, Role

# How long a process may believe what it read of a credential: a revocation holds within 5 s.
BELIEVED_S: Final = 3.0
BELIEVED_AT_MOST: Final = 4096


class CredentialKind(StrEnum):
    """How somebody showed who they are."""

    SESSION = "session"
    TOKEN = "token"  # noqa: S105 -- a kind, not a secret


@dataclass(frozen=True)
class Credential:
    """Names what was shown, without the secret in it."""

    kind: CredentialKind
    key: str


@dataclass(frozen=True)
class Profile:
    """A person who signs in, as read together with their institution and roles."""

    id: str
    login: str
    display_name: str
    org: str
    institution: InstitutionRef
    roles: frozenset[Role]

    def actor(self, source: str) -> Actor:
        """Return the actor they are when they come from ``source``."""
        return Actor(
            kind=ActorKind.PERSON,
            id=self.id,
            org=self.org,
            institution_id=self.institution.id,
            roles=self.roles,
            source=source,
        )


@dataclass(frozen=True)
class Admission:
    """Somebody let in: who, by which credential, and the session's CSRF token."""

    actor: Actor
    profile: Profile
    credential: Credential
    csrf_token: str | None
    """None for a bearer token: a browser never sends one by itself."""


def digest(secret: str) -> str:
    """Return what is kept of a secret of 256 random bits."""
    return hashlib.sha256(secret.encode()).hexdigest()


async def enabled_profile(session: AsyncSession, person_id: str) -> Profile | None:
    """Read a person, or None where there is none or they are disabled."""
    found = (
        await session.execute(
            select(Person, Institution)
            .join(Institution, Institution.id == Person.institution_id)
            .where(Person.id == person_id, Person.disabled_at.is_(None))
        )
    ).one_or_none()
    if found is None:
        return None
    person, institution = found
    roles = await session.scalars(select(PersonRole.role).where(PersonRole.person_id == person_id))
    return Profile(
        id=person.id,
        login=person.login,
        display_name=person.display_name,
        org=institution.org,
        institution=InstitutionRef(institution.id, institution.name_zh, institution.name_en),
        roles=frozenset(Role(role) for role in roles),
    )


async def enabled_people(session: AsyncSession, ids: Collection[str]) -> set[str]:
    """Return which of these people are enabled."""
    found = await session.scalars(
        select(Person.id).where(Person.id.in_(set(ids)), Person.disabled_at.is_(None))
    )
    return set(found)
