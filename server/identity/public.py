"""What other capabilities may know of identity."""

from collections.abc import Collection
from typing import Final, Protocol

from aiohttp import web
from sqlalchemy.ext.asyncio import AsyncSession

from server.identity.actors import Actor, ActorKind, InstitutionRef, PersonRef, act_of
from server.identity.admission import Credential
from server.identity.models import Level, Ownership, Role
from server.identity.passwords import Passwords
from server.identity.people import Signatory
from server.identity.policy import EMERGENCY_ROLES, Action, allows
from server.identity.throttle import SignInThrottle, throttled_as

__all__ = [
    "ACTOR",
    "EMERGENCY_ROLES",
    "Action",
    "Actor",
    "ActorKind",
    "Credential",
    "InstitutionDirectory",
    "InstitutionRef",
    "Level",
    "Ownership",
    "Passwords",
    "PersonDirectory",
    "PersonRef",
    "Role",
    "SignInThrottle",
    "Signatory",
    "act_of",
    "allows",
    "throttled_as",
]


class InstitutionDirectory(Protocol):
    """What others ask about institutions; `InstitutionService` answers.

    Whoever has a session open asks within it.
    """

    async def county_of(
        self, institution_id: str, within: AsyncSession | None = None
    ) -> InstitutionRef | None:
        """Return the nearest institution of level county, itself or above, if there is one."""
        ...

    async def refs(
        self, ids: Collection[str], within: AsyncSession | None = None
    ) -> dict[str, InstitutionRef]:
        """Return how to show each institution that exists."""
        ...


class PersonDirectory(Protocol):
    """What others ask about people; `PeopleService` answers, within an open session if there is."""

    async def refs(
        self, ids: Collection[str], within: AsyncSession | None = None
    ) -> dict[str, PersonRef]:
        """Return how to show each person that exists."""
        ...


# Set by identity's middleware on every request whose route is not public.
ACTOR: Final = web.RequestKey("ACTOR", Actor)
