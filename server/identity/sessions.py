"""Sessions: opaque secrets of browsers, of which the server keeps only the digest."""

from collections.abc import Collection
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Final

import structlog
from sqlalchemy import delete, select, update
from sqlalchemy.ext.asyncio import AsyncSession

from server.audit.public import AuditTrail, Outcome
from server.core.clock import Clock
from server.core.database import Database, UnitOfWork
from server.core.errors import NotSignedIn, Throttled, Unavailable
from server.core.ids import Ids
from server.core.recent import Recent
from server.core.settings import IdentitySettings
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
from server.identity.models import Person, Session
from server.identity.passwords import Passwords
from server.identity.people import normal_login
from server.identity.throttle import SignInThrottle

_log = structlog.get_logger(__name__)

# A use is written down at most this often: reading images must not write all the time.
_TOUCH_EVERY: Final = timedelta(minutes=1)
_KEPT_AFTER_END: Final = timedelta(days=1)


@dataclass(frozen=True)
class SignedIn:
    """A new session: the secret goes into the cookie and nowhere else."""

    secret: str
    admission: Admission


@dataclass(frozen=True)
class _Known:
    """What was read of a session."""

    profile: Profile
    csrf_token: str
    created_at: datetime
    last_used_at: datetime


class SessionService:
    """Signs people in and out, and tells who a session's secret stands for."""

    def __init__(
        self,
        *,
        database: Database,
        trail: AuditTrail,
        clock: Clock,
        ids: Ids,
        passwords: Passwords,
        settings: IdentitySettings,
    ) -> None:
        self._database = database
        self._trail = trail
        self._clock = clock
        self._ids = ids
        self._passwords = passwords
        self._throttle = SignInThrottle(settings)
        self._idle = timedelta(seconds=settings.session_idle_s)
        self._absolute = timedelta(seconds=settings.session_absolute_s)
        self._believed: Recent[str, _Known] = Recent(
            clock=clock, keep_s=BELIEVED_S, capacity=BELIEVED_AT_MOST
        )
        self._told_of_throttling: Recent[str, bool] = Recent(
            clock=clock, keep_s=60, capacity=BELIEVED_AT_MOST
        )

    async def sign_in(self, login: str, password: str, *, source: str) -> SignedIn:
        """Open a session; an unknown login costs the same work as a wrong password.

        Raises
        ------
        NotSignedIn
            If login and password do not belong together, with code ``bad-credentials``.
        Throttled
            If this login was tried from this address, or this address failed, too often.
        """
        login = normal_login(login)
        try:
            await self._throttle.admit(login, source)
        except Throttled:
            await self._tell_of_throttling(source)
            raise
        async with self._database.reading() as session:
            person = await session.scalar(select(Person).where(Person.login == login))
        known_hash = person.password_hash if person is not None else None
        fits = await self._passwords.matches(known_hash, password)
        if person is not None and known_hash is not None and fits:
            signed_in = await self._open(person.id, known_hash, password, source)
            if signed_in is not None:
                await self._throttle.succeeded(login, source)
                return signed_in
        await self._throttle.failed(source)
        await self._tell_of_failure(person.id if person is not None else None, source)
        raise NotSignedIn("login and password do not belong together", code="bad-credentials")

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
        now = self._clock.now()
        if self._is_over(known.created_at, known.last_used_at, now):
            self._believed.forget(key)
            return None
        if now - known.last_used_at >= min(_TOUCH_EVERY, self._idle / 4):
            await self._touch(key, known, now)
        return _admission(key, known, source)

    async def sign_out(self, secret: str, *, by: Actor) -> None:
        """End the session of this secret."""
        key = digest(secret)
        async with self._database.unit_of_work() as uow:
            await uow.session.execute(
                update(Session)
                .where(Session.secret_sha256 == key, Session.ended_at.is_(None))
                .values(ended_at=self._clock.now())
            )
            self._trail.record(
                uow, act_of(by, "session.sign-out", object_kind="person", object_id=by.id)
            )
            await uow.commit()
        self._believed.forget(key)

    async def alive(self, keys: Collection[str]) -> set[str]:
        """Return which of these sessions are open now, read afresh; looking does not keep one."""
        if not keys:
            return set()
        now = self._clock.now()
        async with self._database.reading() as session:
            rows = (
                await session.scalars(
                    select(Session).where(
                        Session.secret_sha256.in_(set(keys)), Session.ended_at.is_(None)
                    )
                )
            ).all()
            enabled = await enabled_people(session, {row.person_id for row in rows})
        return {
            row.secret_sha256
            for row in rows
            if row.person_id in enabled and not self._is_over(row.created_at, row.last_used_at, now)
        }

    async def keep(self, keys: Collection[str]) -> None:
        """Count as used now those of these sessions that are still open."""
        if not keys:
            return
        now = self._clock.now()
        async with self._database.unit_of_work() as uow:
            await uow.session.execute(
                update(Session)
                .where(
                    Session.secret_sha256.in_(set(keys)),
                    Session.ended_at.is_(None),
                    Session.last_used_at > now - self._idle,
                )
                .values(last_used_at=now)
            )
            await uow.commit()

    async def prune(self) -> None:
        """Delete sessions that ended long ago by their age."""
        oldest = self._clock.now() - self._absolute - _KEPT_AFTER_END
        async with self._database.unit_of_work() as uow:
            await uow.session.execute(delete(Session).where(Session.created_at < oldest))
            await uow.commit()

    def _is_over(self, created_at: datetime, last_used_at: datetime, now: datetime) -> bool:
        return now - last_used_at >= self._idle or now - created_at >= self._absolute

    async def _open(
        self, person_id: str, known_hash: str, password: str, source: str
    ) -> SignedIn | None:
        outdated = self._passwords.is_outdated(known_hash)
        better_hash = await self._passwords.hash(password) if outdated else known_hash
        secret = self._ids.secret()
        now = self._clock.now()
        async with self._database.unit_of_work() as uow:
            # Read again under a lock: a password changed meanwhile opens nothing.
            current_hash = await uow.session.scalar(
                select(Person.password_hash).where(Person.id == person_id).with_for_update()
            )
            profile = await enabled_profile(uow.session, person_id)
            if profile is None or current_hash != known_hash:
                return None
            if better_hash != known_hash:
                await uow.session.execute(
                    update(Person).where(Person.id == person_id).values(password_hash=better_hash)
                )
            known = _Known(profile, self._ids.secret(), created_at=now, last_used_at=now)
            uow.session.add(
                Session(
                    secret_sha256=digest(secret),
                    person_id=person_id,
                    csrf_token=known.csrf_token,
                    created_at=now,
                    last_used_at=now,
                    ended_at=None,
                )
            )
            actor = profile.actor(source)
            self._trail.record(
                uow, act_of(actor, "session.sign-in", object_kind="person", object_id=person_id)
            )
            await uow.commit()
        return SignedIn(secret, _admission(digest(secret), known, source))

    async def _touch(self, key: str, known: _Known, now: datetime) -> None:
        # Before it is written, or every request of this moment would write.
        self._believed.amend(key, replace(known, last_used_at=now))
        try:
            async with self._database.unit_of_work() as uow:
                await uow.session.execute(
                    update(Session)
                    .where(Session.secret_sha256 == key, Session.ended_at.is_(None))
                    .values(last_used_at=now)
                )
                await uow.commit()
        except Unavailable:
            # Reading goes on while nothing can be written; the next use tries again.
            _log.warning("a session's use could not be written down")

    async def _tell_of_failure(self, person_id: str | None, source: str) -> None:
        # What was typed as a login is not kept: people type their password there.
        async with self._database.unit_of_work() as uow:
            self._record_refusal(uow, person_id, source, {"known": person_id is not None})
            await uow.commit()

    async def _tell_of_throttling(self, source: str) -> None:
        if not self._told_of_throttling.first(source, value=True):
            return
        async with self._database.unit_of_work() as uow:
            self._record_refusal(uow, None, source, {"throttled": True})
            await uow.commit()

    def _record_refusal(
        self, uow: UnitOfWork, person_id: str | None, source: str, detail: dict[str, bool]
    ) -> None:
        self._trail.record(
            uow,
            act_of(
                None,
                "session.sign-in",
                outcome=Outcome.REFUSED,
                source=source,
                object_kind="person",
                object_id=person_id,
                detail=detail,
            ),
        )


async def _read(session: AsyncSession, key: str) -> _Known | None:
    row = await session.get(Session, key)
    if row is None or row.ended_at is not None:
        return None
    profile = await enabled_profile(session, row.person_id)
    if profile is None:
        return None
    return _Known(profile, row.csrf_token, row.created_at, row.last_used_at)


def _admission(key: str, known: _Known, source: str) -> Admission:
    return Admission(
        actor=known.profile.actor(source),
        profile=known.profile,
        credential=Credential(CredentialKind.SESSION, key),
        csrf_token=known.csrf_token,
    )
