"""Messages of one association: what is answered, what is refused, what ends it."""

import errno
import logging
import struct
from dataclasses import dataclass, field

import pytest

from dicom.dimse.callbacks import Ending, StoreRefusedError, StoreRequest, StoreResult
from dicom.dimse.limits import DimseLimits
from tests.dicom.dimse.node import (
    ABORT,
    CT,
    ECHO,
    EXPLICIT,
    IMPLICIT,
    RELEASE,
    VERIFICATION,
    MemorySink,
    RunningNode,
    associate_request,
    command,
    context_item,
    element,
    p_data,
    pdv,
    raw_peer,
    running_node,
    store,
    until,
)

DATA = bytes(range(256)) * 400


async def test_echo_store_and_release_are_answered() -> None:
    async with running_node() as node, raw_peer(node.port) as peer:
        await peer.associate()
        assert await peer.echo() == 0
        await peer.send(store(DATA))
        assert await peer.receive_status() == 0
        await peer.send(RELEASE)
        assert await peer.receive() == (0x06, bytes(4))
        peer.writer.close()
        summary = await node.summary()
        assert summary.ending is Ending.RELEASED
        assert (summary.stored, summary.failed, summary.received_bytes) == (1, 0, len(DATA))
        assert (summary.peer, summary.association.calling_ae) == ("PEER", "PEER")
        assert node.handler.sinks[0].data == DATA
        assert node.handler.sinks[0].calls == ["finish", "finished"]
        stats = node.server.stats()
        assert (stats.echoes, stats.objects_stored, stats.associations_released) == (1, 1, 1)
        assert (stats.received_bytes, stats.open_associations) == (len(DATA), 0)


async def test_handler_learns_what_the_command_and_the_association_say() -> None:
    extra = element(0x1030, b"MOVER ") + element(0x1031, struct.pack("<H", 9))
    request = command(1, CT, message_id=5, instance="1.2.3", has_data_set=True, extra=extra)
    async with running_node() as node, raw_peer(node.port) as peer:
        await peer.associate(associate_request(context_item(7, CT, EXPLICIT)))
        await peer.send(p_data(pdv(7, 3, request), pdv(7, 2, b"ab")))
        assert await peer.receive_status() == 0
        told = node.handler.sinks[0].request
        assert (told.sop_class_uid, told.sop_instance_uid) == (CT, "1.2.3")
        assert (told.transfer_syntax_uid, told.message_id, told.peer) == (EXPLICIT, 5, "PEER")
        assert told.move_originator is not None
        assert (told.move_originator.ae_title, told.move_originator.message_id) == ("MOVER", 9)
        assert told.association.implementation_class_uid == "1.2.3.4"


async def test_pipelined_messages_are_answered_in_order() -> None:
    async with running_node() as node, raw_peer(node.port) as peer:
        await peer.associate()
        node.handler.may_finish.clear()
        await peer.send(
            store(DATA) + ECHO + store(DATA[:10], message_id=2, instance="1.2.4") + RELEASE
        )
        await until(lambda: bool(node.handler.sinks))
        assert len(node.handler.sinks) == 1
        node.handler.may_finish.set()
        assert [await peer.receive_status() for _ in range(3)] == [0, 0, 0]
        assert await peer.receive() == (0x06, bytes(4))
        assert [bytes(sink.data) for sink in node.handler.sinks] == [DATA, DATA[:10]]
        assert (await node.summary()).stored == 2


async def test_nothing_more_is_read_while_an_object_is_made_durable() -> None:
    async with running_node() as node, raw_peer(node.port) as peer:
        await peer.associate()
        node.handler.may_finish.clear()
        await peer.send(store(b"ab"))
        await until(lambda: bool(node.handler.sinks and node.handler.sinks[0].calls))
        peer.writer.write(ECHO * 200_000)
        await until(lambda: peer.writer.transport.get_write_buffer_size() > 0)
        assert node.server.stats().echoes == 0
        node.handler.may_finish.set()
        assert await peer.receive_status() == 0


