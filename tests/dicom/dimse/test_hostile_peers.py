"""What hostile or broken peers send, and that honest ones do not notice."""

import asyncio
import os
import resource
import socket
import struct
from contextlib import AsyncExitStack

import pytest

from dicom.dimse.callbacks import Ending
from dicom.dimse.limits import DimseLimits
from tests.dicom.dimse.node import (
    ABORT,
    CT,
    ECHO,
    IMPLICIT,
    RELEASE,
    WAIT_S,
    RawPeer,
    associate_request,
    command,
    context_item,
    item,
    p_data,
    pdu,
    pdv,
    raw_peer,
    running_node,
    store,
    until,
)

RELEASE_RP = pdu(0x06, bytes(4))
ACCEPTANCE = pdu(0x02, bytes(68))
REJECTION = pdu(0x03, bytes(4))


async def test_honest_echo_works_beside_300_silent_and_half_sent_connections() -> None:
    openings = [b"", associate_request()[:50], b"\x01\0", associate_request()[:-1]]
    async with running_node() as node, AsyncExitStack() as stack:
        for index in range(300):
            peer = await stack.enter_async_context(raw_peer(node.port))
            await peer.send(openings[index % len(openings)])
        await until(lambda: node.server.stats().pending_connections == 300)
        honest = await stack.enter_async_context(raw_peer(node.port))
        await honest.associate()
        assert await honest.echo() == 0
        await honest.send(store(bytes(100_000)))
        assert await honest.receive_status() == 0
        assert len(asyncio.all_tasks()) < 20


async def test_oldest_silent_connection_makes_room() -> None:
    limits = DimseLimits(max_pending_connections=3, artim_s=1000)
    async with running_node(limits) as node, AsyncExitStack() as stack:
        silent = [await stack.enter_async_context(raw_peer(node.port)) for _ in range(3)]
        await until(lambda: node.server.stats().pending_connections == 3)
        honest = await stack.enter_async_context(raw_peer(node.port))
        await honest.associate()
        assert await honest.echo() == 0
        assert await silent[0].at_end()
        # The others are still there.
        await silent[1].associate()


