"""What we ask of others: real nodes answer, and those that misbehave cost a bounded wait."""

import asyncio
import ssl
import struct
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager, suppress
from pathlib import Path
from typing import cast

import pytest
from pynetdicom import AE, evt
from pynetdicom.dimse_primitives import C_STORE
from pynetdicom.dsutils import split_dataset
from pynetdicom.sop_class import CTImageStorage, Verification  # type: ignore[attr-defined]  # made at import

from dicom.dimse.callbacks import MoveOriginator, Rejection, StoreResult
from dicom.dimse.calling import (
    AssociationLostError,
    NotAcceptedError,
    PeerTimeoutError,
    RejectedError,
    ScuError,
    UnreachableError,
)
from dicom.dimse.limits import DimseLimits
from dicom.dimse.outgoing import OutgoingObject, outgoing_file
from dicom.dimse.proposal import propose
from dicom.dimse.requestor import associate
from dicom.dimse.scu import Scu, echo_proposal, store_proposal
from dicom.faults import DicomFormatError
from tests.dicom.dimse.acceptors import Script, acceptance, address, pynetdicom_scp, storescp
from tests.dicom.dimse.certificates import certificate, client_context, server_context
from tests.dicom.dimse.node import (
    CT,
    IMPLICIT,
    VERIFICATION,
    MemorySink,
    element,
    p_data,
    pdu,
    pdv,
    running_node,
)
from tests.dicom.dimse.senders import CT_FILES, SAMPLES
from tests.support.ports import free_port
from tests.support.tcp import loopback_server

SHORT = DimseLimits(artim_s=0.3, response_s=0.3, pdu_progress_s=0.3)


async def echo(port: int, limits: DimseLimits | None = None) -> int:
    async with associate(address(port), echo_proposal(), limits) as requestor:
        return await Scu(requestor).echo()


async def send(port: int, *objects: OutgoingObject) -> list[StoreResult]:
    async with associate(address(port), store_proposal(objects)) as requestor:
        scu = Scu(requestor)
        return [await scu.store(each) for each in objects]


def stored_in(folder: Path) -> dict[str, bytes]:
    """Return the data set of each file in a folder, by its SOP instance UID."""
    received = {}
    for path in folder.iterdir():
        meta, start = split_dataset(path)
        received[str(meta.MediaStorageSOPInstanceUID)] = path.read_bytes()[start:]
    return received


def blocks_of(block: bytes, count: int) -> OutgoingObject:
    """Return a CT of that many equal blocks."""

    async def blocks() -> AsyncIterator[bytes]:
        for _ in range(count):
            yield block

    @asynccontextmanager
    async def opened() -> AsyncIterator[AsyncIterator[bytes]]:
        yield blocks()

    return OutgoingObject(CT, "1.2.3", IMPLICIT, opened)


async def test_storescp_echoes_and_stores_what_we_send(tmp_path: Path) -> None:
    async with storescp(tmp_path, "--bit-preserving") as port:
        assert await echo(port) == 0
        results = await send(port, *(outgoing_file(each.path) for each in CT_FILES))
    assert [each.status for each in results] == [0, 0]
    assert stored_in(tmp_path) == {each.sop_instance: each.dataset for each in CT_FILES}


async def test_pynetdicom_echoes_and_stores_what_we_send() -> None:
    heard: list[bytes] = []

    def store(event: evt.Event) -> int:
        request = cast("C_STORE", event.request)
        assert request.DataSet is not None
        heard.append(request.DataSet.getvalue())
        assert request.MoveOriginatorApplicationEntityTitle == "MOVER"
        assert request.MoveOriginatorMessageID == 7
        assert request.Priority == 1
        return 0xB007

    entity = AE()
    entity.add_supported_context(Verification)
    entity.add_supported_context(CTImageStorage)
    outgoing = outgoing_file(CT_FILES[0].path)
    with pynetdicom_scp(entity, [(evt.EVT_C_STORE, store)]) as port:
        assert await echo(port) == 0
        async with associate(address(port), store_proposal([outgoing])) as requestor:
            result = await Scu(requestor).store(
                outgoing, priority=1, originator=MoveOriginator("MOVER", 7)
            )
    assert (result.status, result.is_stored) == (0xB007, True)
    assert heard == [CT_FILES[0].dataset]


async def test_every_file_of_pydicom_arrives_at_our_node_byte_for_byte() -> None:
    async with running_node() as node:
        for start in range(0, len(SAMPLES), 40):
            part = SAMPLES[start : start + 40]
            results = await send(node.port, *(outgoing_file(each.path) for each in part))
            assert {each.status for each in results} == {0}
            for sample, sink in zip(part, node.handler.sinks, strict=True):
                assert sink.data == sample.dataset, sample.path.name
                assert sink.request.transfer_syntax_uid == sample.transfer_syntax
            node.handler.sinks.clear()
        summary = await node.summary()
        assert summary.ending == "released"


