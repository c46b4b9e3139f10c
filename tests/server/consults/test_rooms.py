"""Rooms over a fake engine: who comes in, what they may say, and how they are sent away."""

import asyncio
import json
from collections.abc import AsyncIterator, Callable, Collection
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

import pytest
from aiohttp import ClientWebSocketResponse, WSMsgType, WSServerHandshakeError, web
from aiohttp.test_utils import TestClient, TestServer

from server.consults import incoming, rooms
from server.consults.engine import Connected, EngineStats, Kind, Slot
from server.consults.rooms import Rooms
from server.consults.signals import ClientMessage
from server.consults.socket import room_routes
from server.consults.visit import ConsultRef, Visitor
from server.core.clock import SystemClock
from server.core.errors import InvalidInput, NotFound, Unavailable
from server.core.http import add_routes, errors_become_problems
from server.identity.admission import CredentialKind
from server.identity.public import Actor, ActorKind, Credential, InstitutionRef, Role
from tests.support.fakes import CountingIds

PATIENCE_S = 10.0
STUDY_UID = "1.2.3"
VIEW = {"study_instance_uid": STUDY_UID, "instance_index": 3}
OFFER = {"type": "offer", "sdp": "v=0"}
Client = TestClient[web.Request, web.Application]


@dataclass
class FakeEngine:
    """Remembers what it is told; every connection sends both kinds and has seven slots."""

    connections: dict[str, Callable[[], None]] = field(default_factory=dict)
    attached: dict[tuple[str, str], str] = field(default_factory=dict)
    muted: set[tuple[str, Kind]] = field(default_factory=set)
    held: asyncio.Event | None = None

    async def connect(
        self, participant_id: str, offer_sdp: str, on_lost: Callable[[], None]
    ) -> Connected:
        if self.held is not None:
            await self.held.wait()
        if offer_sdp == "bad":
            raise InvalidInput("the offer cannot be read", code="bad-offer")
        self.connections[participant_id] = on_lost
        slots = tuple(Slot(f"{kind[0]}{n}", kind) for n in range(7) for kind in Kind)
        return Connected("v=answer", slots, frozenset(Kind))

    def attach(self, subscriber_id: str, mid: str, publisher_id: str) -> None:
        self.attached[subscriber_id, mid] = publisher_id

    def detach(self, subscriber_id: str, mid: str) -> None:
        self.attached.pop((subscriber_id, mid), None)

    def mute(self, publisher_id: str, kind: Kind, *, muted: bool) -> None:
        (self.muted.add if muted else self.muted.discard)((publisher_id, kind))

    async def disconnect(self, participant_id: str) -> None:
        self.connections.pop(participant_id, None)

    def stats(self) -> EngineStats:
        return EngineStats(len(self.connections), len(self.attached), 0, 0.0)

    async def close(self) -> None:
        self.connections.clear()


@dataclass
class World:
    """What the test says of consults, members and sessions."""

    closed: set[str] = field(default_factory=set)
    ended: set[str] = field(default_factory=set)
    present: set[str] = field(default_factory=set)
    kept: set[str] = field(default_factory=set)
    came: dict[str, datetime] = field(default_factory=dict)
    entering: asyncio.Event | None = None
    reached: asyncio.Event = field(default_factory=asyncio.Event)
    audit_down: bool = False
    database_down: bool = False

    async def room_of(self, actor: Actor, consult_id: str) -> ConsultRef:
        if consult_id not in {"c1", "c2"} or consult_id in self.closed:
            raise NotFound("there is no such consult")
        return ConsultRef(consult_id, "s1", STUDY_UID)

    async def may_stay(self, actor: Actor, consult_id: str) -> bool:
        if self.database_down:
            raise Unavailable("the database is out of reach")
        return consult_id not in self.closed

    async def entered(self, actor: Actor, consult: ConsultRef, at: datetime) -> None:
        if self.audit_down:
            raise Unavailable("nothing can be written down")
        self.came[actor.id] = max(at, self.came.get(actor.id, at))
        self.present.add(actor.id)
        if self.entering is not None:
            self.reached.set()
            await self.entering.wait()

    async def left(self, actor: Actor, consult: ConsultRef, at: datetime) -> None:
        if self.came[actor.id] == at:
            self.present.discard(actor.id)

    async def alive(self, credentials: Collection[Credential]) -> Collection[Credential]:
        return {each for each in credentials if each.key not in self.ended}

    async def keep(self, credentials: Collection[Credential]) -> None:
        self.kept |= {each.key for each in credentials}


