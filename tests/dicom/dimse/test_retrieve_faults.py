"""C-GET and C-MOVE with peers in trouble: each costs a bounded wait, and others nothing."""

import asyncio
import struct
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager, suppress

import pytest

from dicom.dimse.calling import PeerAddress
from dicom.dimse.information_models import STUDY_ROOT_GET, STUDY_ROOT_MOVE
from dicom.dimse.limits import DimseLimits
from dicom.dimse.outgoing import OutgoingObject, outgoing_file
from dicom.dimse.server import DimseServer
from tests.dicom.dimse.acceptors import Script, acceptance, address
from tests.dicom.dimse.node import (
    CT,
    ECHO,
    IMPLICIT,
    VERIFICATION,
    MemoryHandler,
    OpenGate,
    RawPeer,
    associate_request,
    context_item,
    element,
    item,
    p_data,
    pdv,
    raw_peer,
    until,
    user_item,
)
from tests.dicom.dimse.senders import CT_FILES
from tests.dicom.dimse.test_asking import Library
from tests.dicom.dimse.test_scu import blocks_of, peer

LIMITS = DimseLimits(response_s=0.5, artim_s=2.0, pdu_progress_s=2.0, timer_resolution_s=0.05)
LEVEL = struct.pack("<HHI", 0x0008, 0x0052, 6) + b"STUDY "
FAILED, PARTLY, SUCCESS = 0xA702, 0xB000, 0x0000


def three() -> list[OutgoingObject]:
    return [blocks_of(b"x" * 1000, 1) for _ in range(3)]


@asynccontextmanager
async def library(given: Library, gate: OpenGate | None = None) -> AsyncIterator[int]:
    server = DimseServer(gate or OpenGate(), MemoryHandler(), retrieve_handler=given, limits=LIMITS)
    try:
        yield await server.start("127.0.0.1", 0)
    finally:
        await server.close(0)


def ask(field: int, model: str, *, message_id: int = 1) -> bytes:
    """Return the PDUs of a request, on context 1."""
    extra = element(0x0600, b"THIRD ") if model == STUDY_ROOT_MOVE else b""
    body = element(0x0002, model.encode()) + element(0x0100, struct.pack("<H", field))
    body += element(0x0110, struct.pack("<H", message_id)) + extra + element(0x0700, b"\0\0")
    body += element(0x0800, b"\1\0")
    request = element(0, struct.pack("<I", len(body))) + body
    return p_data(pdv(1, 3, request)) + p_data(pdv(1, 2, LEVEL))


GET = ask(0x10, STUDY_ROOT_GET)
MOVE = ask(0x21, STUDY_ROOT_MOVE)


async def others_are_served(port: int) -> None:
    async with raw_peer(port) as honest:
        await honest.associate(associate_request(context_item(1, VERIFICATION, IMPLICIT)))
        assert await honest.echo() == SUCCESS


# C-GET: the peer that asks is the one that stores


@asynccontextmanager
async def getting(port: int) -> AsyncIterator[RawPeer]:
    """Ask for everything, as SCP of CT."""
    role = item(0x54, struct.pack(">H", len(CT)) + CT.encode() + bytes([0, 1]))
    contexts = context_item(1, STUDY_ROOT_GET, IMPLICIT) + context_item(3, CT, IMPLICIT)
    async with raw_peer(port) as asking:
        await asking.associate(associate_request(contexts, user_item(role)))
        await asking.send(GET)
        yield asking


async def an_object(asking: RawPeer) -> int:
    """Wait for the end of the next object and return its message's number."""
    message_id = None
    while True:
        kind, body = await asking.receive()
        assert kind == 0x04, (kind, body)
        control = body[5]
        if control == 3:
            at = body.index(struct.pack("<HHI", 0, 0x0110, 2)) + 8
            message_id = int.from_bytes(body[at : at + 2], "little")
        elif control == 2:
            assert message_id is not None
            return message_id


def stored(message_id: int, status: int = 0) -> bytes:
    body = element(0x0100, struct.pack("<H", 0x8001))
    body += element(0x0120, struct.pack("<H", message_id))
    body += element(0x0800, struct.pack("<H", 0x0101)) + element(0x0900, struct.pack("<H", status))
    return p_data(pdv(3, 3, element(0, struct.pack("<I", len(body))) + body))


async def test_a_peer_that_answers_late_is_waited_for_and_delays_nobody() -> None:
    given = Library(three())
    async with library(given) as port, getting(port) as asking:
        for _ in range(3):
            message_id = await an_object(asking)
            await others_are_served(port)
            await asking.send(stored(message_id))
            # Progress after each but the last, then the end.
            assert await asking.receive_status() in {0xFF00, SUCCESS}
    assert [(each.completed, each.failed) for each in given.tallies] == [(3, 0)]


async def test_a_peer_that_does_not_answer_an_object_is_aborted() -> None:
    given, gate = Library(three()), OpenGate()
    async with library(given, gate) as port:
        async with getting(port) as asking:
            await asking.send(stored(await an_object(asking)))
            await asking.receive_status()
            await an_object(asking)
            assert (await asking.receive())[0] == 0x07
        await until(lambda: bool(given.tallies) and bool(gate.summaries))
        await others_are_served(port)
    (tally,) = given.tallies
    assert (tally.completed, tally.failed + tally.remaining) == (1, 2)


