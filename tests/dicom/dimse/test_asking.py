"""C-FIND, C-GET and C-MOVE as their requestor: our own node answers, and peers that misbehave."""

import asyncio
import struct
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import aclosing, asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path

import pytest
from pydicom.dataset import Dataset

from dicom.dimse.callbacks import StoreRequest, StoreResult
from dicom.dimse.calling import AssociationLostError, PeerAddress, RefusedError, ScuError
from dicom.dimse.find import FindRefusedError
from dicom.dimse.information_models import STUDY_ROOT_FIND, STUDY_ROOT_GET, STUDY_ROOT_MOVE
from dicom.dimse.limits import DimseLimits
from dicom.dimse.outgoing import OutgoingObject, outgoing_file
from dicom.dimse.requestor import associate
from dicom.dimse.retrieve import Retrieval, RetrieveRefusedError, RetrieveRequest, Tally
from dicom.dimse.retrieving import Retrieved, get, get_proposal, move
from dicom.dimse.scu import Scu, query_proposal
from dicom.dimse.server import DimseServer
from tests.dicom.dimse.acceptors import Script, acceptance, address, storescp
from tests.dicom.dimse.node import (
    IMPLICIT,
    MemoryHandler,
    OpenGate,
    element,
    p_data,
    pdv,
    running_node,
)
from tests.dicom.dimse.senders import CT_FILES
from tests.dicom.dimse.test_scu import SHORT, Act, peer, stored_in


def wanted() -> Dataset:
    ds = Dataset()
    ds.QueryRetrieveLevel = "STUDY"
    ds.StudyInstanceUID = "1.2.3"
    return ds


# Our own node answers


@dataclass
class Library:
    """Gives everybody everything, or refuses."""

    objects: list[OutgoingObject]
    destination: PeerAddress | None = None
    refusal: RetrieveRefusedError | None = None
    tallies: list[Tally] = field(default_factory=list)

    async def retrieve(self, request: RetrieveRequest[str], /) -> Retrieval:
        if self.refusal is not None:
            raise self.refusal
        return Retrieval(self.objects, (), self.destination if request.destination_ae else None)

    def retrieved(self, request: RetrieveRequest[str], tally: Tally, /) -> None:
        del request
        self.tallies.append(tally)


@asynccontextmanager
async def library(given: Library) -> AsyncIterator[int]:
    server = DimseServer(OpenGate(), MemoryHandler(), retrieve_handler=given)
    try:
        yield await server.start("127.0.0.1", 0)
    finally:
        await server.close(0)


def everything() -> list[OutgoingObject]:
    return [outgoing_file(each.path) for each in CT_FILES]


@dataclass
class Inbox:
    """Keeps the data sets that come, by SOP instance UID."""

    received: dict[str, bytearray] = field(default_factory=dict)

    def begin(self, request: StoreRequest[None], /) -> "Entry":
        return Entry(self.received.setdefault(request.sop_instance_uid, bytearray()))


@dataclass
class Entry:
    """One of them, on its way."""

    data: bytearray

    def write(self, chunk: memoryview, /) -> None:
        self.data += chunk

    async def finish(self) -> StoreResult:
        return StoreResult(0)

    def abort(self) -> None:
        self.data.clear()


async def get_from(
    port: int, handler: Inbox | None = None, progress: Callable[[int], None] = lambda _: None
) -> Retrieved:
    async with associate(address(port), get_proposal(STUDY_ROOT_GET)) as requestor:
        return await get(requestor, STUDY_ROOT_GET, wanted(), handler or Inbox(), progress)


async def move_from(port: int, progress: Callable[[int], None] = lambda _: None) -> Retrieved:
    async with associate(address(port), query_proposal(STUDY_ROOT_MOVE)) as requestor:
        return await move(requestor, STUDY_ROOT_MOVE, wanted(), "THIRD", progress)


async def test_what_is_got_is_what_is_stored_and_is_counted() -> None:
    inbox, progress = Inbox(), list[int]()
    async with library(Library(everything())) as port:
        got = await get_from(port, inbox, progress.append)
    count = len(CT_FILES)
    assert got == Retrieved(count, 0, 0, None)
    assert progress == list(range(1, count + 1))
    for each in everything():
        async with each.open() as blocks:
            assert inbox.received[each.sop_instance_uid] == b"".join(
                [block async for block in blocks]
            )


async def test_what_is_moved_goes_to_the_third(tmp_path: Path) -> None:
    progress: list[int] = []
    async with storescp(tmp_path, "--bit-preserving") as third:
        given = Library(everything(), address(third))
        async with library(given) as port:
            moved = await move_from(port, progress.append)
    assert moved == Retrieved(len(CT_FILES), 0, 0, None)
    assert progress == list(range(1, len(CT_FILES)))
    assert stored_in(tmp_path).keys() == {each.sop_instance_uid for each in everything()}


@pytest.mark.parametrize("ask", [get_from, move_from])
async def test_a_refusal_is_told_with_its_reason(
    ask: Callable[[int], Awaitable[Retrieved]],
) -> None:
    refusal = RetrieveRefusedError(0xA801, "no such destination")
    async with library(Library([], refusal=refusal)) as port:
        with pytest.raises(RefusedError, match="status A801: no such destination"):
            await ask(port)