@pytest.mark.parametrize("size", [0, 1, 131_066, 131_067, 300_000])
async def test_a_data_set_of_any_size_is_cut_into_pdus(size: int) -> None:
    async with running_node() as node:
        (result,) = await send(node.port, blocks_of(b"x" * size, 1))
        assert result.status == 0
        assert node.handler.sinks[0].data == b"x" * size


async def test_a_large_object_is_sent_as_it_comes_and_never_held() -> None:
    block, count = bytes(1 << 20), 256
    received = ahead = 0

    class Counting(MemorySink):
        def write(self, chunk: memoryview, /) -> None:
            nonlocal received
            received += len(chunk)

    async def blocks() -> AsyncIterator[bytes]:
        nonlocal ahead
        for index in range(count):
            ahead = max(ahead, index * len(block) - received)
            yield block

    @asynccontextmanager
    async def opened() -> AsyncIterator[AsyncIterator[bytes]]:
        yield blocks()

    async with running_node() as node:
        node.handler.make_sink = lambda request: Counting(request, node.handler.may_finish)
        await send(node.port, OutgoingObject(CT, "1.2.3", IMPLICIT, opened))
    assert received == count * len(block)
    # What is between us and the peer's sink: buffers of sockets and of the event loop.
    assert ahead < 32 << 20


async def test_a_node_over_tls_is_called_only_if_its_certificate_is_trusted() -> None:
    client = certificate("CT1")
    async with running_node() as node:
        port = await node.server.start("127.0.0.1", 0, server_context(client))
        peer = address(port, ssl=client_context(client))
        async with associate(peer, store_proposal([blocks_of(b"x", 1)])) as requestor:
            assert (await Scu(requestor).store(blocks_of(b"x" * 300_000, 3))).status == 0
        assert node.handler.sinks[0].data == b"x" * 900_000
        untrusting = ssl.create_default_context(cafile=certificate("other").certificate)
        with pytest.raises(UnreachableError, match="certificate verify failed"):
            async with associate(address(port, ssl=untrusting), echo_proposal()):
                pass


async def test_a_rejection_says_why() -> None:
    async with running_node() as node:
        node.gate.decision = Rejection(1, 1, 3)
        with pytest.raises(RejectedError, match="for good: calling AE title not recognised") as no:
            await echo(node.port)
        assert (no.value.result, no.value.source, no.value.reason) == (1, 1, 3)


async def test_nobody_listens() -> None:
    with pytest.raises(UnreachableError, match="cannot be reached"):
        await echo(free_port())


async def test_a_refusal_of_one_object_leaves_the_association_for_the_next() -> None:
    async with running_node() as node:
        node.handler.make_sink = lambda request: MemorySink(
            request,
            node.handler.may_finish,
            StoreResult(0xA700, "disk full") if len(node.handler.sinks) % 2 else StoreResult(0),
        )
        results = await send(node.port, *[blocks_of(b"x", 1)] * 4)
    assert [each.status for each in results] == [0, 0xA700, 0, 0xA700]
    assert results[1].comment == "disk full"


async def test_what_the_peer_does_not_take_is_not_sent() -> None:
    ours, theirs = outgoing_file(CT_FILES[0].path), outgoing_file(CT_FILES[1].path)
    entity = AE()
    entity.add_supported_context(CTImageStorage)
    with pynetdicom_scp(entity, [(evt.EVT_C_STORE, lambda _: 0)]) as port:
        async with associate(address(port), store_proposal([ours, theirs])) as requestor:
            scu = Scu(requestor)
            with pytest.raises(NotAcceptedError, match="does not take"):
                await scu.store(theirs)
            assert (await scu.store(ours)).status == 0


async def test_bytes_that_are_not_to_be_had_abort_the_association() -> None:
    async def blocks() -> AsyncIterator[bytes]:
        yield bytes(300_000)
        raise OSError("gone")

    @asynccontextmanager
    async def opened() -> AsyncIterator[AsyncIterator[bytes]]:
        yield blocks()

    async with running_node() as node:
        with pytest.raises(OSError, match="gone"):
            await send(node.port, OutgoingObject(CT, "1.2.3", IMPLICIT, opened))
        summary = await node.summary()
        assert (summary.ending, summary.failed) == ("aborted_by_peer", 1)
        assert node.handler.sinks[0].calls == ["abort"]


