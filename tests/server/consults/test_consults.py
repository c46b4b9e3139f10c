"""Consults through the web and the media role, as browsers come: opened, joined, seen, closed."""

import asyncio
from datetime import UTC, datetime
from typing import Any

import pytest
from aiohttp import ClientSession, WSServerHandshakeError
from sqlalchemy import select

from server.audit.models import AuditEvent, Outcome
from server.consults.models import CONSULT_TRANSITIONS, ConsultEvent, ConsultStatus, status_after
from server.core.errors import Conflict
from server.core.http import ACCESS, Public, Requires
from server.core.settings import HttpSettings
from server.identity.models import Role
from server.identity.public import Action, Actor, ActorKind
from server.media import build_media_app, this_host
from server.realtime.models import Event
from server.services import build_services
from tests.server.consults.conftest import House
from tests.server.consults.peers import PATIENCE_S

Headers = dict[str, str]


def test_the_table_holds_what_may_happen_and_nothing_else() -> None:
    for status in ConsultStatus:
        for event in ConsultEvent:
            after = CONSULT_TRANSITIONS.get((status, event))
            if after is None:
                with pytest.raises(Conflict):
                    status_after(status, event)
            else:
                assert status_after(status, event) is after
    assert CONSULT_TRANSITIONS == {(ConsultStatus.OPEN, ConsultEvent.CLOSE): ConsultStatus.CLOSED}


async def audited(house: House, **where: object) -> list[str]:
    async with house.app.services.database.reading() as session:
        rows = await session.scalars(
            select(AuditEvent).filter_by(**where).order_by(AuditEvent.at, AuditEvent.seq)
        )
        return [row.action for row in rows]


async def test_township_and_county_see_and_hear_each_other(
    house: House, doctor: Headers, reader: Headers
) -> None:
    consult = await house.opened(doctor)
    assert consult["request_id"] == house.request_id
    assert consult["ice_servers"] == []
    assert consult["opened_by"]["display_name"] == "doctor"
    township = await house.browser(consult["id"], doctor, brightness=60)
    await township.join()
    county = await house.browser(consult["id"], reader, brightness=180)
    await county.join()
    await asyncio.gather(township.sees(county, 180), county.sees(township, 60))
    async with house.app.client.get(f"/api/consults/{consult['id']}", headers=reader) as response:
        shown = await response.json()
    assert [each["display_name"] for each in shown["participants"]] == ["doctor", "reader"]
    assert shown["participants"][1]["institution"]["name_zh"] == "county 医院"


async def test_a_third_comes_late_and_finds_picture_view_and_leader(
    house: House, doctor: Headers, reader: Headers
) -> None:
    consult = await house.opened(doctor)
    township = await house.browser(consult["id"], doctor, brightness=60)
    county = await house.browser(consult["id"], reader, brightness=180)
    await township.join()
    await county.join()
    view = {"study_instance_uid": consult["study_instance_uid"], "instance_index": 2}
    await township.say(type="view", view=view)
    assert (await county.hear("view"))["view"]["instance_index"] == 2
    expert = await house.app.token("expert", "county", Role.COUNTY_REVIEWER)
    late = await house.browser(consult["id"], expert, brightness=120)
    await late.join()
    assert late.welcome["view"]["instance_index"] == 2
    assert late.welcome["leader"] == township.welcome["self"]
    async with asyncio.TaskGroup() as group:
        for task in (
            late.sees(township, 60), late.sees(county, 180),
            township.sees(late, 120), county.sees(late, 120),
        ):  # fmt: skip
            group.create_task(task)


async def test_one_consult_a_case_whoever_opens_it(
    quiet_house: House, doctor: Headers, reader: Headers
) -> None:
    path = f"/api/requests/{quiet_house.request_id}/consult"
    # A reader opens one about the case they have.
    status, problem = await quiet_house.post(path, reader)
    assert (status, problem["code"]) == (403, "not-yours")
    claim = f"/api/requests/{quiet_house.request_id}/claim"
    assert (await quiet_house.post(claim, reader))[0] == 200
    duty = await quiet_house.app.token("duty", "county", Role.COUNTY_DUTY)
    answers = await asyncio.gather(
        *(quiet_house.post(path, who) for who in (reader, doctor, duty, reader))
    )
    assert {status for status, _ in answers} == {200}
    assert len({consult["id"] for _, consult in answers}) == 1
    assert (await audited(quiet_house)).count("consult.open") == 1
    async with quiet_house.app.client.get("/api/worklist", headers=reader) as response:
        (listed,) = (await response.json())["items"]
    assert listed["consult_id"] == answers[0][1]["id"]


