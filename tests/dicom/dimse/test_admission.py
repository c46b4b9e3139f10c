"""Who comes in: the gate, the limits, and requests that get no further."""

import asyncio
import struct
from contextlib import AsyncExitStack

import pytest

from dicom.dimse.callbacks import Admission, AssociationRequest, Ending, Rejection
from dicom.dimse.limits import DimseLimits
from tests.dicom.dimse.node import (
    ABORT,
    ECHO,
    RELEASE,
    OpenGate,
    associate_request,
    item,
    raw_peer,
    running_node,
    store,
    until,
    user_item,
)


async def rejection(port: int, request: bytes) -> tuple[int, int, int]:
    """Return result, source and reason of the rejection, and see the node wait for our close."""
    async with raw_peer(port) as peer:
        await peer.send(request)
        kind, body = await peer.receive()
        assert kind == 0x03, f"PDU type {kind}"
        peer.writer.write_eof()
        assert await peer.at_end()
        return body[1], body[2], body[3]


async def test_stranger_is_rejected_as_the_gate_says() -> None:
    async with running_node() as node:
        node.gate.decision = Rejection()
        assert await rejection(node.port, associate_request(calling=b"STRANGER")) == (1, 1, 3)
        assert node.gate.requests[0].association.calling_ae == "STRANGER"
        stats = node.server.stats()
        assert (stats.associations_rejected, stats.associations_accepted) == (1, 0)
        assert node.gate.summaries == []


@pytest.mark.parametrize(
    ("request_pdu", "reason"),
    [
        pytest.param(associate_request(calling=b"  "), (1, 1, 3), id="no calling title"),
        pytest.param(associate_request(called=b"\0"), (1, 1, 7), id="no called title"),
        pytest.param(associate_request(calling=b"A\x1bB"), (1, 1, 3), id="control character"),
        pytest.param(associate_request(calling=b"A\\B"), (1, 1, 3), id="backslash"),
        pytest.param(associate_request(calling="医院".encode("gbk")), (1, 1, 3), id="Chinese"),
        pytest.param(associate_request(version=2), (1, 2, 2), id="protocol version"),
        pytest.param(associate_request(application=b"1.2"), (1, 1, 2), id="application context"),
    ],
)
async def test_request_the_gate_need_not_see_is_rejected(
    request_pdu: bytes, reason: tuple[int, int, int]
) -> None:
    async with running_node() as node:
        assert await rejection(node.port, request_pdu) == reason
        assert node.gate.requests == []
        await until(lambda: len(node.gate.refused) == 1)
        (refused,) = node.gate.refused
        assert (refused.peer_ip, bool(refused.reason)) == ("127.0.0.1", True)
        assert refused.calling_ae == ("" if reason == (1, 1, 3) else "PEER")


async def test_gate_learns_the_identity_and_its_response_is_sent_when_asked_for() -> None:
    for wants_response in (0, 1):
        identity = struct.pack(">BBH", 3, wants_response, 6) + b"ticket" + b"\0\0"
        async with running_node() as node, raw_peer(node.port) as peer:
            node.gate.decision = Admission("known", b"server ticket")
            body = await peer.associate(associate_request(user=user_item(item(0x58, identity))))
            assert (b"server ticket" in body) is bool(wants_response)
            identity_seen = node.gate.requests[0].user_identity
            assert identity_seen is not None
            assert identity_seen.primary == b"ticket"


class SlowGate(OpenGate):
    """Decides when told to, or fails."""

    def __init__(self) -> None:
        super().__init__()
        self.may_decide = asyncio.Event()

    async def admit(self, request: AssociationRequest, /) -> Admission[str] | Rejection:
        self.requests.append(request)
        await self.may_decide.wait()
        raise RuntimeError("the gate is broken")