@pytest.mark.parametrize("content", [b"", b"no DICOM at all" * 20, bytes(128) + b"DICM"])
def test_a_file_that_is_no_object_is_refused(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "file"
    path.write_bytes(content)
    with pytest.raises(DicomFormatError):
        outgoing_file(path)


@pytest.mark.parametrize("title", ["", " ", "A" * 17, "A\\B", "A\nB", "设备"])
def test_a_title_that_is_none_is_refused(title: str) -> None:
    with pytest.raises(ValueError, match="AE title"):
        asyncio.run(_called(title))


async def _called(title: str) -> None:
    async with associate(address(1, called_ae=title), echo_proposal()):
        pass


def test_an_association_has_1_to_128_contexts() -> None:
    for number in (0, 129):
        with pytest.raises(ValueError, match="1 to 128"):
            propose([(CT, (IMPLICIT,))] * number)


# Peers that misbehave

Act = Callable[[Script], Awaitable[None]]
ECHO_CONTEXT = acceptance((1, IMPLICIT))


def response(
    status: int = 0, *, field: int = 0x8030, message_id: int = 1, data: int = 0x101
) -> bytes:
    body = element(0x0002, VERIFICATION.encode()) + element(0x0100, struct.pack("<H", field))
    body += element(0x0120, struct.pack("<H", message_id))
    body += element(0x0800, struct.pack("<H", data)) + element(0x0900, struct.pack("<H", status))
    return p_data(pdv(1, 3, element(0, struct.pack("<I", len(body))) + body))


@asynccontextmanager
async def peer(act: Act) -> AsyncIterator[int]:
    async def handle(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with suppress(OSError, EOFError):
            await act(Script(reader, writer))

    async with loopback_server(handle) as port:
        yield port


async def vanish_at_once(script: Script) -> None:
    script.writer.transport.abort()


async def vanish_after_the_request(script: Script) -> None:
    await script.receive()
    script.writer.transport.abort()


async def vanish_after_acceptance(script: Script) -> None:
    await script.receive()
    await script.send(ECHO_CONTEXT)
    script.writer.transport.abort()


async def vanish_instead_of_an_answer(script: Script) -> None:
    await script.receive()
    await script.send(ECHO_CONTEXT)
    await script.receive()
    script.writer.transport.abort()


async def vanish_within_an_answer(script: Script) -> None:
    await script.receive()
    await script.send(ECHO_CONTEXT)
    await script.receive()
    await script.send(response()[:40])
    script.writer.transport.abort()


async def vanish_instead_of_release(script: Script) -> None:
    await script.receive()
    await script.send(ECHO_CONTEXT)
    await script.receive()
    await script.send(response())
    await script.receive()
    script.writer.transport.abort()


async def abort(script: Script) -> None:
    await script.receive()
    await script.send(ECHO_CONTEXT + pdu(0x07, bytes(4)))
    await script.at_end()


async def release_instead(script: Script) -> None:
    await script.receive()
    await script.send(ECHO_CONTEXT)
    await script.receive()
    await script.send(pdu(0x05, bytes(4)))
    await script.at_end()


@pytest.mark.parametrize(
    "act",
    [
        vanish_at_once, vanish_after_the_request, vanish_after_acceptance,
        vanish_instead_of_an_answer, vanish_within_an_answer, vanish_instead_of_release, abort,
        release_instead,
    ],
)  # fmt: skip
async def test_a_peer_that_vanishes(act: Act) -> None:
    async with peer(act) as port:
        with pytest.raises(AssociationLostError):
            await echo(port)


async def silent(script: Script) -> None:
    await script.at_end()


async def silent_after_acceptance(script: Script) -> None:
    await script.receive()
    await script.send(ECHO_CONTEXT)
    await script.at_end()


async def half_an_acceptance(script: Script) -> None:
    await script.receive()
    await script.send(ECHO_CONTEXT[:50])
    await script.at_end()


async def half_an_answer(script: Script) -> None:
    await script.receive()
    await script.send(ECHO_CONTEXT)
    await script.receive()
    await script.send(response()[:40])
    await script.at_end()


async def no_release(script: Script) -> None:
    await script.receive()
    await script.send(ECHO_CONTEXT)
    await script.receive()
    await script.send(response())
    await script.at_end()


async def endless_data_instead_of_release(script: Script) -> None:
    await script.receive()
    await script.send(ECHO_CONTEXT)
    await script.receive()
    await script.send(response())
    while True:
        await script.send(p_data(pdv(1, 0, bytes(60_000))))


@pytest.mark.parametrize(
    "act",
    [
        silent, silent_after_acceptance, half_an_acceptance, half_an_answer, no_release,
        endless_data_instead_of_release,
    ],
)  # fmt: skip
async def test_a_peer_that_does_not_answer_in_time(act: Act) -> None:
    async with peer(act) as port:
        with pytest.raises(PeerTimeoutError):
            await echo(port, SHORT)


async def test_a_peer_that_answers_late_but_in_time_is_waited_for() -> None:
    async def late(script: Script) -> None:
        await script.receive()
        await asyncio.sleep(0.05)
        await script.send(ECHO_CONTEXT)
        await script.receive()
        for byte in response():
            await script.send(bytes([byte]))
        # A release collision (PS3.8 9.2.3, AR-8 and AR-9).
        await script.receive()
        await script.send(pdu(0x05, bytes(4)))
        assert await script.receive() == (0x06, bytes(4))
        await script.send(pdu(0x06, bytes(4)))
        await script.at_end()

    async with peer(late) as port:
        assert await echo(port) == 0


async def test_a_peer_that_does_not_read_is_given_up() -> None:
    given_up = asyncio.Event()

    async def deaf(script: Script) -> None:
        await script.receive()
        await script.send(acceptance((1, IMPLICIT)))
        await given_up.wait()

    async with peer(deaf) as port:
        outgoing = blocks_of(bytes(1 << 20), 64)
        with pytest.raises(PeerTimeoutError):
            async with associate(address(port), store_proposal([outgoing]), SHORT) as requestor:
                await Scu(requestor).store(outgoing)
        given_up.set()


async def endless_command(script: Script) -> None:
    while True:
        await script.send(p_data(pdv(1, 1, bytes(16_000))))


ANSWERS = {
    "garbage": b"HTTP/1.1 400 Bad Request\r\n\r\n",
    "no PDU": b"\xff" * 100,
    "a length of 4 GB": b"\x04\0\xff\xff\xff\xff",
    "a PDU larger than we take": b"\x04\0" + (131_073).to_bytes(4, "big"),
    "a second acceptance": ECHO_CONTEXT,
    "a rejection": pdu(0x03, bytes([0, 1, 1, 1])),
    "a fragment longer than its PDU": p_data(struct.pack(">IBB", 500, 1, 3) + b"x"),
    "a fragment without its length": p_data(struct.pack(">IBB", 1, 1, 3)),
    "a fragment on another context": p_data(pdv(3, 3, b"")),
    "a data set without its command": p_data(pdv(1, 2, b"x")),
    "an empty command": p_data(pdv(1, 3, b"")),
    "a command that is none": p_data(pdv(1, 3, b"x" * 50)),
    "an answer to another message": response(message_id=9),
    "an answer to another question": response(field=0x8001),
    "a question": response(field=0x0030),
    "an answer with a data set": response(data=1),
    "a pending answer": response(0xFF00),
}


@pytest.mark.parametrize("answer", ANSWERS.values(), ids=ANSWERS)
async def test_a_peer_that_breaks_the_protocol_is_left(answer: bytes) -> None:
    async def act(script: Script) -> None:
        await script.receive()
        await script.send(ECHO_CONTEXT)
        await script.receive()
        await script.send(answer)
        await script.at_end()

    async with peer(act) as port:
        with pytest.raises(AssociationLostError, match="broke the protocol"):
            await echo(port)


async def test_a_command_without_end_is_cut() -> None:
    async def act(script: Script) -> None:
        await script.receive()
        await script.send(ECHO_CONTEXT)
        await endless_command(script)

    async with peer(act) as port:
        with pytest.raises(AssociationLostError, match="a command is too long"):
            await echo(port)


FIXED = bytes(68)
ACCEPTANCES = {
    "none": pdu(0x02, b""),
    "items cut": pdu(0x02, FIXED + b"\x21\0"),
    "an item too long": pdu(0x02, FIXED + b"\x21\0\xff\xff"),
    "no transfer syntax": pdu(0x02, FIXED + b"\x21\0\0\x04\x01\0\0\0"),
    "a request": pdu(0x01, FIXED),
    "data": p_data(pdv(1, 3, b"")),
    "16 MB": b"\x02\0\x01\0\0\0",
}


@pytest.mark.parametrize("answer", ACCEPTANCES.values(), ids=ACCEPTANCES)
async def test_an_acceptance_that_is_none_is_refused(answer: bytes) -> None:
    async def act(script: Script) -> None:
        await script.receive()
        await script.send(answer)
        await script.at_end()

    async with peer(act) as port:
        with pytest.raises(ScuError, match="broke the protocol"):
            await echo(port)


@pytest.mark.parametrize(
    "accepted", [acceptance(refused=[1]), acceptance((9, IMPLICIT)), acceptance((1, "1.2.3"))]
)
async def test_what_was_not_proposed_is_not_accepted(accepted: bytes) -> None:
    async def act(script: Script) -> None:
        await script.receive()
        await script.send(accepted)
        await script.at_end()

    async with peer(act) as port:
        with pytest.raises(NotAcceptedError):
            await echo(port)