def visitor_of(request: web.Request) -> Visitor:
    """Believe what the test says of itself."""
    who = request.headers.get("X-Who", "li")
    actor = Actor(
        ActorKind.PERSON, who, "demo", "i1", frozenset({Role.TOWNSHIP_DOCTOR}), "127.0.0.1"
    )
    home = InstitutionRef("i1", "马渡镇卫生院", "Madu Township Hospital")
    return Visitor(actor, Credential(CredentialKind.SESSION, f"session of {who}"), who, home)


@dataclass
class Guest:
    """One browser in a room."""

    socket: ClientWebSocketResponse

    async def say(self, **message: object) -> None:
        await self.socket.send_str(json.dumps(message))

    async def hear(self, *types: str) -> dict[str, Any]:
        """Receive until a message of one of the types."""
        async with asyncio.timeout(PATIENCE_S):
            while True:
                message: dict[str, Any] = await self.socket.receive_json()
                if message["type"] in types:
                    return message

    async def join(self, offer: dict[str, str] | None = OFFER) -> dict[str, Any]:
        await self.say(type="join", offer=offer)
        return await self.hear("welcome", "error")

    async def farewell(self) -> tuple[int | None, str | None]:
        """Wait until the server closes; return its code and the reason it told."""
        reason = None
        async with asyncio.timeout(PATIENCE_S):
            while (message := await self.socket.receive()).type is WSMsgType.TEXT:
                told = json.loads(message.data)
                reason = told["reason"] if told["type"] == "closed" else reason
        return self.socket.close_code, reason


@dataclass
class House:
    """The media role under test."""

    client: Client
    rooms: Rooms
    engine: FakeEngine
    world: World
    guests: list[Guest] = field(default_factory=list)

    async def guest(self, who: str = "li", consult: str = "c1") -> Guest:
        socket = await self.client.ws_connect(f"/rtc/{consult}", headers={"X-Who": who})
        self.guests.append(Guest(socket))
        return self.guests[-1]

    async def joined(self, who: str = "li", consult: str = "c1") -> tuple[Guest, dict[str, Any]]:
        guest = await self.guest(who, consult)
        return guest, await guest.join()


@pytest.fixture
async def house(ids: CountingIds) -> AsyncIterator[House]:
    """A running media role whose engine, members and sessions are the test's."""
    engine, world = FakeEngine(), World()
    rooms = Rooms(engine=engine, members=world, watch=world, clock=SystemClock(), ids=ids)
    app = web.Application(middlewares=[errors_become_problems(ids)])
    add_routes(app, room_routes(rooms=rooms, consults=world, visitor_of=visitor_of))
    await rooms.start()
    async with TestClient(TestServer(app)) as client:
        running = House(client, rooms, engine, world)
        yield running
        for guest in running.guests:
            await guest.socket.close()
        await rooms.stop()


async def test_two_meet_and_see_who_is_there(house: House) -> None:
    li, to_li = await house.joined("li")
    assert to_li["answer"] == {"type": "answer", "sdp": "v=answer"}
    assert to_li["leader"] == to_li["self"]
    wang, to_wang = await house.joined("wang")
    assert [each["person_id"] for each in to_wang["participants"]] == ["li", "wang"]
    assert (await li.hear("joined"))["participant"]["id"] == to_wang["self"]
    slots = (await wang.hear("slots"))["slots"]
    assert {"mid": "a0", "participant_id": to_li["self"], "kind": "audio"} in slots
    assert house.engine.attached[to_li["self"], "v0"] == to_wang["self"]
    assert house.world.present == {"li", "wang"}
    await wang.say(type="leave")
    assert (await li.hear("left"))["participant"]["person_id"] == "wang"
    assert await wang.farewell() == (1001, "going-away")
    assert house.engine.connections.keys() == {to_li["self"]}
    assert house.world.present == {"li"}


