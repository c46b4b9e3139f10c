"""Institutions, people and tokens."""

from datetime import timedelta
from typing import Any, Literal

import pytest
from argon2 import PasswordHasher
from sqlalchemy import select, update

from server.audit.chain import AuditTrail
from server.audit.models import AuditEvent
from server.core.database import Database
from server.core.errors import Conflict, InvalidInput, LianzhenError, NotFound
from server.core.settings import IdentitySettings
from server.identity.actors import Actor, ActorKind
from server.identity.institutions import NewInstitution
from server.identity.models import Level, Person, Role, Session
from server.identity.passwords import Passwords
from server.identity.people import Licence, NewPerson
from server.identity.sessions import SessionService
from tests.server.identity.conftest import PASSWORD, Community
from tests.support.fakes import CountingIds, ManualClock

ELSEWHERE = Actor(
    ActorKind.PERSON, "x", "other", "i", frozenset({Role.SYSTEM_ADMINISTRATOR}), "10.0.0.1"
)


def institution(**changes: Any) -> NewInstitution:
    return NewInstitution(
        **{
            "org": "demo", "code": "V1", "name_zh": "村卫生室", "name_en": "Village",
            "level": Level.VILLAGE, **changes,
        }
    )  # fmt: skip


async def test_the_county_of_a_village_is_found_over_its_township(community: Community) -> None:
    service = community.institutions
    village = await service.create(institution(parent_id=community.township_id))
    for place in (village, community.township_id, community.county_id):
        county = await service.county_of(place)
        assert county is not None
        assert (county.id, county.name_en) == (community.county_id, "County Hospital")
    city = await service.create(institution(code="C", level=Level.CITY))
    assert await service.county_of(city) is None
    assert await service.county_of("nobody") is None


async def test_institutions_are_listed_found_and_shown(community: Community) -> None:
    service = community.institutions
    assert [found.code for found in await service.list("demo")] == ["COUNTY", "T1"]
    assert await service.list("other") == []
    assert (await service.get("demo", "T1")).id == community.township_id
    with pytest.raises(NotFound):
        await service.get("other", "T1")
    refs = await service.refs([community.county_id, "nobody"])
    assert {key: ref.name_zh for key, ref in refs.items()} == {community.county_id: "县人民医院"}
    assert await service.refs([]) == {}


async def test_a_parent_is_of_the_same_community_and_no_lower_level(
    community: Community,
) -> None:
    service = community.institutions
    other = await service.create(institution(org="other", code="X", level=Level.CITY))
    for bad in (
        institution(parent_id=other),
        institution(parent_id="nobody"),
        institution(level=Level.COUNTY, parent_id=community.township_id),
    ):
        with pytest.raises(InvalidInput) as refused:
            await service.create(bad)
        assert refused.value.code == "bad-parent"
    await service.create(
        institution(code="T1a", level=Level.TOWNSHIP, parent_id=community.township_id)
    )


async def test_a_code_is_used_once_in_a_community(community: Community) -> None:
    with pytest.raises(Conflict):
        await community.institutions.create(institution(code="T1"))
    await community.institutions.create(institution(code="T1", org="other"))


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ({"login": "Reader"}, "login-taken"),
        ({"login": "with space"}, "invalid-input"),
        ({"login": ""}, "invalid-input"),
        ({"login": "x" * 65}, "invalid-input"),
        ({"display_name": " "}, "invalid-input"),
        ({"roles": frozenset()}, "invalid-input"),
        ({"institution_id": "nobody"}, "bad-institution"),
        ({"signs_independently": True}, "licence-missing"),
        ({"licence": Licence("", "影像")}, "licence-missing"),
        (
            {"roles": frozenset({Role.TOWNSHIP_TECHNICIAN}), "licence": Licence("1", "影像")},
            "not-a-physician",
        ),
        (
            {"roles": frozenset({Role.SYSTEM_ADMINISTRATOR}), "signs_independently": True},
            "not-a-physician",
        ),
    ],
)
async def test_a_person_who_cannot_be_is_refused(
    community: Community, changes: dict[str, Any], code: str
) -> None:
    fields: dict[str, Any] = {
        "institution_id": community.county_id, "login": "new", "display_name": "新",
        "roles": frozenset({Role.COUNTY_READER}), **changes,
    }  # fmt: skip
    with pytest.raises(LianzhenError) as refused:
        await community.people.create(NewPerson(**fields))
    assert refused.value.code == code