@pytest.mark.parametrize("answers", [(9,), (1, 1)], ids=["to nothing", "twice"])
async def test_an_answer_to_no_object_that_waits_is_aborted(answers: tuple[int, ...]) -> None:
    given = Library(three())
    async with library(given) as port:
        async with getting(port) as asking:
            assert await an_object(asking) == 1
            await asking.send(b"".join(map(stored, answers)))
            while (await asking.receive())[0] != 0x07:
                pass
        await until(lambda: bool(given.tallies))
        await others_are_served(port)
    assert given.tallies[0].failed + given.tallies[0].remaining >= 2


async def test_a_second_request_beside_one_under_way_is_aborted() -> None:
    given = Library(three())
    async with library(given) as port:
        async with getting(port) as asking:
            await an_object(asking)
            await asking.send(GET)
            while (await asking.receive())[0] != 0x07:
                pass
        await until(lambda: bool(given.tallies))
        await others_are_served(port)


async def test_requests_of_one_number_one_after_the_other_are_answered() -> None:
    given = Library(three()[:1])
    async with library(given) as port, getting(port) as asking:
        for _ in range(3):
            await asking.send(stored(await an_object(asking)))
            assert await asking.receive_status() == SUCCESS
            if len(given.tallies) < 3:
                await asking.send(GET)


# C-MOVE: a third peer stores


@asynccontextmanager
async def moving(port: int) -> AsyncIterator[RawPeer]:
    contexts = context_item(1, STUDY_ROOT_MOVE, IMPLICIT) + context_item(5, VERIFICATION, IMPLICIT)
    async with raw_peer(port) as asking:
        await asking.associate(associate_request(contexts))
        await asking.send(MOVE)
        yield asking


async def final(asking: RawPeer) -> int:
    while (status := await asking.receive_status()) == 0xFF00:
        pass
    return status


def answer(message_id: int) -> bytes:
    return p_data(pdv(1, 3, stored(message_id)[12:]))


def reached(stage: int, then: Callable[[Script], None]) -> Callable[[Script], Awaitable[None]]:
    """Go so far as a destination, then do as told."""

    async def act(script: Script) -> None:
        if stage >= 1:
            await script.receive()
        if stage >= 2:
            await script.send(acceptance((1, IMPLICIT)))
        for number in range(1, 4):
            if stage >= 2 + number:
                # A command, and a data set of one fragment.
                await script.receive()
                await script.receive()
                await script.send(answer(number))
        if stage >= 6:
            await script.receive()
        then(script)
        with suppress(OSError):
            await script.at_end()

    return act


def vanish(script: Script) -> None:
    script.writer.transport.abort()


def fall_silent(_: Script) -> None:
    pass


@pytest.mark.parametrize("then", [vanish, fall_silent])
@pytest.mark.parametrize(
    ("stage", "status", "failed"),
    [
        (0, FAILED, 3), (1, FAILED, 3), (2, FAILED, 3), (3, PARTLY, 2), (4, PARTLY, 1),
        # Who has everything and does not agree to the release has everything still.
        (5, SUCCESS, 0), (6, SUCCESS, 0),
    ],
)  # fmt: skip
async def test_a_destination_vanishes_or_falls_silent_in_each_state(
    then: Callable[[Script], None], stage: int, status: int, failed: int
) -> None:
    async with peer(reached(stage, then)) as third:
        given = Library(three(), address(third))
        async with library(given) as port, moving(port) as asking:
            assert await final(asking) == status
            if status != SUCCESS:
                # The list of what failed.
                assert (await asking.receive())[0] == 0x04
            await others_are_served(port)
            await asking.send(p_data(pdv(5, 3, ECHO[12:])))
            assert await asking.receive_status() == SUCCESS
    (tally,) = given.tallies
    assert (tally.failed, tally.remaining) == (failed, 0)


@pytest.mark.parametrize("when", ["at once", "before the final response"])
async def test_a_peer_that_vanishes_stops_its_move(when: str) -> None:
    may_answer = asyncio.Event()

    async def act(script: Script) -> None:
        await script.receive()
        await script.send(acceptance((1, IMPLICIT)))
        for number in range(1, 4):
            await script.receive()
            await script.receive()
            await may_answer.wait()
            await script.send(answer(number))

    async with peer(act) as third:
        given = Library(three(), address(third))
        async with library(given) as port:
            async with moving(port):
                if when != "at once":
                    may_answer.set()
                    await until(lambda: bool(given.tallies))
            await until(lambda: bool(given.tallies))
            may_answer.set()
            await others_are_served(port)
    assert len(given.tallies) == 1


async def test_a_destination_that_is_ourselves_is_a_destination_like_any_other() -> None:
    given = Library([outgoing_file(CT_FILES[0].path)])
    async with library(given) as port:
        given.destination = PeerAddress("127.0.0.1", port, "LIANZHEN", "LIANZHEN", None)
        async with moving(port) as asking:
            assert await final(asking) == SUCCESS