async def test_the_view_goes_to_all_and_a_late_joiner_finds_it(house: House) -> None:
    li, to_li = await house.joined("li")
    wang, to_wang = await house.joined("wang")
    view = {**VIEW, "window": {"center": 40, "width": 400}, "ecg": {"calipers": [1, 2]}}
    await li.say(type="view", view=view)
    heard = await wang.hear("view")
    assert (heard["version"], heard["by"]) == (1, to_li["self"])
    assert heard["view"] == {**dict.fromkeys(("zoom", "pan", "series_instance_uid")), **view}
    await wang.say(type="view", view=VIEW)
    assert (await wang.hear("error"))["code"] == "not-leading"
    await wang.say(type="lead")
    assert (await li.hear("leader"))["participant_id"] == to_li["self"]
    assert (await li.hear("leader"))["participant_id"] == to_wang["self"]
    _, to_zhao = await house.joined("zhao")
    assert to_zhao["view"] == heard["view"]
    assert to_zhao["view_version"] == 1


async def test_another_study_is_not_shown(house: House) -> None:
    li, _ = await house.joined("li")
    await li.say(type="view", view={"study_instance_uid": "1.2.4"})
    assert (await li.hear("error"))["code"] == "another-study"


async def test_cursor_and_mute_reach_the_others(house: House) -> None:
    li, to_li = await house.joined("li")
    wang, _ = await house.joined("wang")
    await li.say(type="cursor", x=0.25, y=0.5)
    assert await wang.hear("cursor") == {
        "type": "cursor", "participant_id": to_li["self"], "x": 0.25, "y": 0.5,
    }  # fmt: skip
    await li.say(type="mute", audio=True, video=False)
    assert (await wang.hear("mute"))["audio"] is True
    assert house.engine.muted == {(to_li["self"], Kind.AUDIO)}


async def test_without_camera_and_media_one_joins_with_the_view_alone(house: House) -> None:
    li = await house.guest("li")
    assert (await li.join(offer=None))["answer"] is None
    wang, _ = await house.joined("wang")
    assert (await wang.hear("slots"))["slots"] == []


@pytest.mark.fault
async def test_lost_media_are_told_and_joined_again_on_the_same_socket(house: House) -> None:
    li, to_li = await house.joined("li")
    wang, to_wang = await house.joined("wang")
    await wang.hear("slots")
    house.engine.connections[to_li["self"]]()
    assert (await li.hear("error"))["code"] == "media-lost"
    assert (await wang.hear("slots"))["slots"] == []
    again = await li.join()
    assert again["self"] == to_li["self"]
    assert again["leader"] == to_li["self"]
    assert len((await wang.hear("slots"))["slots"]) == 2
    assert house.engine.attached[to_wang["self"], "v0"] == to_li["self"]


async def test_who_comes_back_replaces_their_dead_socket_and_leads_on(house: House) -> None:
    li, _ = await house.joined("li")
    await li.say(type="view", view=VIEW)
    await house.joined("wang")
    again, welcome = await house.joined("li")
    assert await li.farewell() == (4409, "replaced")
    assert welcome["leader"] == welcome["self"]
    assert welcome["view"]["instance_index"] == 3
    assert [each["person_id"] for each in welcome["participants"]] == ["wang", "li"]
    assert house.world.present == {"li", "wang"}
    await again.socket.close()


async def test_a_first_try_that_ends_late_does_not_mark_the_second_gone(house: House) -> None:
    first = await house.guest("li")
    house.world.entering = asyncio.Event()
    await first.say(type="join", offer=None)
    await house.world.reached.wait()
    house.world.entering = None
    second, _ = await house.joined("li")
    assert await first.farewell() == (4409, "replaced")
    await asyncio.sleep(0.1)
    assert house.world.present == {"li"}
    await second.say(type="leave")
    await second.farewell()
    assert house.world.present == set()


async def test_a_later_try_that_is_given_up_does_not_mark_the_first_gone(house: House) -> None:
    first, _ = await house.joined("li")
    second = await house.guest("li")
    house.world.entering = asyncio.Event()
    await second.say(type="join", offer=None)
    await house.world.reached.wait()
    await second.socket.close()
    await asyncio.sleep(0.1)
    assert house.world.present == {"li"}
    await first.say(type="leave")
    await first.farewell()
    assert house.world.present == set()


async def test_a_join_that_fails_takes_the_media_before_it_away(house: House) -> None:
    li, to_li = await house.joined("li")
    wang, _ = await house.joined("wang")
    assert len((await wang.hear("slots"))["slots"]) == 2
    assert (await li.join({"type": "offer", "sdp": "bad"}))["code"] == "bad-offer"
    assert (await wang.hear("slots"))["slots"] == []
    assert to_li["self"] not in house.engine.connections
    assert (await li.join())["type"] == "welcome"
    assert len((await wang.hear("slots"))["slots"]) == 2