async def test_who_has_no_password_yet_cannot_sign_in(community: Community) -> None:
    new = NewPerson(community.county_id, "new", "新", frozenset({Role.NURSE}))
    await community.people.create(new)
    with pytest.raises(LianzhenError) as refused:
        await community.sessions.sign_in("new", PASSWORD, source="10.0.0.1")
    assert refused.value.code == "bad-credentials"
    await community.people.set_password("new", PASSWORD)
    await community.sessions.sign_in("new", PASSWORD, source="10.0.0.1")


@pytest.mark.parametrize("password", ["short", "x" * 257])
async def test_a_password_too_short_or_long_is_refused(community: Community, password: str) -> None:
    with pytest.raises(InvalidInput):
        await community.people.set_password("reader", password)


async def test_another_community_reaches_nobody_here(community: Community) -> None:
    token = await community.tokens.create("reader")
    new = NewPerson(community.county_id, "new", "新", frozenset({Role.NURSE}))
    with pytest.raises(InvalidInput):
        await community.people.create(new, by=ELSEWHERE)
    for attempt in (
        community.people.set_password("reader", PASSWORD, by=ELSEWHERE),
        community.people.disable("reader", by=ELSEWHERE),
        community.tokens.create("reader", by=ELSEWHERE),
        community.tokens.revoke(token.id, by=ELSEWHERE),
    ):
        with pytest.raises(NotFound):
            await attempt


async def test_secrets_are_kept_nowhere(community: Community, database: Database) -> None:
    token = await community.tokens.create("reader", ttl=timedelta(days=1))
    signed_in = await community.sessions.sign_in("reader", PASSWORD, source="10.0.0.1")
    kept = []
    async with database.reading() as session:
        for table in Session.metadata.sorted_tables:
            rows = (await session.execute(select(table))).all()
            kept += [str(value) for row in rows for value in row]
    everything = "\n".join(kept)
    assert "$argon2id$" in everything
    for secret in (token.secret, signed_in.secret, PASSWORD):
        assert len(secret) >= 20
        assert secret not in everything


async def test_every_change_is_audited(community: Community, database: Database) -> None:
    await community.people.set_password("reader", PASSWORD)
    token = await community.tokens.create("reader")
    await community.tokens.revoke(token.id)
    await community.people.disable("reader")
    async with database.reading() as session:
        rows = await session.scalars(select(AuditEvent.action).order_by(AuditEvent.seq))
        assert rows.all() == [
            "institution.create", "institution.create", "person.create", "person.create",
            "person.set-password", "token.create", "token.revoke", "person.disable",
        ]  # fmt: skip


async def test_a_token_for_nobody_or_of_no_life_is_refused(community: Community) -> None:
    await community.people.disable("tech")
    for login in ("nobody", "tech"):
        with pytest.raises(NotFound):
            await community.tokens.create(login)
    with pytest.raises(InvalidInput):
        await community.tokens.create("reader", ttl=timedelta(0))
    with pytest.raises(NotFound):
        await community.tokens.revoke("nothing")


async def test_an_old_hash_is_made_anew_at_sign_in(
    community: Community,
    database: Database,
    trail: AuditTrail,
    clock: ManualClock,
    ids: CountingIds,
) -> None:
    stronger = Passwords(PasswordHasher(time_cost=2, memory_cost=16, parallelism=1))
    sessions = SessionService(
        database=database,
        trail=trail,
        clock=clock,
        ids=ids,
        passwords=stronger,
        settings=IdentitySettings(),
    )
    await sessions.sign_in("reader", PASSWORD, source="10.0.0.1")
    async with database.reading() as session:
        kept = await session.scalar(select(Person.password_hash).where(Person.login == "reader"))
    assert kept is not None
    assert "m=16,t=2,p=1" in kept
    await sessions.sign_in("reader", PASSWORD, source="10.0.0.1")