async def test_what_happens_is_told_and_audited(
    house: House, doctor: Headers, reader: Headers
) -> None:
    consult = await house.opened(doctor)
    township = await house.browser(consult["id"], doctor, slots=1)
    await township.join()
    await township.say(type="leave")
    assert await township.farewell() == 1001
    status, closed = await house.post(f"/api/consults/{consult['id']}/close", doctor)
    assert status == 200
    assert closed["closed_at"] is not None
    assert closed["participants"] == []
    acts = await audited(house, object_kind="consult", object_id=consult["id"])
    assert acts == ["consult.open", "consult.join", "consult.leave", "consult.close"]
    async with house.app.services.database.reading() as session:
        events = (
            await session.scalars(select(Event).where(Event.topic.startswith("consult.")))
        ).all()
    assert [event.topic for event in events] == ["consult.opened", "consult.closed"]
    assert {event.study_id for event in events} == {consult["study_id"]}
    assert events[0].payload == {
        "consult_id": consult["id"], "request_id": house.request_id,
    }  # fmt: skip
    status, problem = await house.post(f"/api/consults/{consult['id']}/close", doctor)
    assert (status, problem["code"]) == (409, "consult-state-conflict")
    # The next one is another.
    assert (await house.opened(doctor))["id"] != consult["id"]


async def test_closing_is_for_who_opened_it_or_has_the_case(
    quiet_house: House, doctor: Headers, reader: Headers
) -> None:
    consult = await quiet_house.opened(doctor)
    path = f"/api/consults/{consult['id']}/close"
    status, problem = await quiet_house.post(path, reader)
    assert (status, problem["code"]) == (403, "not-yours")
    await quiet_house.post(f"/api/requests/{quiet_house.request_id}/claim", reader)
    assert (await quiet_house.post(path, reader))[0] == 200


async def test_another_township_finds_nothing_and_is_on_record(
    house: House, doctor: Headers
) -> None:
    consult = await house.opened(doctor)
    stranger = await house.app.token("stranger", "township2", Role.TOWNSHIP_DOCTOR)
    for method, path in (
        ("POST", f"/api/requests/{house.request_id}/consult"),
        ("GET", f"/api/consults/{consult['id']}"),
        ("POST", f"/api/consults/{consult['id']}/close"),
    ):
        async with house.app.client.request(method, path, headers=stranger) as response:
            assert response.status == 404, path
    async with house.app.client.get("/api/consults", headers=stranger) as response:
        assert (await response.json())["items"] == []
    with pytest.raises(WSServerHandshakeError) as refused:
        await house.browser(consult["id"], stranger)
    assert refused.value.status == 404
    async with house.app.services.database.reading() as session:
        rows = await session.scalars(
            select(AuditEvent.object_id).where(
                AuditEvent.outcome == Outcome.REFUSED, AuditEvent.object_kind == "route"
            )
        )
        assert "GET /rtc/{consult_id}" in set(rows)


async def test_a_guessed_id_and_a_closed_room_are_not_found(house: House, doctor: Headers) -> None:
    consult = await house.opened(doctor)
    await house.post(f"/api/consults/{consult['id']}/close", doctor)
    for guessed in ("0" * 32, consult["id"]):
        with pytest.raises(WSServerHandshakeError) as refused:
            await house.browser(guessed, doctor)
        assert refused.value.status == 404
    assert "consult.join" in await audited(house, outcome=Outcome.REFUSED)


async def test_a_role_that_confers_with_nobody_stays_outside(house: House, doctor: Headers) -> None:
    consult = await house.opened(doctor)
    technician = await house.app.token("tech", "township1", Role.TOWNSHIP_TECHNICIAN)
    for who, status in (({}, 401), (technician, 403), ({"Authorization": "Bearer x"}, 401)):
        with pytest.raises(WSServerHandshakeError) as refused:
            await house.browser(consult["id"], who)
        assert refused.value.status == status