async def test_the_loss_of_an_old_connection_ends_no_new_one(house: House) -> None:
    li, to_li = await house.joined("li")
    lost = house.engine.connections[to_li["self"]]
    await li.join()
    lost()
    wang, _ = await house.joined("wang")
    assert len((await wang.hear("slots"))["slots"]) == 2
    assert to_li["self"] in house.engine.connections


async def test_a_room_that_everybody_left_keeps_its_view(house: House) -> None:
    li, _ = await house.joined("li")
    await li.say(type="view", view=VIEW)
    await li.say(type="leave")
    await li.farewell()
    _, welcome = await house.joined("wang")
    assert welcome["view"]["instance_index"] == 3


async def test_rooms_do_not_hear_of_each_other(house: House) -> None:
    li, _ = await house.joined("li", "c1")
    _, welcome = await house.joined("wang", "c2")
    assert len(welcome["participants"]) == 1
    await li.say(type="cursor", x=0, y=0)
    assert {subscriber for subscriber, _ in house.engine.attached} == set()


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("not json", "bad-message"),
        ("{}", "bad-message"),
        ('{"type":"dance"}', "bad-message"),
        ('{"type":"lead","extra":1}', "bad-message"),
        ('{"type":"cursor","x":1e999,"y":0}', "bad-message"),
        ('{"type":"cursor","x":"NaN","y":0}', "bad-message"),
        ('{"type":"view","view":{"study_instance_uid":"../x"}}', "bad-message"),
        ('{"type":"view","view":{"study_instance_uid":"1.2.3","zoom":0}}', "bad-message"),
        (
            '{"type":"view","view":{"study_instance_uid":"1.2.3","ecg":{"x":"'
            + "y" * 9000
            + '"}}}',
            "message-too-long",
        ),
        ("[" * 5000, "bad-message"),
        ('{"type":"join","offer":{"type":"answer","sdp":"v=0"}}', "bad-offer"),
        ('{"type":"join","offer":{"type":"offer","sdp":"bad"}}', "bad-offer"),
    ],
)
async def test_a_bad_message_is_named_and_the_room_goes_on(
    house: House, text: str, code: str
) -> None:
    li, _ = await house.joined("li")
    await li.socket.send_str(text)
    assert (await li.hear("error"))["code"] == code
    await li.say(type="mute", audio=False, video=False)
    wang, _ = await house.joined("wang")
    assert await li.hear("joined")
    await wang.socket.close()


async def test_who_has_not_joined_says_nothing(house: House) -> None:
    li = await house.guest("li")
    await li.say(type="lead")
    assert (await li.hear("error"))["code"] == "not-joined"