async def test_object_of_a_peer_that_vanished_after_sending_it_is_kept() -> None:
    async with running_node() as node:
        async with raw_peer(node.port) as peer:
            await peer.associate()
            node.handler.may_finish.clear()
            await peer.send(store(DATA))
            await until(lambda: bool(node.handler.sinks and node.handler.sinks[0].calls))
        node.handler.may_finish.set()
        summary = await node.summary()
        assert summary.ending is Ending.CONNECTION_LOST
        assert node.handler.sinks[0].calls == ["finish", "finished"]
        assert summary.stored == 1


@pytest.mark.parametrize(
    ("last_words", "ending"),
    [
        pytest.param(ABORT, Ending.ABORTED_BY_PEER, id="abort"),
        pytest.param(b"", Ending.CONNECTION_LOST, id="vanishes"),
    ],
)
async def test_sink_of_an_unfinished_dataset_is_aborted_once(
    last_words: bytes, ending: Ending
) -> None:
    first = p_data(pdv(3, 3, command(1, CT, instance="1.2.3", has_data_set=True)), pdv(3, 0, DATA))
    async with running_node() as node, raw_peer(node.port) as peer:
        await peer.associate()
        await peer.send(first)
        await until(lambda: bool(node.handler.sinks and node.handler.sinks[0].data))
        await peer.send(last_words)
        peer.writer.close()
        summary = await node.summary()
        assert summary.ending is ending
        assert node.handler.sinks[0].calls == ["abort"]
        assert (summary.stored, summary.failed) == (0, 1)


async def test_release_in_the_middle_of_a_message_aborts_the_sink() -> None:
    first = p_data(pdv(3, 3, command(1, CT, instance="1.2.3", has_data_set=True)), pdv(3, 0, DATA))
    async with running_node() as node, raw_peer(node.port) as peer:
        await peer.associate()
        await peer.send(first + RELEASE)
        assert await peer.receive() == (0x06, bytes(4))
        summary = await node.summary()
        assert (summary.ending, summary.failed) == (Ending.RELEASED, 1)
        assert node.handler.sinks[0].calls == ["abort"]


async def test_second_release_request_is_ignored() -> None:
    async with running_node() as node, raw_peer(node.port) as peer:
        await peer.associate()
        await peer.send(RELEASE + RELEASE)
        assert await peer.receive() == (0x06, bytes(4))
        peer.writer.write_eof()
        assert await peer.at_end()
        assert (await node.summary()).ending is Ending.RELEASED


@dataclass
class FailingSink(MemorySink):
    """Fails where told."""

    at: str = "write"
    error: Exception = field(default_factory=OSError)

    def write(self, chunk: memoryview, /) -> None:
        if self.at == "write":
            raise self.error
        super().write(chunk)

    async def finish(self) -> StoreResult:
        if self.at == "finish":
            raise self.error
        return await super().finish()


@pytest.mark.parametrize("at", ["write", "finish"])
@pytest.mark.parametrize(
    ("error", "status"),
    [
        pytest.param(OSError(errno.ENOSPC, "No space left"), 0xA700, id="disk full"),
        pytest.param(OSError(errno.EROFS, "Read-only file system"), 0xA700, id="read-only"),
        pytest.param(ValueError("patient 张三"), 0x0110, id="unexpected"),
    ],
)
async def test_failing_sink_is_answered_and_the_association_goes_on(
    at: str, error: Exception, status: int, caplog: pytest.LogCaptureFixture
) -> None:
    async with running_node() as node, raw_peer(node.port) as peer:
        node.handler.make_sink = lambda request: FailingSink(
            request, node.handler.may_finish, at=at, error=error
        )
        await peer.associate()
        with caplog.at_level(logging.ERROR, "dicom.dimse"):
            await peer.send(store(DATA))
            kind, body = await peer.receive()
        assert kind == 0x04
        assert struct.pack("<HHIH", 0, 0x0900, 2, status) in body
        assert "张三".encode() not in body
        assert b"patient" not in body
        assert f"in {at}" in caplog.text
        assert node.handler.sinks[0].calls == (["abort"] if at == "write" else [])
        assert await peer.echo() == 0


