"""Bearer tokens of machines, of which the server keeps only the digest."""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from server.audit.public import AuditTrail
from server.core.clock import Clock
from server.core.database import Database
from server.core.errors import InvalidInput, NotFound
from server.core.ids import Ids
from server.core.recent import Recent
from server.identity.actors import Actor, act_of
from server.identity.admission import (
    BELIEVED_AT_MOST,
    BELIEVED_S,
    Admission,
    Credential,
    CredentialKind,
    Profile,
    digest,
    enabled_people,
    enabled_profile,
)
from server.identity.models import BearerToken, Institution, Person
from server.identity.people import normal_login


@dataclass(frozen=True)
class NewToken:
    """A token just made; ``secret`` is shown once and known to nobody afterwards."""

    id: str
    secret: str


@dataclass(frozen=True)
class _Known:
    """What was read of a token."""

    id: str
    profile: Profile
    expires_at: datetime | None


class TokenService:
    """Makes and revokes tokens, and tells who one stands for."""

    def __init__(self, *, database: Database, trail: AuditTrail, clock: Clock, ids: Ids) -> None:
        self._database = database
        self._trail = trail
        self._clock = clock
        self._ids = ids
        self._believed: Recent[str, _Known] = Recent(
            clock=clock, keep_s=BELIEVED_S, capacity=BELIEVED_AT_MOST
        )

    async def create(
        self, login: str, *, ttl: timedelta | None = None, by: Actor | None = None
    ) -> NewToken:
        """Make a token that acts as the person of this login, for ``ttl`` or until revoked.

        Raises
        ------
        NotFound
            If nobody enabled has this login.
        InvalidInput
            If the time to live is not positive.
        """
        if ttl is not None and ttl <= timedelta(0):
            raise InvalidInput("a token's time to live is positive")
        new = NewToken(self._ids.new(), self._ids.secret())
        now = self._clock.now()
        async with self._database.unit_of_work() as uow:
            found = (
                await uow.session.execute(
                    select(Person.id, Institution.org)
                    .join(Institution, Institution.id == Person.institution_id)
                    .where(Person.login == normal_login(login), Person.disabled_at.is_(None))
                )
            ).one_or_none()
            if found is None or (by is not None and by.org != found.org):
                raise NotFound("nobody has this login")
            expires_at = now + ttl if ttl is not None else None
            uow.session.add(
                BearerToken(
                    id=new.id,
                    secret_sha256=digest(new.secret),
                    person_id=found.id,
                    created_at=now,
                    expires_at=expires_at,
                    revoked_at=None,
                )
            )
            detail = {
                "person_id": found.id,
                "expires_at": expires_at.isoformat() if expires_at else None,
            }
            self._trail.record(
                uow,
                act_of(
                    by,
                    "token.create",
                    org=found.org,
                    object_kind="token",
                    object_id=new.id,
                    detail=detail,
                ),
            )
            await uow.commit()
        return new

    async def revoke(self, token_id: str, *, by: Actor | None = None) -> None:
        """Make a token worth nothing.

        Raises
        ------
        NotFound
            If there is no such token.
        """
        async with self._database.unit_of_work() as uow:
            found = (
                await uow.session.execute(
                    select(BearerToken, Institution.org)
                    .join(Person, Person.id == BearerToken.person_id)
                    .join(Institution, Institution.id == Person.institution_id)
                    .where(BearerToken.id == token_id)
                )
            ).one_or_none()
            if found is None or (by is not None and by.org != found.org):
                raise NotFound("there is no such token")
            token = found[0]
            if token.revoked_at is None:
                token.revoked_at = self._clock.now()
            self._trail.record(
                uow,
                act_of(by, "token.revoke", org=found.org, object_kind="token", object_id=token_id),
            )
            await uow.commit()
        self._believed.forget(token.secret_sha256)

    async def authenticate(self, secret: str, *, source: str) -> Admission | None:
        """Return who the secret stands for; None where it never did or does no more."""
        key = digest(secret)
        known = self._believed.get(key)
        if known is None:
            async with self._database.reading() as session:
                known = await _read(session, key)
            if known is None:
                return None
            self._believed.put(key, known)
        if known.expires_at is not None and self._clock.now() >= known.expires_at:
            return None
        return Admission(
            actor=known.profile.actor(source),
            profile=known.profile,
            credential=Credential(CredentialKind.TOKEN, known.id),
            csrf_token=None,
        )

    async def alive(self, ids: Collection[str]) -> set[str]:
        """Return which of these tokens are good now, read afresh."""
        if not ids:
            return set()
        now = self._clock.now()
        async with self._database.reading() as session:
            rows = (
                await session.scalars(
                    select(BearerToken).where(
                        BearerToken.id.in_(set(ids)), BearerToken.revoked_at.is_(None)
                    )
                )
            ).all()
            enabled = await enabled_people(session, {row.person_id for row in rows})
        return {
            row.id
            for row in rows
            if row.person_id in enabled and (row.expires_at is None or now < row.expires_at)
        }


async def _read(session: AsyncSession, key: str) -> _Known | None:
    row = await session.scalar(
        select(BearerToken).where(
            BearerToken.secret_sha256 == key, BearerToken.revoked_at.is_(None)
        )
    )
    if row is None:
        return None
    profile = await enabled_profile(session, row.person_id)
    return _Known(row.id, profile, row.expires_at) if profile is not None else None