async def test_who_only_stands_at_the_door_is_sent_away(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("server.consults.rooms._JOINS_WITHIN_S", 0.2)
    li = await house.guest("li")
    assert await li.farewell() == (1008, "policy")


async def test_a_closed_consult_and_a_guessed_id_are_not_found(house: House) -> None:
    house.world.closed.add("c2")
    for consult in ("c2", "0" * 32):
        with pytest.raises(WSServerHandshakeError) as refused:
            await house.guest("li", consult)
        assert refused.value.status == 404


async def test_a_plain_get_is_refused(house: House) -> None:
    assert (await house.client.get("/rtc/c1")).status == 400


async def test_closing_the_consult_sends_everybody_away(house: House) -> None:
    li, _ = await house.joined("li")
    at_the_door = await house.guest("wang")
    house.world.closed.add("c1")
    async with asyncio.timeout(PATIENCE_S):
        assert await li.farewell() == (4404, "consult-closed")
        assert await at_the_door.farewell() == (4404, "consult-closed")
    assert house.engine.connections == {}


async def test_the_end_of_a_session_closes_its_sockets_alone(house: House) -> None:
    li, _ = await house.joined("li")
    wang, _ = await house.joined("wang")
    house.world.ended.add("session of li")
    async with asyncio.timeout(PATIENCE_S):
        assert await li.farewell() == (4401, "session-ended")
        await wang.hear("left")


async def test_being_in_a_room_keeps_a_session_and_standing_at_its_door_does_not(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("server.consults.doorkeeper._KEEP_EVERY_S", 0.0)
    await house.joined("li")
    await house.guest("wang")
    await house.joined("zhao")
    house.world.ended.add("session of zhao")
    await asyncio.sleep(2.5)
    assert house.world.kept == {"session of li"}


async def test_a_database_out_of_reach_ends_no_consult(house: House) -> None:
    li, _ = await house.joined("li")
    house.world.database_down = True
    await asyncio.sleep(2.5)
    house.world.database_down = False
    await house.joined("wang")
    assert await li.hear("joined")


async def test_nobody_comes_in_unrecorded(house: House) -> None:
    house.world.audit_down = True
    li = await house.guest("li")
    assert (await li.join())["code"] == "unavailable"
    assert house.engine.connections == {}
    house.world.audit_down = False
    assert (await li.join())["type"] == "welcome"


async def test_the_ninth_is_told_that_the_room_is_full(house: House) -> None:
    guests = [await house.joined(f"p{number}") for number in range(8)]
    ninth = await house.guest("p8")
    assert (await ninth.join())["code"] == "room-full"
    assert len(house.engine.connections) == 8
    await guests[0][0].say(type="leave")
    await guests[0][0].farewell()
    assert (await ninth.join())["type"] == "welcome"


async def test_one_person_holds_a_bounded_number_of_sockets(house: House) -> None:
    for _ in range(4):
        await house.guest("li")
    with pytest.raises(WSServerHandshakeError) as refused:
        await house.guest("li")
    assert refused.value.status == 429


async def test_cursors_too_many_are_dropped_and_anything_else_closes(house: House) -> None:
    li, _ = await house.joined("li")
    wang, _ = await house.joined("wang")
    for number in range(600):
        await li.say(type="cursor", x=number / 600, y=0)
    # Still there, and after a moment heard again.
    await asyncio.sleep(0.5)
    await li.say(type="mute", audio=True, video=True)
    await wang.hear("mute")
    for _ in range(600):
        await li.say(type="lead")
    assert await li.farewell() == (1008, "policy")


async def test_a_flood_of_cursors_closes_as_well(house: House) -> None:
    li, _ = await house.joined("li")
    for number in range(1500):
        await li.say(type="cursor", x=number / 1500, y=0)
    assert await li.farewell() == (1008, "policy")


async def test_a_message_is_paid_for_before_it_is_read(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    read: list[str] = []
    parsed = incoming.parsed

    def counted(text: str) -> ClientMessage:
        read.append(text)
        return parsed(text)

    monkeypatch.setattr(rooms, "parsed", counted)
    li, _ = await house.joined("li")
    for _ in range(20):
        await li.socket.send_str('{"type":"join","offer":"' + "[" * 200_000)
    assert await li.farewell() == (1008, "policy")
    assert len(read) <= 3


async def test_what_is_too_long_is_not_parsed(
    house: House,
) -> None:
    li, _ = await house.joined("li")
    await li.socket.send_str("[" * 9000)
    assert (await li.hear("error"))["code"] == "message-too-long"


async def test_joining_again_and_again_is_too_much(house: House) -> None:
    li, _ = await house.joined("li")
    for _ in range(6):
        await li.say(type="join", offer=OFFER)
    assert await li.farewell() == (1008, "policy")


async def test_whose_session_ends_while_the_connection_is_made_leaves_nothing(
    house: House,
) -> None:
    house.engine.held = asyncio.Event()
    li = await house.guest("li")
    await li.say(type="join", offer=OFFER)
    house.world.ended.add("session of li")
    assert await li.farewell() == (4401, "session-ended")
    house.engine.held.set()
    house.engine.held = None
    _, welcome = await house.joined("wang")
    assert [each["person_id"] for each in welcome["participants"]] == ["wang"]
    assert len(house.engine.connections) == 1


async def test_a_binary_message_and_one_too_large_close_the_socket(house: House) -> None:
    li, _ = await house.joined("li")
    await li.socket.send_bytes(b"hello")
    assert (await li.farewell())[0] == 1008
    li, _ = await house.joined("li")
    await li.socket.send_str("x" * 300_000)
    assert (await li.farewell())[0] in {1009, 1006}


async def test_shutdown_sends_everybody_away(house: House) -> None:
    li, _ = await house.joined("li")
    stopping = asyncio.create_task(house.rooms.stop())
    assert await li.farewell() == (1001, "going-away")
    await stopping
    with pytest.raises(WSServerHandshakeError) as refused:
        await house.guest("wang")
    assert refused.value.status == 503