async def test_what_matches_is_found_and_a_refusal_comes_after_it() -> None:
    async with running_node() as node:
        node.finder.matches = [wanted()] * 3
        async with associate(address(node.port), query_proposal(STUDY_ROOT_FIND)) as requestor:
            scu = Scu(requestor)
            found = [match async for match in scu.find(STUDY_ROOT_FIND, wanted())]
            assert [match.StudyInstanceUID for match in found] == ["1.2.3"] * 3
            node.finder.refusal = FindRefusedError(0xA700, "too many")
            with pytest.raises(RefusedError, match="status A700: too many"):
                found += [match async for match in scu.find(STUDY_ROOT_FIND, wanted())]
            assert node.finder.sent == 6
            assert requestor.is_alive


async def test_who_has_enough_cancels_and_asks_again_on_the_same_association() -> None:
    async with running_node() as node:
        node.finder.matches = iter(wanted, None)
        async with associate(address(node.port), query_proposal(STUDY_ROOT_FIND)) as requestor:
            scu = Scu(requestor)
            async with aclosing(scu.find(STUDY_ROOT_FIND, wanted())) as matches:
                async for _ in matches:
                    break
            assert node.finder.closed == 1
            node.finder.matches = [wanted()]
            assert len([match async for match in scu.find(STUDY_ROOT_FIND, wanted())]) == 1


# Peers that misbehave


def answer(field_: int, status: int, *, message_id: int = 1, data: int = 0x101) -> bytes:
    body = element(0x0100, struct.pack("<H", field_))
    body += element(0x0120, struct.pack("<H", message_id))
    body += element(0x0800, struct.pack("<H", data)) + element(0x0900, struct.pack("<H", status))
    return p_data(pdv(1, 3, element(0, struct.pack("<I", len(body))) + body))


async def find_from(port: int, limits: DimseLimits | None = None) -> list[Dataset]:
    async with associate(address(port), query_proposal(STUDY_ROOT_FIND), limits) as requestor:
        return [match async for match in Scu(requestor).find(STUDY_ROOT_FIND, wanted())]


FIND, GET, MOVE = 0x8020, 0x8010, 0x8021
PENDING = 0xFF00
BROKEN = {
    "a match without its data set": (find_from, answer(FIND, PENDING)),
    "a final answer with a data set": (find_from, answer(FIND, 0, data=1)),
    "an identifier that is none": (
        find_from,
        answer(FIND, PENDING, data=1) + p_data(pdv(1, 2, b"\x08\0\x05\0\xff\xff\xff\x0fXX")),
    ),
    "an answer of another service": (find_from, answer(MOVE, 0)),
    "an answer to another query": (find_from, answer(FIND, 0, message_id=7)),
    "an answer without a status": (
        move_from,
        p_data(pdv(1, 3, element(0x0100, struct.pack("<H", MOVE)) + element(0x0120, b"\1\0"))),
    ),
    "progress with a data set": (move_from, answer(MOVE, PENDING, data=1)),
    "an answer of C-GET to C-MOVE": (move_from, answer(GET, 0)),
    "an answer of C-MOVE to C-GET": (get_from, answer(MOVE, 0)),
    "an answer to another retrieval": (get_from, answer(GET, 0, message_id=2)),
    "a question that is no object": (get_from, answer(0x0030, 0)),
}


@pytest.mark.parametrize(("ask", "said"), BROKEN.values(), ids=BROKEN)
async def test_a_peer_that_breaks_the_protocol_is_left(
    ask: Callable[[int], Awaitable[object]], said: bytes
) -> None:
    async def act(script: Script) -> None:
        await script.receive()
        await script.send(acceptance((1, IMPLICIT)))
        await script.receive()
        await script.receive()
        await script.send(said)
        await script.at_end()

    async with peer(act) as port:
        with pytest.raises(AssociationLostError, match="broke the protocol"):
            await ask(port)


def reached(stage: int, then: Callable[[Script], None]) -> Act:
    """Go so far with a query, then do as told."""

    async def act(script: Script) -> None:
        if stage >= 1:
            await script.receive()
        if stage >= 2:
            await script.send(acceptance((1, IMPLICIT)))
        if stage >= 3:
            await script.receive()
        if stage >= 4:
            await script.receive()
        if stage >= 5:
            await script.send(answer(FIND, PENDING, data=1))
        then(script)
        await script.at_end()

    return act


def vanish(script: Script) -> None:
    script.writer.transport.abort()


def stay_silent(_: Script) -> None:
    pass


@pytest.mark.parametrize("then", [vanish, stay_silent])
@pytest.mark.parametrize("stage", range(6))
async def test_a_peer_that_vanishes_or_falls_silent_costs_a_bounded_wait(
    stage: int, then: Callable[[Script], None]
) -> None:
    async with peer(reached(stage, then)) as port, asyncio.timeout(20):
        with pytest.raises(ScuError):
            await find_from(port, SHORT)


async def test_a_peer_that_does_not_stop_when_cancelled_is_left() -> None:
    match = p_data(pdv(1, 2, b"\x08\0\x52\0\x06\0\0\0STUDY "))

    async def act(script: Script) -> None:
        await script.receive()
        await script.send(acceptance((1, IMPLICIT)))
        while True:
            await script.send(answer(FIND, PENDING, data=1) + match)

    proposal = query_proposal(STUDY_ROOT_FIND)
    async with (
        asyncio.timeout(20),
        peer(act) as port,
        associate(address(port), proposal, DimseLimits(response_s=0.3)) as requestor,
    ):
        async with aclosing(Scu(requestor).find(STUDY_ROOT_FIND, wanted())) as matches:
            async for _ in matches:
                break
        assert not requestor.is_alive
