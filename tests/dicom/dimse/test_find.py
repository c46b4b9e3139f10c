"""C-FIND: DCMTK and pynetdicom ask, and peers that do not play by the rules."""

import asyncio
import itertools
import struct
from collections.abc import Iterator

import pytest
from pydicom.dataset import Dataset
from pynetdicom import AE
from pynetdicom.status import code_to_category

from dicom.dimse.callbacks import Ending
from dicom.dimse.find import FindRefusedError
from dicom.dimse.identifier import IdentifierError, decode_identifier, encode_identifier
from dicom.dimse.information_models import PATIENT_ROOT_FIND, STUDY_ROOT_FIND
from dicom.dimse.limits import DimseLimits
from dicom.dimse.negotiate import Negotiator
from tests.dicom.dimse.node import (
    ECHO,
    EXPLICIT,
    IMPLICIT,
    VERIFICATION,
    RawPeer,
    associate_request,
    command,
    context_item,
    element,
    p_data,
    pdv,
    raw_peer,
    running_node,
    until,
)
from tests.dicom.dimse.senders import run
from tests.support.peers import require_program

CONTEXTS = context_item(1, VERIFICATION, IMPLICIT) + context_item(3, STUDY_ROOT_FIND, IMPLICIT)


def studies(count: int) -> Iterator[Dataset]:
    for number in range(count):
        ds = Dataset()
        ds.QueryRetrieveLevel = "STUDY"
        ds.PatientName = f"ZHANG^{number}"
        ds.StudyInstanceUID = f"1.2.{number}"
        yield ds


def wanted() -> Dataset:
    ds = Dataset()
    ds.QueryRetrieveLevel = "STUDY"
    ds.PatientName = "ZHANG*"
    ds.StudyInstanceUID = ""
    return ds


def find(identifier: bytes, *, message_id: int = 1) -> bytes:
    request = command(0x20, STUDY_ROOT_FIND, message_id=message_id, has_data_set=True)
    pieces = [identifier[start : start + 16_000] for start in range(0, len(identifier), 16_000)]
    last = len(pieces) - 1
    return p_data(pdv(3, 3, request)) + b"".join(
        p_data(pdv(3, 2 if index == last else 0, piece)) for index, piece in enumerate(pieces)
    )


def cancel(message_id: int) -> bytes:
    body = element(0x0100, struct.pack("<H", 0x0FFF))
    body += element(0x0120, struct.pack("<H", message_id))
    body += element(0x0800, struct.pack("<H", 0x0101))
    return p_data(pdv(3, 3, element(0, struct.pack("<I", len(body))) + body))


FIND = find(encode_identifier(wanted(), IMPLICIT))


async def asking(peer: RawPeer) -> None:
    await peer.associate(associate_request(CONTEXTS))


async def status_of(peer: RawPeer) -> int:
    """Return the next response's status, past the data sets of those before."""
    while True:
        kind, body = await peer.receive()
        assert kind == 0x04, f"PDU type {kind}: {body!r}"
        if body[5] & 1:
            at = body.index(struct.pack("<HHI", 0, 0x0900, 2)) + 8
            return int.from_bytes(body[at : at + 2], "little")


async def final_status(peer: RawPeer) -> int:
    while (status := await status_of(peer)) in {0xFF00, 0xFF01}:
        pass
    return status


@pytest.mark.parametrize("transfer_syntax", ["-xi", "-xe"])
@pytest.mark.parametrize("model", ["-P", "-S"])
async def test_findscu_hears_every_match(model: str, transfer_syntax: str) -> None:
    program = require_program("findscu")
    async with running_node() as node:
        node.finder.matches = studies(3)
        code, output = await run(
            program,
            *("-v", model, transfer_syntax, "-k", "QueryRetrieveLevel=STUDY"),
            *("-k", "PatientName=ZHANG*", "127.0.0.1", str(node.port)),
        )
        assert code == 0, output
        assert [f"ZHANG^{number}" in output for number in range(3)] == [True] * 3
        (request,) = node.finder.requests
        assert str(request.identifier.PatientName) == "ZHANG*"
        assert request.sop_class_uid == {"-P": PATIENT_ROOT_FIND, "-S": STUDY_ROOT_FIND}[model]
        assert request.transfer_syntax_uid == {"-xi": IMPLICIT, "-xe": EXPLICIT}[transfer_syntax]
        assert node.server.stats().queries == 1


async def test_findscu_that_cancels_gets_the_matches_before_and_an_end() -> None:
    program = require_program("findscu")
    async with running_node() as node:
        node.finder.matches = studies(100_000)
        code, output = await run(
            program,
            *("-v", "-S", "--cancel", "5", "-k", "QueryRetrieveLevel=STUDY"),
            *("127.0.0.1", str(node.port)),
        )
        assert code == 0, output
        assert "ZHANG^4" in output
        assert node.finder.sent < 100_000
        assert node.finder.closed == 1