@pytest.mark.parametrize(
    ("refusal", "status"),
    [
        (StoreRefusedError(0xA700, "spool is full"), 0xA700),
        (StoreRefusedError(0x0124), 0x0124),
        (OSError(errno.EMFILE, "Too many open files"), 0xA700),
        (KeyError("bug"), 0x0110),
    ],
)
async def test_object_the_handler_will_not_take_is_drained(refusal: Exception, status: int) -> None:
    def refuse(request: StoreRequest[str]) -> MemorySink:
        raise refusal

    async with running_node() as node, raw_peer(node.port) as peer:
        node.handler.make_sink = refuse
        await peer.associate()
        await peer.send(store(DATA))
        assert await peer.receive_status() == status
        assert await peer.echo() == 0
        await peer.send(RELEASE)
        assert (await node.summary()).failed == 1


async def test_warning_of_the_sink_counts_as_stored() -> None:
    async with running_node() as node, raw_peer(node.port) as peer:
        node.handler.make_sink = lambda request: MemorySink(
            request, node.handler.may_finish, StoreResult(0xB007, "class differs")
        )
        await peer.associate()
        await peer.send(store(DATA))
        assert await peer.receive_status() == 0xB007
        await peer.send(RELEASE)
        assert (await node.summary()).stored == 1


@pytest.mark.parametrize(
    ("message", "status"),
    [
        pytest.param(
            command(1, VERIFICATION, instance="1.2", has_data_set=True), 0x0122, id="class differs"
        ),
        pytest.param(command(1, CT, instance="1.2"), 0xC000, id="no dataset"),
        pytest.param(command(1, CT, has_data_set=True), 0x0117, id="no instance"),
        pytest.param(
            command(1, CT, instance="../../x", has_data_set=True), 0x0117, id="path as instance"
        ),
        pytest.param(
            command(1, CT, instance="1" * 65, has_data_set=True), 0x0117, id="65 characters"
        ),
        pytest.param(command(0x30, CT), 0x0211, id="echo of a CT"),
        pytest.param(command(0x20, CT, has_data_set=True), 0x0211, id="find"),
        pytest.param(command(0x140, CT), 0x0211, id="n-create"),
    ],
)
async def test_refused_command_leaves_the_association_usable(message: bytes, status: int) -> None:
    async with running_node() as node, raw_peer(node.port) as peer:
        await peer.associate()
        await peer.send(p_data(pdv(3, 3, message)))
        if element(0x0800, b"\1\0") in message:
            await peer.send(p_data(pdv(3, 0, DATA[:5000]), pdv(3, 2, b"")))
        assert await peer.receive_status() == status
        assert node.handler.sinks == []
        assert await peer.echo() == 0


async def test_cancel_of_nothing_is_not_answered() -> None:
    cancel = element(0x0100, b"\xff\x0f") + element(0x0120, b"\1\0") + element(0x0800, b"\1\1")
    async with running_node() as node, raw_peer(node.port) as peer:
        await peer.associate()
        await peer.send(p_data(pdv(3, 3, cancel)))
        assert await peer.echo() == 0


async def test_response_fits_a_peer_that_takes_little() -> None:
    async with running_node() as node, raw_peer(node.port) as peer:
        user = struct.pack(">BxHBxHI", 0x50, 8, 0x51, 4, 7)
        await peer.associate(associate_request(user=user))
        await peer.send(ECHO)
        command_set = b""
        while True:
            kind, body = await peer.receive()
            assert (kind, len(body)) == (0x04, 7)
            command_set += body[6:]
            if body[5] & 2:
                break
        assert struct.pack("<HHIH", 0, 0x0900, 2, 0) in command_set


async def test_object_beyond_the_cap_is_cut_and_its_sink_aborted() -> None:
    async with running_node(DimseLimits(max_object_bytes=50_000)) as node:
        async with raw_peer(node.port) as peer:
            await peer.associate()
            await peer.send(store(DATA))
            assert (await peer.receive())[0] == 0x07
        summary = await node.summary()
        assert (summary.ending, summary.reason) == (Ending.ABORTED, "an object is too large")
        assert node.handler.sinks[0].calls == ["abort"]
        assert len(node.handler.sinks[0].data) <= 50_000