async def test_a_hash_that_is_none_is_a_wrong_password(
    community: Community, database: Database
) -> None:
    async with database.unit_of_work() as uow:
        await uow.session.execute(update(Person).values(password_hash="broken"))
        await uow.commit()
    with pytest.raises(LianzhenError) as refused:
        await community.sessions.sign_in("reader", PASSWORD, source="10.0.0.1")
    assert refused.value.code == "bad-credentials"


async def test_an_unknown_login_costs_a_verification_too(community: Community) -> None:
    verified: list[str] = []

    class Counting(PasswordHasher):
        def verify(self, hash: str | bytes, password: str | bytes) -> Literal[True]:  # noqa: A002 -- its name there
            verified.append(str(password))
            return super().verify(hash, password)

    passwords = Passwords(Counting(time_cost=1, memory_cost=8, parallelism=1))
    assert not await passwords.matches(None, "a guess")
    # Even the right word for the stand-in opens nothing.
    assert not await passwords.matches(None, "nobody's password")
    assert verified == ["a guess", "nobody's password"]


async def test_old_sessions_are_pruned(community: Community, database: Database) -> None:
    await community.sessions.sign_in("reader", PASSWORD, source="10.0.0.1")
    community.clock.advance(3 * 86_400)
    await community.sessions.sign_in("tech", PASSWORD, source="10.0.0.1")
    await community.sessions.prune()
    async with database.reading() as session:
        assert len((await session.scalars(select(Session))).all()) == 1


async def test_using_a_session_writes_at_most_once_a_minute(
    community: Community, database: Database
) -> None:
    signed_in = await community.sessions.sign_in("reader", PASSWORD, source="10.0.0.1")
    written = set()
    for _ in range(24):
        community.clock.advance(10)
        assert await community.sessions.authenticate(signed_in.secret, source="10.0.0.1")
        async with database.reading() as session:
            written.add(await session.scalar(select(Session.last_used_at)))
    assert len(written) == 5


async def test_a_use_that_is_written_down_does_not_put_a_revocation_off(
    community: Community,
    database: Database,
    trail: AuditTrail,
    clock: ManualClock,
    ids: CountingIds,
    passwords: Passwords,
) -> None:
    other_process = SessionService(
        database=database,
        trail=trail,
        clock=clock,
        ids=ids,
        passwords=passwords,
        settings=IdentitySettings(),
    )
    secret = (await community.sessions.sign_in("reader", PASSWORD, source="10.0.0.1")).secret
    clock.advance(58)
    assert await other_process.authenticate(secret, source="10.0.0.1")
    await community.people.disable("reader")
    clock.advance(2.5)
    await other_process.authenticate(secret, source="10.0.0.1")
    clock.advance(2.5)
    assert await other_process.authenticate(secret, source="10.0.0.1") is None


async def test_a_signing_policy_learns_of_a_licence_and_the_right_to_sign(
    community: Community,
) -> None:
    async with community.database.reading() as session:
        rows = await session.execute(select(Person.login, Person.id))
    ids = {row.login: row.id for row in rows}
    reader = await community.people.signatory(ids["reader"])
    assert reader.institution_id == community.county_id
    assert reader.roles == {Role.COUNTY_READER, Role.COUNTY_DUTY}
    assert (reader.licence_number, reader.signs_independently) == ("110000000000001", True)
    technician = await community.people.signatory(ids["tech"])
    assert (technician.licence_number, technician.signs_independently) == (None, False)
    await community.people.disable("reader")
    for gone in (ids["reader"], "nobody"):
        with pytest.raises(NotFound):
            await community.people.signatory(gone)
