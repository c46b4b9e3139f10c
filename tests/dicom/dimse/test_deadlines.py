"""Deadlines with short limits, and the drain of a closing server."""

import asyncio

import pytest

from dicom.dimse.callbacks import Ending
from dicom.dimse.limits import DimseLimits
from tests.dicom.dimse.node import (
    CT,
    ECHO,
    RELEASE,
    associate_request,
    command,
    p_data,
    pdv,
    raw_peer,
    running_node,
    store,
    until,
)

TICK_S = 0.02


@pytest.mark.parametrize("opening", [b"", b"\1\0", associate_request()[:-1]])
async def test_connection_without_a_request_is_closed(opening: bytes) -> None:
    limits = DimseLimits(artim_s=0.1, timer_resolution_s=TICK_S)
    async with running_node(limits) as node, raw_peer(node.port) as peer:
        await peer.send(opening)
        assert await peer.at_end()
        await until(lambda: node.server.stats().pending_connections == 0)


@pytest.mark.parametrize("last", [RELEASE, b"\xff" * 6])
async def test_peer_that_does_not_close_after_the_end_is_closed(last: bytes) -> None:
    limits = DimseLimits(artim_s=0.3, timer_resolution_s=TICK_S)
    async with running_node(limits) as node, raw_peer(node.port) as peer:
        await peer.associate()
        await peer.send(last)
        await peer.receive()
        assert await peer.at_end()


@pytest.mark.parametrize(
    ("limits", "stream", "reason"),
    [
        pytest.param(
            DimseLimits(idle_s=0.1, timer_resolution_s=TICK_S),
            b"",
            "the association was idle",
            id="idle",
        ),
        pytest.param(
            DimseLimits(association_s=0.1, timer_resolution_s=TICK_S),
            b"",
            "the association is too old",
            id="old",
        ),
        pytest.param(
            DimseLimits(pdu_progress_s=0.1, timer_resolution_s=TICK_S),
            ECHO[:-1],
            "a PDU took too long",
            id="half a PDU",
        ),
        pytest.param(
            DimseLimits(pdu_progress_s=0.1, timer_resolution_s=TICK_S),
            p_data(pdv(3, 3, command(1, CT, instance="1.2", has_data_set=True))),
            "the message stopped",
            id="half a message",
        ),
        pytest.param(
            DimseLimits(message_s=0.1, timer_resolution_s=TICK_S),
            p_data(pdv(3, 3, command(1, CT, instance="1.2", has_data_set=True))),
            "the message took too long",
            id="long message",
        ),
    ],
)
async def test_association_that_makes_no_progress_is_aborted(
    limits: DimseLimits, stream: bytes, reason: str
) -> None:
    async with running_node(limits) as node, raw_peer(node.port) as peer:
        await peer.associate()
        await peer.send(stream)
        assert (await peer.receive())[0] == 0x07
        summary = await node.summary()
        assert (summary.ending, summary.reason) == (Ending.TIMED_OUT, reason)
        assert all(sink.calls == ["abort"] for sink in node.handler.sinks)


async def test_pdu_dripped_byte_by_byte_is_cut() -> None:
    limits = DimseLimits(pdu_progress_s=0.2, timer_resolution_s=TICK_S)
    async with running_node(limits) as node, raw_peer(node.port) as peer:
        await peer.associate()
        for byte in store(bytes(10_000)):
            if node.gate.summaries:
                break
            await peer.send(bytes([byte]))
            await asyncio.sleep(0.01)
        assert (await node.summary()).ending is Ending.TIMED_OUT


async def test_slow_sink_is_not_the_peers_fault() -> None:
    limits = DimseLimits(pdu_progress_s=0.1, idle_s=0.4, timer_resolution_s=TICK_S)
    async with running_node(limits) as node, raw_peer(node.port) as peer:
        await peer.associate()
        node.handler.may_finish.clear()
        await peer.send(store(b"ab") + ECHO[:3])
        await until(lambda: bool(node.handler.sinks and node.handler.sinks[0].calls))
        await asyncio.sleep(0.5)
        node.handler.may_finish.set()
        assert await peer.receive_status() == 0
        await peer.send(ECHO[3:])
        assert await peer.receive_status() == 0


async def test_association_idle_after_a_store_is_not_taken_for_half_a_pdu() -> None:
    limits = DimseLimits(pdu_progress_s=0.1, timer_resolution_s=TICK_S)
    async with running_node(limits) as node, raw_peer(node.port) as peer:
        await peer.associate()
        await peer.send(store(b"ab"))
        assert await peer.receive_status() == 0
        await asyncio.sleep(0.4)
        assert await peer.echo() == 0


async def test_message_whose_sink_never_ends_is_aborted_and_the_object_kept_if_it_does() -> None:
    limits = DimseLimits(message_s=0.1, timer_resolution_s=TICK_S)
    async with running_node(limits) as node, raw_peer(node.port) as peer:
        await peer.associate()
        node.handler.may_finish.clear()
        await peer.send(store(b"ab"))
        assert (await peer.receive())[0] == 0x07
        node.handler.may_finish.set()
        summary = await node.summary()
        assert (summary.ending, summary.stored) == (Ending.TIMED_OUT, 1)
        assert node.handler.sinks[0].calls == ["finish", "finished"]


async def test_closing_server_lets_a_running_store_finish_and_aborts_the_idle() -> None:
    async with running_node() as node, raw_peer(node.port) as busy, raw_peer(node.port) as idle:
        await busy.associate()
        await idle.associate()
        await busy.send(store(bytes(50_000))[:-100])
        await until(lambda: bool(node.handler.sinks))
        closing = asyncio.create_task(node.server.close(20))
        assert (await idle.receive())[0] == 0x07
        await busy.send(store(bytes(50_000))[-100:])
        assert await busy.receive_status() == 0
        assert (await busy.receive())[0] == 0x07
        await closing
        assert {each.ending for each in node.gate.summaries} == {Ending.SHUT_DOWN}
        assert sum(each.stored for each in node.gate.summaries) == 1
        with pytest.raises(ConnectionRefusedError):
            await asyncio.open_connection("127.0.0.1", node.port)


async def test_closing_server_aborts_what_outlives_its_grace() -> None:
    async with running_node() as node, raw_peer(node.port) as half, raw_peer(node.port) as stuck:
        await half.associate()
        await stuck.associate()
        node.handler.may_finish.clear()
        await stuck.send(store(b"ab"))
        await until(lambda: bool(node.handler.sinks and node.handler.sinks[0].calls))
        await half.send(store(bytes(50_000))[:-100])
        await until(lambda: len(node.handler.sinks) == 2)
        await node.server.close(0.1)
        assert (await half.receive())[0] == 0x07
        assert (await stuck.receive())[0] == 0x07
        assert [sink.calls for sink in node.handler.sinks] == [["finish"], ["abort"]]
        assert [each.failed for each in node.gate.summaries] == [1, 1]
        assert node.server.stats().open_associations == 0


async def test_closing_server_drops_connections_without_association() -> None:
    async with running_node() as node, raw_peer(node.port) as peer:
        await until(lambda: node.server.stats().pending_connections == 1)
        await node.server.close(20)
        assert await peer.at_end()