@pytest.mark.parametrize(
    "opening",
    [
        pytest.param(b"GET / HTTP/1.1\r\nHost: pacs\r\n\r\n", id="HTTP"),
        pytest.param(b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03", id="TLS hello"),
        pytest.param(b"\xff" * 1000, id="garbage"),
        pytest.param(b"\0" * 6, id="zeros"),
        pytest.param(struct.pack(">BxI", 1, 0xFFFFFFFF), id="request of 4 GB"),
        pytest.param(struct.pack(">BxI", 1, 1024 * 1024 + 1), id="request above its cap"),
        pytest.param(struct.pack(">BxI", 1, 67), id="request below its fields"),
        pytest.param(ECHO, id="data"),
        pytest.param(RELEASE, id="release"),
        pytest.param(RELEASE_RP, id="release response"),
        pytest.param(ACCEPTANCE, id="acceptance"),
        pytest.param(REJECTION, id="rejection"),
    ],
)
async def test_connection_that_does_not_begin_with_a_request_is_aborted(opening: bytes) -> None:
    async with running_node() as node, raw_peer(node.port) as peer:
        await peer.send(opening)
        kind, body = await peer.receive()
        assert (kind, body) == (0x07, bytes(4))
        peer.writer.write_eof()
        assert await peer.at_end()
        assert node.gate.requests == []


async def test_abort_as_the_first_word_closes() -> None:
    async with running_node() as node, raw_peer(node.port) as peer:
        await peer.send(ABORT)
        assert await peer.at_end()
        await until(lambda: node.server.stats().pending_connections == 0)


@pytest.mark.parametrize(
    ("stream", "reason"),
    [
        pytest.param(struct.pack(">BxI", 4, 0xFFFFFFFF), 6, id="data of 4 GB"),
        pytest.param(struct.pack(">BxI", 4, 100_000_000), 6, id="data of 100 MB"),
        pytest.param(struct.pack(">BxI", 4, 131_073), 6, id="one byte more than agreed"),
        pytest.param(pdu(4, b""), 6, id="data without a value"),
        pytest.param(pdu(4, b"\0\0\0\1\1"), 6, id="data too short for a value"),
        pytest.param(pdu(4, b"\0\0\0\0\1\3"), 6, id="value of length 0"),
        pytest.param(pdu(4, b"\0\0\0\1\1\3"), 6, id="value of length 1"),
        pytest.param(pdu(4, b"\0\0\0\x09\1\3ab"), 6, id="value beyond its PDU"),
        pytest.param(pdu(5, bytes(5)), 6, id="release of 5 bytes"),
        pytest.param(pdu(7, bytes(400)), 6, id="abort of 400 bytes"),
        pytest.param(b"\x99" * 10, 1, id="unknown type"),
        pytest.param(associate_request(), 2, id="second request"),
        pytest.param(RELEASE_RP, 2, id="release response"),
        pytest.param(ACCEPTANCE, 2, id="acceptance"),
        pytest.param(REJECTION, 2, id="rejection"),
    ],
)
async def test_invalid_pdu_aborts_as_provider(stream: bytes, reason: int) -> None:
    async with running_node() as node, raw_peer(node.port) as peer:
        await peer.associate()
        await peer.send(p_data(pdv(3, 3, command(1, CT, instance="1.2", has_data_set=True))))
        await peer.send(stream)
        kind, body = await peer.receive()
        assert (kind, body[2], body[3]) == (0x07, 2, reason)
        summary = await node.summary()
        assert (summary.ending, summary.failed) == (Ending.ABORTED, 1)
        assert node.handler.sinks[0].calls == ["abort"]


async def test_value_of_length_2_is_an_empty_fragment() -> None:
    async with running_node() as node, raw_peer(node.port) as peer:
        await peer.associate()
        request = command(1, CT, instance="1.2", has_data_set=True)
        await peer.send(p_data(pdv(3, 1, request), pdv(3, 3, b"")))
        await peer.send(p_data(pdv(3, 0, b""), pdv(3, 0, b"ab"), pdv(3, 2, b"")))
        assert await peer.receive_status() == 0
        assert node.handler.sinks[0].data == b"ab"


async def test_reserved_bits_of_the_control_header_are_not_tested() -> None:
    async with running_node() as node, raw_peer(node.port) as peer:
        await peer.associate()
        request = command(1, CT, instance="1.2", has_data_set=True)
        await peer.send(p_data(pdv(3, 0xFF, request), pdv(3, 0xFE, b"ab")))
        assert await peer.receive_status() == 0


async def test_request_with_128_contexts_of_4000_syntaxes_is_refused_at_its_header() -> None:
    syntaxes = b"".join(item(0x40, f"1.2.840.{i}".encode()) for i in range(4000))
    context = item(0x30, CT.encode()) + syntaxes[: 65_000 - 65_000 % 16]
    request = associate_request(
        b"".join(item(0x20, struct.pack("Bxxx", 2 * i + 1) + context) for i in range(128))
    )
    assert len(request) > 8_000_000
    async with running_node() as node, raw_peer(node.port) as peer:
        await peer.send(request[:6])
        assert (await peer.receive())[0] == 0x07
        await until(lambda: len(node.gate.refused) == 1)
        assert node.gate.refused[0].reason == f"a ASSOCIATE_RQ of {len(request) - 6} bytes"


async def test_request_full_of_syntaxes_below_its_cap_is_rejected() -> None:
    contexts = context_item(1, CT, *[f"1.2.{i}" for i in range(4000)]) * 16
    async with running_node() as node, raw_peer(node.port) as peer:
        await peer.send(associate_request(contexts))
        kind, body = await peer.receive()
        assert (kind, bytes(body[1:])) == (0x03, b"\2\3\2")
        assert node.server.stats().associations_over_limit == 1


async def test_129th_context_is_refused() -> None:
    contexts = b"".join(context_item(2 * i + 1, CT, IMPLICIT) for i in range(128))
    async with running_node() as node:
        async with raw_peer(node.port) as peer:
            await peer.associate(associate_request(contexts))
        async with raw_peer(node.port) as peer:
            await peer.send(associate_request(contexts + context_item(1, CT, IMPLICIT)))
            assert (await peer.receive())[0] == 0x03


async def test_malformed_request_is_aborted() -> None:
    async with running_node() as node, raw_peer(node.port) as peer:
        await peer.send(associate_request(b"\x20\0\xff\xff\1\0\0\0"))
        assert (await peer.receive())[0] == 0x07
        assert node.gate.requests == []


async def test_peer_that_talks_on_after_our_abort_is_cut() -> None:
    limits = DimseLimits(max_discarded_bytes=100_000, artim_s=1000)
    async with running_node(limits) as node, raw_peer(node.port) as peer:
        await peer.send(b"\xff" * 10)
        assert (await peer.receive())[0] == 0x07
        peer.writer.write(bytes(10_000_000))
        async with asyncio.timeout(WAIT_S):
            with pytest.raises(ConnectionError):
                await peer.writer.drain()


async def test_aborted_peers_that_stay_connected_make_room_too() -> None:
    limits = DimseLimits(max_pending_connections=3, artim_s=1000)
    async with running_node(limits) as node, AsyncExitStack() as stack:
        peers = [await stack.enter_async_context(raw_peer(node.port)) for _ in range(3)]
        for peer in peers:
            await peer.associate()
            await peer.send(RELEASE_RP)
            assert (await peer.receive())[0] == 0x07
        assert node.server.stats().pending_connections == 3
        honest = await stack.enter_async_context(raw_peer(node.port))
        await honest.associate()
        assert await peers[0].at_end()


async def test_pdus_after_our_abort_are_ignored_until_an_abort_closes() -> None:
    async with running_node() as node, raw_peer(node.port) as peer:
        await peer.associate()
        await peer.send(RELEASE_RP)
        assert (await peer.receive())[0] == 0x07
        await peer.send(ECHO + RELEASE + RELEASE_RP + ACCEPTANCE + REJECTION + ABORT)
        assert await peer.at_end()
        assert node.server.stats().echoes == 0


async def test_requests_and_garbage_after_our_abort_are_aborted_again() -> None:
    async with running_node() as node, raw_peer(node.port) as peer:
        await peer.associate()
        await peer.send(RELEASE_RP)
        assert (await peer.receive())[0] == 0x07
        await peer.send(associate_request())
        assert (await peer.receive())[0] == 0x07
        await peer.send(b"\xff" * 6)
        assert (await peer.receive())[0] == 0x07


async def test_peer_that_never_reads_responses_is_read_no_more() -> None:
    # Long enough that a stalled machine is not taken for a stalled PDU.
    limits = DimseLimits(pdu_progress_s=4.0, timer_resolution_s=0.02)
    async with running_node(limits) as node, raw_peer(node.port) as peer:
        await peer.associate()
        sock = peer.writer.get_extra_info("socket")
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        peer.writer.transport.pause_reading()  # type: ignore[attr-defined]  # a full transport
        peer.writer.write(ECHO * 100_000)
        summary = await node.summary()
        assert summary.ending is Ending.TIMED_OUT
        assert summary.reason == "the peer does not read our response"
        assert node.server.stats().echoes < 100_000


async def test_node_without_free_descriptors_accepts_again_when_there_are() -> None:
    async with running_node() as node:
        sock = socket.socket()
        sock.setblocking(False)
        lowest_free = os.dup(0)
        os.close(lowest_free)
        soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
        resource.setrlimit(resource.RLIMIT_NOFILE, (lowest_free, hard))
        try:
            await asyncio.get_running_loop().sock_connect(sock, ("127.0.0.1", node.port))
            await asyncio.sleep(0.1)
            assert node.server.stats().pending_connections == 0
        finally:
            resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))
        reader, writer = await asyncio.open_connection(sock=sock)
        peer = RawPeer(reader, writer)
        await peer.associate()
        assert await peer.echo() == 0
        writer.transport.abort()