async def test_the_media_role_itself_lets_nobody_in_who_should_not_be(
    house: House, doctor: Headers
) -> None:
    table = build_media_app(build_services(house.settings, role="media"))[ACCESS]
    assert table == {
        ("GET", "/healthz"): Public(),
        ("GET", "/readyz"): Public(),
        ("GET", "/metrics"): Requires(Action.METRICS_READ),
        ("GET", "/rtc/{consult_id}"): Requires(Action.CONSULT_JOIN),
    }
    consult = await house.opened(doctor)
    technician = await house.app.token("tech", "township1", Role.TOWNSHIP_TECHNICIAN)
    stranger = await house.app.token("stranger", "township2", Role.TOWNSHIP_DOCTOR)
    _, cookie = await signed_in(house, "doctor")
    elsewhere = {**cookie, "Origin": "http://evil.example"}
    port = house.settings.http.media_port
    async with ClientSession() as session:
        for who, status in (
            ({}, 401), (technician, 403), (stranger, 404), (elsewhere, 403),
        ):  # fmt: skip
            with pytest.raises(WSServerHandshakeError) as refused:
                await session.ws_connect(
                    f"http://127.0.0.1:{port}/rtc/{consult['id']}", headers=who
                )
            assert refused.value.status == status


async def test_the_media_role_s_figures_count_people_and_streams(
    house: House, doctor: Headers, reader: Headers
) -> None:
    consult = await house.opened(doctor)
    township = await house.browser(consult["id"], doctor, brightness=60)
    county = await house.browser(consult["id"], reader, brightness=180)
    for browser in (township, county):
        await browser.join()
    await township.sees(county, 180)
    admin = await house.app.token("admin", "county", Role.SYSTEM_ADMINISTRATOR)
    port = house.settings.http.media_port
    async with (
        ClientSession() as session,
        session.get(f"http://127.0.0.1:{port}/metrics", headers=admin) as response,
    ):
        text = await response.text()
    assert "lianzhen_media_people 2.0" in text
    assert "lianzhen_media_connections 2.0" in text
    assert "lianzhen_media_attached_slots 4.0" in text
    assert consult["id"] not in text


async def signed_in(house: House, login: str) -> tuple[str, Headers]:
    """Sign in as a browser does; return the secret, and what the browser sends."""
    people = house.app.services.people
    await people.set_password(login, "correct horse battery staple")
    client = house.app.client
    origin = f"http://{client.host}:{client.port}"
    signed = await house.app.services.sessions.sign_in(
        login, "correct horse battery staple", source="127.0.0.1"
    )
    return signed.secret, {"Cookie": f"lianzhen={signed.secret}", "Origin": origin}


async def test_a_browser_s_session_counts_and_its_end_closes_the_socket(
    house: House, doctor: Headers, reader: Headers
) -> None:
    consult = await house.opened(doctor)
    secret, cookie = await signed_in(house, "doctor")
    township = await house.browser(consult["id"], cookie, brightness=60)
    await township.join()
    sessions = house.app.services.sessions
    admission = await sessions.authenticate(secret, source="127.0.0.1")
    assert admission is not None
    await sessions.sign_out(secret, by=admission.actor)
    async with asyncio.timeout(PATIENCE_S):
        assert await township.farewell() == 4401
    with pytest.raises(WSServerHandshakeError) as refused:
        await house.browser(consult["id"], {**cookie, "Origin": "http://evil.example"})
    assert refused.value.status in {401, 403}


async def test_another_site_s_page_gets_no_room(house: House, doctor: Headers) -> None:
    consult = await house.opened(doctor)
    _, cookie = await signed_in(house, "doctor")
    for origin in ("http://evil.example", ""):
        with pytest.raises(WSServerHandshakeError) as refused:
            await house.browser(consult["id"], {**cookie, "Origin": origin})
        assert refused.value.status == 403