async def test_gate_that_fails_or_is_too_slow_rejects_for_now(
    caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    gate = SlowGate()
    async with running_node(DimseLimits(admission_s=0.05)) as node:
        monkeypatch.setattr(node.gate, "admit", gate.admit)
        assert await rejection(node.port, associate_request()) == (2, 3, 1)
        gate.may_decide.set()
        assert await rejection(node.port, associate_request()) == (2, 3, 1)
        assert caplog.text.count("the gate failed") == 2
        assert node.server.stats().open_associations == 0


@pytest.mark.parametrize("early", [ECHO, RELEASE, ABORT, associate_request(), b""])
async def test_peer_that_does_not_wait_for_the_decision(
    early: bytes, monkeypatch: pytest.MonkeyPatch
) -> None:
    decided = asyncio.Event()

    async def admit(_request: AssociationRequest, /) -> Admission[str]:
        await decided.wait()
        return Admission("late")

    async with running_node() as node:
        monkeypatch.setattr(node.gate, "admit", admit)
        async with raw_peer(node.port) as peer:
            await peer.send(associate_request())
            await until(lambda: node.server.stats().open_associations == 1)
            await peer.send(early)
            if early in {ABORT, b""}:
                peer.writer.close()
            else:
                kind, body = await peer.receive()
                assert (kind, body[2], body[3]) == (0x07, 2, 2)
            await until(lambda: node.server.stats().open_associations == 0)
        decided.set()
        summary = await node.summary()
        assert summary.ending is not Ending.RELEASED
        assert summary.peer == "late"


@pytest.mark.parametrize(
    "limits",
    [
        DimseLimits(max_associations=2),
        DimseLimits(max_associations_per_ip=2),
        DimseLimits(max_associations_per_ae=2),
    ],
)
async def test_association_over_a_limit_is_rejected_until_one_ends(limits: DimseLimits) -> None:
    async with running_node(limits) as node, AsyncExitStack() as stack:
        peers = [await stack.enter_async_context(raw_peer(node.port)) for _ in range(2)]
        for peer in peers:
            await peer.associate()
        assert await rejection(node.port, associate_request()) == (2, 3, 2)
        assert node.server.stats().associations_over_limit == 1
        await until(lambda: len(node.gate.refused) == 1)
        assert node.gate.refused[0].reason == "too many associations at once"
        await peers[0].send(RELEASE)
        await peers[0].receive()
        async with raw_peer(node.port) as peer:
            await peer.associate()
            assert await peer.echo() == 0


async def test_limit_of_one_title_does_not_touch_another() -> None:
    async with (
        running_node(DimseLimits(max_associations_per_ae=1)) as node,
        raw_peer(node.port) as first,
        raw_peer(node.port) as second,
    ):
        await first.associate(associate_request(calling=b"CT1"))
        await second.associate(associate_request(calling=b"CT2"))
        assert await rejection(node.port, associate_request(calling=b"CT1")) == (2, 3, 2)


async def test_who_may_stay_no_longer_is_aborted_and_nobody_else() -> None:
    limits = DimseLimits(review_s=0.05)
    async with (
        running_node(limits) as node, raw_peer(node.port) as revoked, raw_peer(node.port) as other,
    ):  # fmt: skip
        await revoked.associate(associate_request(calling=b"REVOKED"))
        await other.associate(associate_request(calling=b"OTHER"))
        node.gate.unwelcome_peers["REVOKED"] = "it was switched off"
        assert (await revoked.receive())[0] == 0x07
        summary = await node.summary()
        assert (summary.peer, summary.reason) == ("REVOKED", "it was switched off")
        assert await other.echo() == 0


async def test_object_being_made_durable_outlives_its_sender_s_dismissal() -> None:
    async with running_node(DimseLimits(review_s=0.05)) as node:
        async with raw_peer(node.port) as revoked:
            node.handler.may_finish.clear()
            await revoked.associate(associate_request(calling=b"REVOKED"))
            await revoked.send(store(bytes(1000)))
            await until(lambda: bool(node.handler.sinks and node.handler.sinks[0].calls))
            node.gate.unwelcome_peers["REVOKED"] = "it was switched off"
            assert (await revoked.receive())[0] == 0x07
            node.handler.may_finish.set()
            summary = await node.summary()
        assert (summary.stored, summary.failed) == (1, 0)


async def test_everybody_stays_where_the_gate_cannot_tell(
    caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with running_node(DimseLimits(review_s=0.02)) as node, raw_peer(node.port) as peer:
        await peer.associate()

        async def broken(*_: object) -> dict[int, str]:
            raise RuntimeError("the database is down")

        monkeypatch.setattr(node.gate, "unwelcome", broken)
        await until(lambda: "who may stay" in caplog.text)
        assert await peer.echo() == 0
