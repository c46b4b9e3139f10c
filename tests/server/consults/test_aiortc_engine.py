"""The engine between real aiortc peers: what one sends the others get, encoded only once."""

import asyncio
import re
import struct
from collections.abc import AsyncIterator, Awaitable, Callable
from itertools import pairwise

import pytest
from aiortc import RTCRtpSender, codecs
from aiortc.jitterbuffer import JitterFrame
from aiortc.rtp import RTCP_RTPFB_NACK, RtcpRrPacket, RtcpRtpfbPacket, RtpPacket
from aiortc.sdp import SessionDescription

from server.consults import aiortc_inside
from server.consults.aiortc_engine import AiortcEngine
from server.consults.engine import Connected, Kind
from server.core.clock import SystemClock
from server.core.errors import InvalidInput
from tests.server.consults.peers import PATIENCE_S, Peer, brightness_of
from tests.support.fakes import ManualClock

Connect = Callable[[str, Peer], Awaitable[Connected]]


@pytest.fixture
async def engine() -> AsyncIterator[AiortcEngine]:
    """A running engine."""
    running = AiortcEngine(SystemClock())
    yield running
    await running.close()


@pytest.fixture
async def connect(engine: AiortcEngine) -> AsyncIterator[Connect]:
    """Connects peers, and hangs up in the end."""
    peers: list[Peer] = []

    async def connected(name: str, peer: Peer) -> Connected:
        peers.append(peer)
        accepted = await engine.connect(name, await peer.offer(), lambda: None)
        await peer.accept(accepted.answer_sdp)
        return accepted

    yield connected
    for peer in peers:
        await peer.close()


def slot(connected: Connected, kind: Kind, number: int = 0) -> str:
    return [each.mid for each in connected.slots if each.kind is kind][number]


def show(engine: AiortcEngine, viewer: str, slots: Connected, publisher: str, at: int = 0) -> None:
    for kind in Kind:
        engine.attach(viewer, slot(slots, kind, at), publisher)


async def test_aiortc_still_has_inside_what_forwarding_reaches_for() -> None:
    aiortc_inside.check()