async def test_the_audit_names_the_client_s_address_and_not_the_web_role_s(
    house: House, doctor: Headers
) -> None:
    consult = await house.opened(doctor)
    township = await house.browser(
        consult["id"], {**doctor, "X-Forwarded-For": "10.1.2.3"}, slots=1
    )
    await township.join()
    async with house.app.services.database.reading() as session:
        source = await session.scalar(
            select(AuditEvent.source).where(AuditEvent.action == "consult.join")
        )
    assert source == "10.1.2.3"


async def test_without_the_media_role_it_is_503_and_says_so(
    quiet_house: House, doctor: Headers
) -> None:
    consult = await quiet_house.opened(doctor)
    with pytest.raises(WSServerHandshakeError) as refused:
        await quiet_house.browser(consult["id"], doctor)
    assert refused.value.status == 503


async def test_after_a_restart_of_the_media_role_everybody_comes_back(
    quiet_house: House, doctor: Headers, reader: Headers
) -> None:
    house = quiet_house
    consult = await house.opened(doctor)
    path = f"/api/consults/{consult['id']}"
    view = {"study_instance_uid": consult["study_instance_uid"], "instance_index": 9}

    async def present() -> list[Any]:
        async with house.app.client.get(path, headers=reader) as response:
            return list((await response.json())["participants"])

    async with house.media():
        township = await house.browser(consult["id"], doctor, brightness=60)
        await township.join()
        await township.say(type="view", view=view)
        assert len(await present()) == 1
    assert await township.farewell() == 1001
    await township.close()
    assert await present() == []
    async with house.media():
        county = await house.browser(consult["id"], reader, brightness=180)
        await county.join()
        assert county.welcome["view"] is None
        again = await house.browser(consult["id"], doctor, brightness=60)
        await again.join()
        # The one who led takes the lead again and shows what they had.
        await again.say(type="lead")
        await again.say(type="view", view=view)
        assert (await county.hear("view"))["view"]["instance_index"] == 9
        await asyncio.gather(again.sees(county, 180), county.sees(again, 60))
        for browser in (again, county):
            await browser.close()


@pytest.mark.parametrize(
    ("host", "more"),
    [("127.0.0.1", ("127.0.0.1",)), ("192.0.2.7", ("192.0.2.7",)), ("0.0.0.0", ()), ("here", ())],  # noqa: S104 -- what to do about it
)
def test_the_media_role_believes_the_web_role_of_its_own_host(
    host: str, more: tuple[str, ...]
) -> None:
    assert this_host(HttpSettings(host=host))[2:] == more


async def test_a_whole_address_as_target_reaches_the_media_role_all_the_same(
    house: House, doctor: Headers
) -> None:
    consult = await house.opened(doctor)
    url = house.app.client.make_url(f"/rtc/{consult['id']}")
    reader, writer = await asyncio.open_connection(url.host, url.port)
    head = {
        "Host": f"{url.host}:{url.port}",
        "Connection": "Upgrade",
        "Upgrade": "websocket",
        "Sec-WebSocket-Version": "13",
        "Sec-WebSocket-Key": "MDEyMzQ1Njc4OWFiY2RlZg==",
        **doctor,
    }
    lines = [f"GET {url} HTTP/1.1", *(f"{name}: {value}" for name, value in head.items()), "", ""]
    writer.write("\r\n".join(lines).encode())
    assert (await reader.readline()).startswith(b"HTTP/1.1 101")
    writer.close()
    await writer.wait_closed()


async def test_two_first_joins_at_once_both_come_in_and_the_last_to_go_counts(
    house: House, doctor: Headers
) -> None:
    consult = await house.opened(doctor)
    consults = house.app.services.consults
    who, home = consult["opened_by"]["id"], house.app.institutions["township1"]
    roles = frozenset({Role.TOWNSHIP_DOCTOR})
    actor = Actor(ActorKind.PERSON, who, house.app.device().org, home, roles, "10.0.0.7")
    room = await consults.room_of(actor, consult["id"])
    first, second = (datetime(2026, 11, 25, 8, minute, tzinfo=UTC) for minute in (0, 1))
    await asyncio.gather(*(consults.entered(actor, room, at) for at in (second, first)))
    await consults.left(actor, room, first)
    assert len((await consults.one(actor, consult["id"])).participants) == 1
    await consults.left(actor, room, second)
    assert (await consults.one(actor, consult["id"])).participants == []