def ask_with_pynetdicom(port: int) -> list[tuple[str, str]]:
    ae = AE()
    ae.add_requested_context(STUDY_ROOT_FIND)
    association = ae.associate("127.0.0.1", port)
    try:
        assert association.is_established
        return [
            (code_to_category(status.Status), str(found.PatientName) if found else "")
            for status, found in association.send_c_find(wanted(), STUDY_ROOT_FIND)
        ]
    finally:
        association.release()


async def test_pynetdicom_hears_matches_then_success() -> None:
    async with running_node() as node:
        node.finder.matches = studies(2)
        heard = await asyncio.to_thread(ask_with_pynetdicom, node.port)
        assert heard == [("Pending", "ZHANG^0"), ("Pending", "ZHANG^1"), ("Success", "")]


async def test_keys_that_are_not_matched_are_said_with_each_match() -> None:
    async with running_node() as node, raw_peer(node.port) as peer:
        node.finder.matches, node.finder.all_keys_supported = studies(1), False
        await asking(peer)
        await peer.send(FIND)
        assert [await status_of(peer), await status_of(peer)] == [0xFF01, 0x0000]


async def test_nothing_found_is_success_alone_and_the_association_goes_on() -> None:
    async with running_node() as node, raw_peer(node.port) as peer:
        await asking(peer)
        await peer.send(FIND)
        assert await status_of(peer) == 0x0000
        assert await peer.echo() == 0x0000
        await peer.send(FIND)
        assert await status_of(peer) == 0x0000
        assert len(node.finder.requests) == 2


async def test_a_refusal_after_matches_is_the_final_status() -> None:
    async with running_node() as node, raw_peer(node.port) as peer:
        node.finder.matches = studies(1)
        node.finder.refusal = FindRefusedError(0xA700, "narrow it")
        await asking(peer)
        await peer.send(FIND)
        assert [await status_of(peer), await status_of(peer)] == [0xFF00, 0xA700]


async def test_a_handler_that_fails_is_a_failure_of_that_query_alone() -> None:
    def failing() -> Iterator[Dataset]:
        yield from studies(1)
        raise RuntimeError

    async with running_node() as node, raw_peer(node.port) as peer:
        node.finder.matches = failing()
        await asking(peer)
        await peer.send(FIND)
        assert await final_status(peer) == 0xC000
        assert await peer.echo() == 0x0000


async def test_a_query_that_takes_too_long_ends_with_a_word() -> None:
    async with running_node(DimseLimits(find_s=0.05)) as node, raw_peer(node.port) as peer:
        node.finder.matches = studies(1)
        node.finder.may_go_on.clear()
        await asking(peer)
        await peer.send(FIND)
        assert await status_of(peer) == 0xA700
        assert node.finder.closed == 1


async def test_a_cancel_of_another_message_or_too_late_changes_nothing() -> None:
    async with running_node() as node, raw_peer(node.port) as peer:
        node.finder.matches = studies(2)
        await asking(peer)
        await peer.send(FIND + cancel(7))
        assert await final_status(peer) == 0x0000
        await peer.send(cancel(1))
        assert await peer.echo() == 0x0000


async def test_a_request_while_a_query_is_answered_is_aborted() -> None:
    async with running_node() as node, raw_peer(node.port) as peer:
        node.finder.matches = studies(1)
        node.finder.may_go_on.clear()
        await asking(peer)
        await peer.send(FIND)
        await until(lambda: len(node.finder.requests) == 1)
        await peer.send(ECHO)
        assert (await peer.receive())[0] == 0x07
        summary = await node.summary()
        assert summary.ending is Ending.ABORTED
        assert node.finder.closed == 1


async def test_a_query_that_is_ended_before_it_began_keeps_no_books_open() -> None:
    async with running_node() as node, raw_peer(node.port) as peer:
        await asking(peer)
        await peer.send(FIND + FIND)
        summary = await node.summary()
        assert summary.reason == "a request before the last was answered"


async def test_a_peer_that_goes_away_ends_its_query() -> None:
    async with running_node() as node:
        node.finder.matches = studies(1)
        node.finder.may_go_on.clear()
        async with raw_peer(node.port) as peer:
            await asking(peer)
            await peer.send(FIND)
            await until(lambda: len(node.finder.requests) == 1)
        summary = await node.summary()
        assert summary.ending is Ending.CONNECTION_LOST
        assert node.finder.closed == 1