async def test_an_aiortc_that_lacks_one_of_them_is_refused(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.delattr(RTCRtpSender, "_send_keyframe")
    with pytest.raises(RuntimeError, match="_send_keyframe"):
        aiortc_inside.check()


async def test_two_see_and_hear_each_other(engine: AiortcEngine, connect: Connect) -> None:
    li, wang = Peer(brightness=60), Peer(brightness=180)
    to_li, to_wang = await connect("li", li), await connect("wang", wang)
    assert to_li.sends == set(Kind)
    show(engine, "li", to_li, "wang")
    show(engine, "wang", to_wang, "li")
    await asyncio.gather(
        li.is_shown(slot(to_li, Kind.VIDEO), 180),
        wang.is_shown(slot(to_wang, Kind.VIDEO), 60),
        li.hears(slot(to_li, Kind.AUDIO), 10),
        wang.hears(slot(to_wang, Kind.AUDIO), 10),
    )
    assert engine.stats().attached_slots == 4
    assert engine.stats().forwarded_packets > 20


async def test_nothing_is_decoded_on_the_way(
    engine: AiortcEngine, connect: Connect, monkeypatch: pytest.MonkeyPatch
) -> None:
    li, wang = Peer(brightness=60), Peer(slots=1)
    to_li = await connect("li", li)
    to_wang = await connect("wang", wang)
    decoded: list[str] = []
    decode = codecs.vpx.Vp8Decoder.decode

    def counted(self: codecs.vpx.Vp8Decoder, frame: JitterFrame) -> object:
        decoded.append("one")
        return decode(self, frame)

    monkeypatch.setattr(codecs.vpx.Vp8Decoder, "decode", counted)
    show(engine, "wang", to_wang, "li")
    seen = await wang.sees(slot(to_wang, Kind.VIDEO), 10)
    # The only decoder of this process that worked is the viewer's own.
    assert len(seen) <= len(decoded) <= len(seen) + 3
    assert to_li.sends == set(Kind)


async def test_a_late_joiner_begins_with_a_keyframe(engine: AiortcEngine, connect: Connect) -> None:
    li, wang, zhao = Peer(brightness=60), Peer(slots=1), Peer(slots=1)
    await connect("li", li)
    to_wang = await connect("wang", wang)
    show(engine, "wang", to_wang, "li")
    await wang.sees(slot(to_wang, Kind.VIDEO), 15)
    to_zhao = await connect("zhao", zhao)
    show(engine, "zhao", to_zhao, "li")
    (frame,) = await zhao.sees(slot(to_zhao, Kind.VIDEO))
    # Without its keyframe a picture of one brightness cannot be made out.
    assert abs(brightness_of(frame) - 60) < 12


async def test_three_see_each_other_and_a_slot_changes_its_publisher(
    engine: AiortcEngine, connect: Connect
) -> None:
    light = {"li": 40, "wang": 120, "zhao": 200}
    peers = {name: Peer(brightness=value) for name, value in light.items()}
    slots = {name: await connect(name, peer) for name, peer in peers.items()}
    for viewer in light:
        for at, publisher in enumerate(name for name in light if name != viewer):
            show(engine, viewer, slots[viewer], publisher, at)
    async with asyncio.TaskGroup() as group:
        for viewer in light:
            for at, publisher in enumerate(name for name in light if name != viewer):
                mid = slot(slots[viewer], Kind.VIDEO, at)
                group.create_task(peers[viewer].is_shown(mid, light[publisher]))
    # One stream to the viewer, now of somebody else.
    mid = slot(slots["li"], Kind.VIDEO)
    engine.attach("li", mid, "zhao")
    await peers["li"].is_shown(mid, light["zhao"])


async def test_who_is_muted_is_not_forwarded_and_comes_back_with_a_picture(
    engine: AiortcEngine, connect: Connect
) -> None:
    li, wang = Peer(brightness=60), Peer(slots=1)
    await connect("li", li)
    to_wang = await connect("wang", wang)
    show(engine, "wang", to_wang, "li")
    mid = slot(to_wang, Kind.VIDEO)
    await wang.sees(mid, 3)
    for kind in Kind:
        engine.mute("li", kind, muted=True)
    await asyncio.sleep(0.2)
    before = engine.stats().forwarded_packets
    await asyncio.sleep(0.5)
    assert engine.stats().forwarded_packets == before
    engine.mute("li", Kind.VIDEO, muted=False)
    await wang.sees(mid, 5)
    # What changes nothing disturbs nobody.
    (outlet,) = engine._peers["li"].sources[Kind.VIDEO].outlets
    assert not outlet.waits
    engine.mute("li", Kind.VIDEO, muted=False)
    assert not outlet.waits


async def test_what_is_lost_on_the_way_up_is_asked_for_again(
    engine: AiortcEngine, connect: Connect
) -> None:
    li, wang = Peer(brightness=60), Peer(slots=1)
    await connect("li", li)
    to_wang = await connect("wang", wang)
    show(engine, "wang", to_wang, "li")
    mid = slot(to_wang, Kind.VIDEO)
    await wang.sees(mid, 3)
    li.up.loses = lambda number: number % 10 == 0
    times = [frame.pts or 0 for frame in await wang.sees(mid, 45)]
    assert li.up.lost > 5
    steps = {after - before for before, after in pairwise(times)}
    # A frame that was lost and not sent again would be a step of two.
    assert max(steps) < 2 * 90_000 // 15 - 100


async def test_what_is_lost_on_the_way_down_is_sent_again(
    engine: AiortcEngine, connect: Connect
) -> None:
    li, wang = Peer(brightness=60), Peer(slots=1)
    await connect("li", li)
    to_wang = await connect("wang", wang)
    show(engine, "wang", to_wang, "li")
    mid = slot(to_wang, Kind.VIDEO)
    await wang.sees(mid, 3)
    wang.down.loses = lambda number: number % 10 == 0
    times = [frame.pts or 0 for frame in await wang.sees(mid, 45)]
    assert wang.down.lost > 5
    steps = {after - before for before, after in pairwise(times)}
    assert max(steps) < 2 * 90_000 // 15 - 100


async def test_a_connection_that_is_made_again_replaces_the_first(
    engine: AiortcEngine, connect: Connect
) -> None:
    li, wang = Peer(brightness=60), Peer(slots=1)
    await connect("li", li)
    to_wang = await connect("wang", wang)
    show(engine, "wang", to_wang, "li")
    again = Peer(brightness=150)
    await connect("li", again)
    assert engine.stats().connections == 2
    mid = slot(to_wang, Kind.VIDEO)
    engine.attach("wang", mid, "li")
    await wang.is_shown(mid, 150)


async def test_who_hangs_up_is_told_once(engine: AiortcEngine) -> None:
    li = Peer(brightness=60)
    lost: list[str] = []
    gone = asyncio.Event()

    def on_lost() -> None:
        lost.append("li")
        gone.set()

    answer = await engine.connect("li", await li.offer(), on_lost)
    await li.accept(answer.answer_sdp)
    await li.connected()
    await li.close()
    async with asyncio.timeout(PATIENCE_S):
        await gone.wait()
    await engine.disconnect("li")
    assert lost == ["li"]


async def test_who_sends_under_ever_new_ssrcs_is_hung_up_on(engine: AiortcEngine) -> None:
    lost: list[str] = []
    peer = Peer(brightness=60, slots=1)
    await engine.connect("li", await peer.offer(), lambda: lost.append("li"))
    receivers = [each.receiver for each in engine._peers["li"].connection.getTransceivers()]
    for ssrc in range(300):
        packet = RtpPacket(ssrc=ssrc, payload_type=96)
        await receivers[0]._handle_rtp_packet(packet, arrival_time_ms=0)
        assert len(lost) == (ssrc >= 8)
    await peer.close()


async def test_what_a_publisher_sends_beyond_measure_is_dropped() -> None:
    clock = ManualClock()
    engine = AiortcEngine(clock)
    peer = Peer(brightness=60, slots=1)
    await engine.connect("li", await peer.offer(), lambda: None)
    source = engine._peers["li"].sources[Kind.VIDEO]

    def taken(count: int, size: int) -> int:
        return sum(source._admits(RtpPacket(payload=b"x" * size)) for _ in range(count))

    assert taken(10_000, size=1) == 3_000
    clock.advance(1.0)
    assert taken(10_000, size=1) == 1_500
    clock.advance(60.0)
    assert taken(50, size=50_000) == 40
    await engine.close()
    await peer.close()


async def test_a_nack_is_answered_within_measure(
    engine: AiortcEngine, monkeypatch: pytest.MonkeyPatch
) -> None:
    sent: list[int] = []

    async def send_again(_: RTCRtpSender, sequence: int) -> None:
        sent.append(sequence)

    monkeypatch.setattr(RTCRtpSender, "_retransmit", send_again)
    peer = Peer(slots=1)
    await engine.connect("li", await peer.offer(), lambda: None)
    sender = engine._peers["li"].connection.getTransceivers()[1].sender

    async def nack(lost: list[int]) -> None:
        await sender._handle_rtcp_packet(
            RtcpRtpfbPacket(fmt=RTCP_RTPFB_NACK, ssrc=1, media_ssrc=2, lost=lost)
        )

    await nack([7, 8, 7, 7])
    assert sent == [7, 8]
    await nack(list(range(5_000)))
    assert len(sent) == 2 + 128
    for _ in range(20):
        await nack(list(range(128)))
    assert len(sent) < 900
    await peer.close()


async def test_reports_that_fail_keep_no_connection_open(
    engine: AiortcEngine, connect: Connect, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(_: RtcpRrPacket) -> bytes:
        raise struct.error

    monkeypatch.setattr(RtcpRrPacket, "__bytes__", fail)
    li = Peer(brightness=60, slots=1)
    await connect("li", li)
    await li.connected()
    closes = [each.receiver for each in engine._peers["li"].connection.getTransceivers()]
    # The first reports go within 1.5 s.
    await asyncio.sleep(2)
    async with asyncio.timeout(PATIENCE_S):
        for receiver in closes:
            await receiver.stop()


async def test_a_connection_is_closed_though_whoever_waits_for_it_is_cancelled(
    engine: AiortcEngine, monkeypatch: pytest.MonkeyPatch
) -> None:
    peer = Peer(brightness=60, slots=1)
    await engine.connect("li", await peer.offer(), lambda: None)
    connection = engine._peers["li"].connection
    close, may_close = connection.close, asyncio.Event()

    async def slow() -> None:
        await may_close.wait()
        await close()

    monkeypatch.setattr(connection, "close", slow)
    waiting = asyncio.create_task(engine.disconnect("li"))
    await asyncio.sleep(0.05)
    waiting.cancel()
    await asyncio.gather(waiting, return_exceptions=True)
    may_close.set()
    await engine.close()
    assert connection.connectionState == "closed"
    await peer.close()


async def test_a_connection_that_does_not_close_keeps_nobody_waiting(
    engine: AiortcEngine, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("server.consults.aiortc_engine._CLOSES_WITHIN_S", 0.1)
    peer = Peer(brightness=60, slots=1)
    await engine.connect("li", await peer.offer(), lambda: None)
    connection = engine._peers["li"].connection
    close = connection.close
    monkeypatch.setattr(connection, "close", asyncio.Event().wait)
    async with asyncio.timeout(PATIENCE_S):
        await engine.disconnect("li")
    await close()
    await peer.close()


async def test_a_connection_that_never_comes_is_given_up(
    engine: AiortcEngine, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("server.consults.aiortc_engine._CONNECTS_WITHIN_S", 0.1)
    given_up = asyncio.Event()
    peer = Peer(brightness=60, slots=1)
    await engine.connect("li", await peer.offer(), given_up.set)
    async with asyncio.timeout(PATIENCE_S):
        await given_up.wait()
    await engine.disconnect("li")
    assert engine.stats().connections == 0
    await peer.close()


async def test_the_answer_has_no_codec_that_a_room_has_not(engine: AiortcEngine) -> None:
    peer = Peer(brightness=60, slots=1)
    answer = (await engine.connect("li", await peer.offer(), lambda: None)).answer_sdp
    assert set(re.findall(r"a=rtpmap:\d+ (\w+)/", answer)) == {"opus", "VP8", "rtx"}
    await peer.close()


async def test_the_server_calls_nobody(engine: AiortcEngine) -> None:
    peer = Peer(brightness=60, slots=1)
    offer = (await peer.offer()).replace(
        "a=end-of-candidates",
        "a=candidate:1 1 udp 2130706431 169.254.169.254 80 typ host\r\n"
        "a=candidate:2 1 udp 2130706431 somewhere.local 80 typ host\r\na=end-of-candidates",
    )
    await engine.connect("li", offer, lambda: None)
    transport = engine._peers["li"].connection.getTransceivers()[0].sender.transport.transport
    assert transport.getRemoteCandidates() == []
    await peer.close()


@pytest.mark.parametrize(
    ("change", "code"),
    [
        (lambda _sdp: "hello", "bad-offer"),
        (lambda _sdp: "", "bad-offer"),
        (lambda sdp: sdp.replace("a=group:BUNDLE 0 1", "a=group:BUNDLE 0"), "offer-not-bundled"),
        (lambda sdp: sdp.replace("a=sendonly", "a=sendrecv"), "bad-direction"),
        (lambda sdp: sdp.replace("a=recvonly", "a=sendonly"), "too-many-streams"),
        (lambda sdp: sdp.replace("VP8", "VP7"), "bad-offer"),
        (lambda sdp: sdp.replace("a=fingerprint", "a=finger"), "bad-offer"),
        (lambda sdp: sdp.replace("m=video", "m=application"), "bad-offer"),
    ],
)
async def test_a_bad_offer_is_refused_by_name(
    engine: AiortcEngine, change: Callable[[str], str], code: str
) -> None:
    peer = Peer(brightness=60, slots=1)
    with pytest.raises(InvalidInput) as refused:
        await engine.connect("li", change(await peer.offer()), lambda: None)
    assert refused.value.code == code
    assert engine.stats().connections == 0
    await peer.close()


@pytest.mark.parametrize(
    "more",
    [
        "".join(f"a=rtpmap:{n} VP8/90000\r\n" for n in range(70)),
        "a=rtcp-fb:* nack\r\n" * 257,
        "".join(f"a=ssrc:{n} cname:x\r\n" for n in range(33)),
        "a=fingerprint:sha-256 AA\r\n" * 5,
        f"a=x:{'y' * 1100}\r\n",
        "m=audio 9 UDP/TLS/RTP/SAVPF 0\r\n" * 17,
    ],
)
async def test_an_offer_that_would_keep_the_parser_busy_is_not_parsed(
    engine: AiortcEngine, more: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    peer = Peer(brightness=60, slots=1)
    offer = await peer.offer()
    parsed: list[str] = []
    monkeypatch.setattr(SessionDescription, "parse", parsed.append)
    for sdp in (offer + more, offer.replace("m=audio", more + "m=audio", 1)):
        with pytest.raises(InvalidInput, match="larger") as refused:
            await engine.connect("li", sdp, lambda: None)
        assert refused.value.code == "bad-offer"
    assert parsed == []
    await peer.close()


async def test_more_slots_than_a_room_has_people_are_refused(engine: AiortcEngine) -> None:
    peer = Peer(slots=8)
    with pytest.raises(InvalidInput) as refused:
        await engine.connect("li", await peer.offer(), lambda: None)
    assert refused.value.code == "too-many-slots"
    await peer.close()