async def test_drained_object_is_cut_at_the_same_cap() -> None:
    async with running_node(DimseLimits(max_object_bytes=50_000)) as node:
        async with raw_peer(node.port) as peer:
            await peer.associate()
            await peer.send(p_data(pdv(3, 3, command(1, CT, instance="x", has_data_set=True))))
            await peer.send(p_data(pdv(3, 0, bytes(60_000))))
            assert (await peer.receive())[0] == 0x07
        assert (await node.summary()).failed == 1


async def test_object_of_exactly_the_cap_is_stored() -> None:
    limits = DimseLimits(max_object_bytes=len(DATA))
    async with running_node(limits) as node, raw_peer(node.port) as peer:
        await peer.associate()
        await peer.send(store(DATA))
        assert await peer.receive_status() == 0


async def wait_for_abort(node: RunningNode, stream: bytes) -> tuple[int, int]:
    """Send after associating; return source and reason of the A-ABORT."""
    async with raw_peer(node.port) as peer:
        await peer.associate(
            associate_request(
                context_item(1, VERIFICATION, IMPLICIT)
                + context_item(3, CT, IMPLICIT)
                + context_item(5, "1.2.3.4.5", IMPLICIT)
            )
        )
        await peer.send(stream)
        kind, body = await peer.receive()
        assert kind == 0x07
        return body[2], body[3]


STORE_COMMAND = command(1, CT, instance="1.2.3", has_data_set=True)


@pytest.mark.parametrize(
    "stream",
    [
        pytest.param(p_data(pdv(5, 3, command(1, "1.2.3.4.5"))), id="rejected context"),
        pytest.param(p_data(pdv(9, 3, command(1, CT))), id="unknown context"),
        pytest.param(p_data(pdv(3, 2, b"data")), id="dataset without command"),
        pytest.param(
            p_data(pdv(3, 1, STORE_COMMAND[:20]), pdv(3, 2, b"data")), id="dataset inside command"
        ),
        pytest.param(
            p_data(pdv(3, 3, STORE_COMMAND), pdv(3, 0, b"ab"), pdv(3, 3, STORE_COMMAND)),
            id="command inside dataset",
        ),
        pytest.param(p_data(pdv(3, 3, STORE_COMMAND), pdv(1, 2, b"ab")), id="interleaved contexts"),
    ],
)
async def test_fragments_out_of_order_abort_as_provider(stream: bytes) -> None:
    async with running_node() as node:
        assert await wait_for_abort(node, stream) == (2, 6)
        assert (await node.summary()).ending is Ending.ABORTED
        assert all(sink.calls == ["abort"] for sink in node.handler.sinks)


@pytest.mark.parametrize(
    "message",
    [
        pytest.param(b"\xff" * 30, id="garbage"),
        pytest.param(b"", id="empty"),
        pytest.param(element(0x0100, b"\x30\0") + element(0x0800, b"\1\1"), id="no message ID"),
        pytest.param(element(0x0100, b"\x30\x80") + element(0x0800, b"\1\1"), id="response"),
        pytest.param(command(0x30, VERIFICATION, has_data_set=True), id="echo with dataset"),
        pytest.param(command(0x30, "1.2\n3"), id="control character"),
    ],
)
async def test_command_that_cannot_be_answered_aborts_as_user(message: bytes) -> None:
    async with running_node() as node:
        assert await wait_for_abort(node, p_data(pdv(1, 3, message))) == (0, 0)


async def test_endless_command_is_cut() -> None:
    async with running_node(DimseLimits(max_command_bytes=1000)) as node:
        fragments = p_data(*[pdv(1, 1, bytes(400))] * 3)
        assert await wait_for_abort(node, fragments) == (0, 0)
        assert (await node.summary()).reason == "a command is too long"