async def test_a_peer_that_does_not_read_matches_is_not_sent_all_of_them() -> None:
    limits = DimseLimits(pdu_progress_s=1.0, timer_resolution_s=0.02)
    async with running_node(limits) as node, raw_peer(node.port) as peer:
        node.finder.matches = itertools.chain.from_iterable(itertools.repeat(list(studies(1))))
        await asking(peer)
        peer.writer.transport.pause_reading()  # type: ignore[attr-defined]  # a full transport
        await peer.send(FIND)
        summary = await node.summary()
        assert summary.reason == "the peer does not read our response"
        assert node.finder.closed == 1
        # What a socket takes, not what there is.
        assert node.finder.sent < 1_000_000


async def test_others_are_served_while_a_query_runs() -> None:
    async with running_node() as node, raw_peer(node.port) as peer, raw_peer(node.port) as other:
        node.finder.matches = itertools.chain.from_iterable(itertools.repeat(list(studies(1))))
        await asking(peer)
        await other.associate()
        await peer.send(FIND)
        await status_of(peer)
        assert await other.echo() == 0x0000
        await peer.send(cancel(1))
        assert await final_status(peer) == 0xFE00


async def test_closing_the_node_ends_a_query_after_its_grace() -> None:
    async with running_node() as node, raw_peer(node.port) as peer:
        node.finder.matches = studies(1)
        node.finder.may_go_on.clear()
        await asking(peer)
        await peer.send(FIND)
        await until(lambda: len(node.finder.requests) == 1)
        await node.server.close(0.05)
        assert node.finder.closed == 1
        assert (await node.summary()).ending is Ending.SHUT_DOWN


async def test_an_identifier_that_never_ends_is_aborted() -> None:
    limits = DimseLimits(max_identifier_bytes=65_536)
    async with running_node(limits) as node, raw_peer(node.port) as peer:
        await asking(peer)
        await peer.send(find(bytes(80_000)))
        assert (await peer.receive())[0] == 0x07
        assert node.finder.requests == []


def nested(depth: int) -> bytes:
    opening = b"\x08\x00\x40\x11" + b"\xff" * 4 + b"\xfe\xff\x00\xe0" + b"\xff" * 4
    closing = b"\xfe\xff\x0d\xe0" + bytes(4) + b"\xfe\xff\xdd\xe0" + bytes(4)
    return opening * depth + closing * depth


HOSTILE = {
    "cut": encode_identifier(wanted(), IMPLICIT)[:-3],
    "a length that lies": b"\x10\x00\x10\x00\xfe\xff\xff\x7f" + b"ZHANG",
    "deep": nested(1000),
    "many elements": b"".join(
        struct.pack("<HHI", 0x10 + 2 * (n // 60_000), n % 60_000, 0) for n in range(10_000)
    ),
}


@pytest.mark.parametrize("content", HOSTILE.values(), ids=HOSTILE.keys())
async def test_a_hostile_identifier_is_a_failure_of_that_query_alone(content: bytes) -> None:
    async with running_node() as node, raw_peer(node.port) as peer:
        await asking(peer)
        await peer.send(find(content))
        assert await status_of(peer) == 0xC000
        assert node.finder.requests == []
        assert await peer.echo() == 0x0000


async def test_a_query_on_a_storage_context_is_refused() -> None:
    async with running_node() as node, raw_peer(node.port) as peer:
        await peer.associate()
        request = command(0x20, VERIFICATION, has_data_set=True)
        identifier = encode_identifier(wanted(), IMPLICIT)
        await peer.send(p_data(pdv(1, 3, request)) + p_data(pdv(1, 2, identifier)))
        assert await peer.receive_status() == 0x0211


async def test_a_query_without_identifier_is_refused() -> None:
    async with running_node() as node, raw_peer(node.port) as peer:
        await asking(peer)
        await peer.send(p_data(pdv(3, 3, command(0x20, STUDY_ROOT_FIND))))
        assert await status_of(peer) == 0xC000


@pytest.mark.parametrize("transfer_syntax", [IMPLICIT, EXPLICIT])
def test_an_identifier_comes_back_as_it_went(transfer_syntax: str) -> None:
    again = decode_identifier(encode_identifier(wanted(), transfer_syntax), transfer_syntax)
    assert again == wanted()


def test_what_is_no_identifier_says_so_without_its_values() -> None:
    with pytest.raises(IdentifierError, match="damaged") as refused:
        decode_identifier(b"\x10\x00\x10\x00\xff\xff\x00\x00SECRET", IMPLICIT)
    assert "SECRET" not in str(refused.value)


def test_a_node_that_answers_no_queries_negotiates_none() -> None:
    offered = associate_request(CONTEXTS)[6:]
    accepted = Negotiator(DimseLimits()).negotiate(offered).accepted
    assert set(accepted) == {1}
    assert set(Negotiator(DimseLimits(), serves_queries=True).negotiate(offered).accepted) == {1, 3}
