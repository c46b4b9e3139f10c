"""The media engine over aiortc, for rooms of up to eight: packets are forwarded, never decoded.

The answer names our own addresses and we ignore the offer's: a browser calls us, we call nobody,
so no offer can make this host knock on other doors.
"""

import asyncio
import contextlib
from collections import Counter
from collections.abc import Callable
from typing import Final

import structlog
from aiortc import (
    RTCBundlePolicy,
    RTCConfiguration,
    RTCPeerConnection,
    RTCRtpSender,
    RTCRtpTransceiver,
    RTCSessionDescription,
)
from aiortc.mediastreams import MediaStreamError, MediaStreamTrack
from aiortc.sdp import MediaDescription, SessionDescription
from av.frame import Frame

from server.consults import aiortc_inside
from server.consults.engine import Connected, EngineStats, Kind, Slot
from server.consults.forwarding import Outlet, Source
from server.core.clock import Clock
from server.core.errors import InvalidInput

_log = structlog.get_logger(__name__)

# One for each of the seven others in a room of eight.
SLOTS_AT_MOST: Final = 7
_CONNECTS_WITHIN_S: Final = 30.0
_TICK_S: Final = 0.025
_CLOSES_WITHIN_S: Final = 5.0
_ROUND_TRIP_GUESS_S: Final = 0.1
# A browser's offer of every slot stays far below; the parser's time grows with their square.
_SECTIONS_AT_MOST: Final = 16
_LINE_AT_MOST: Final = 1024
_LINES_AT_MOST: Final = {"a=rtpmap:": 64, "a=rtcp-fb:": 256, "a=ssrc:": 32, "a=fingerprint:": 4}
# Every browser has both, and a room has one of each: nothing is converted here.
_CODECS: Final = {Kind.AUDIO: {"audio/opus"}, Kind.VIDEO: {"video/vp8", "video/rtx"}}


class _Silence(MediaStreamTrack):
    """What aiortc's own sender waits for; the packets are sent past it."""

    def __init__(self, kind: Kind) -> None:
        super().__init__()
        self.kind = kind.value

    async def recv(self) -> Frame:
        """Wait for ever."""
        await asyncio.get_running_loop().create_future()
        raise MediaStreamError


class _Peer:
    """One participant's connection."""

    def __init__(self, on_lost: Callable[[], None]) -> None:
        self.on_lost = on_lost
        # Without servers given, aiortc would ask a public one for our address.
        self.connection = RTCPeerConnection(
            RTCConfiguration(iceServers=[], bundlePolicy=RTCBundlePolicy.MAX_BUNDLE)
        )
        self.sources: dict[Kind, Source] = {}
        self.outlets: dict[str, Outlet] = {}
        self.egresses: list[aiortc_inside.Egress] = []
        self.slots: list[Slot] = []
        self.deadline: asyncio.TimerHandle | None = None

    def round_trip_s(self) -> float:
        """Return the round trip to the participant, guessed until a report tells it."""
        for egress in self.egresses:
            if egress.round_trip_s is not None:
                return egress.round_trip_s
        return _ROUND_TRIP_GUESS_S

    def lost(self) -> None:
        """Tell, once, that the connection has failed."""
        on_lost, self.on_lost = self.on_lost, _nothing
        on_lost()


class AiortcEngine:
    """Forwards packets between the connections of this process."""

    def __init__(self, clock: Clock) -> None:
        aiortc_inside.check()
        self._clock = clock
        self._peers: dict[str, _Peer] = {}
        self._ticking: asyncio.Task[None] | None = None
        self._closing: set[asyncio.Task[None]] = set()
        self._forwarded_before = 0
        self._worst_late_s = 0.0

    async def connect(
        self, participant_id: str, offer_sdp: str, on_lost: Callable[[], None]
    ) -> Connected:
        """Accept a participant's connection, in place of an earlier one."""
        offered = _checked(offer_sdp)
        await self.disconnect(participant_id)
        peer = _Peer(on_lost)
        accepted = False
        try:
            for media in offered.media:
                self._add(peer, media)
            await peer.connection.setRemoteDescription(
                RTCSessionDescription(_without_candidates(offer_sdp), "offer")
            )
            await peer.connection.setLocalDescription(await peer.connection.createAnswer())
            accepted = True
        except Exception as error:
            # A description passes our checks and fails aiortc's in as many ways as it has lines.
            raise InvalidInput(
                "no connection can be made from this offer", code="bad-offer"
            ) from error
        finally:
            if not accepted:
                await self._hang_up(peer.connection)
        self._peers[participant_id] = peer
        self._watch(peer)
        if self._ticking is None:
            self._ticking = asyncio.create_task(self._tick(), name="media-ticks")
        return Connected(
            peer.connection.localDescription.sdp, tuple(peer.slots), frozenset(peer.sources)
        )

    def attach(self, subscriber_id: str, mid: str, publisher_id: str) -> None:
        """Feed a slot from a publisher, if that sends what the slot takes."""
        subscriber, publisher = self._peers.get(subscriber_id), self._peers.get(publisher_id)
        if subscriber is None or publisher is None:
            return
        kind = next((slot.kind for slot in subscriber.slots if slot.mid == mid), None)
        if kind is not None and kind in publisher.sources:
            subscriber.outlets[mid].attach(publisher.sources[kind])

    def detach(self, subscriber_id: str, mid: str) -> None:
        """Feed a slot no more."""
        subscriber = self._peers.get(subscriber_id)
        if subscriber is not None and mid in subscriber.outlets:
            subscriber.outlets[mid].detach()

    def mute(self, publisher_id: str, kind: Kind, *, muted: bool) -> None:
        """Carry a publisher's stream to nobody, or to everybody again."""
        publisher = self._peers.get(publisher_id)
        if publisher is not None and kind in publisher.sources:
            publisher.sources[kind].mute(muted=muted)

    async def disconnect(self, participant_id: str) -> None:
        """Close a participant's connection, if there is one."""
        peer = self._peers.pop(participant_id, None)
        if peer is not None:
            await self._drop(peer)

    def stats(self) -> EngineStats:
        """Return what the engine does now."""
        peers = self._peers.values()
        worst_late_s, self._worst_late_s = self._worst_late_s, 0.0
        return EngineStats(
            connections=len(peers),
            attached_slots=sum(
                outlet.source is not None for peer in peers for outlet in peer.outlets.values()
            ),
            forwarded_packets=self._forwarded_before
            + sum(source.forwarded_packets for peer in peers for source in peer.sources.values()),
            worst_late_s=worst_late_s,
        )

    async def close(self) -> None:
        """Close every connection."""
        if self._ticking is not None:
            self._ticking.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await self._ticking
            self._ticking = None
        for participant_id in tuple(self._peers):
            await self.disconnect(participant_id)
        await asyncio.gather(*self._closing)

    def _add(self, peer: _Peer, media: MediaDescription) -> None:
        kind = Kind(media.kind)
        if media.direction == "sendonly":
            transceiver = peer.connection.addTransceiver(kind.value, direction="recvonly")
            peer.sources[kind] = Source(
                transceiver.receiver,
                kind,
                self._clock,
                round_trip_s=peer.round_trip_s,
                abused=peer.lost,
            )
        else:
            transceiver = peer.connection.addTransceiver(_Silence(kind), direction="sendonly")
            pair = sum(slot.kind is kind for slot in peer.slots)
            egress = aiortc_inside.Egress(transceiver, f"slot-{pair}", self._clock)
            slot = Slot(media.rtp.muxId, kind)
            peer.slots.append(slot)
            peer.egresses.append(egress)
            peer.outlets[slot.mid] = Outlet(egress, kind)
        _prefer(transceiver, kind)

    def _watch(self, peer: _Peer) -> None:
        connection = peer.connection

        @connection.on("connectionstatechange")
        def changed() -> None:
            if connection.connectionState == "connected" and peer.deadline is not None:
                peer.deadline.cancel()
            if connection.connectionState in {"failed", "closed"}:
                peer.lost()

        peer.deadline = asyncio.get_running_loop().call_later(_CONNECTS_WITHIN_S, peer.lost)

    async def _drop(self, peer: _Peer) -> None:
        peer.on_lost = _nothing
        if peer.deadline is not None:
            peer.deadline.cancel()
        for source in peer.sources.values():
            self._forwarded_before += source.forwarded_packets
            for outlet in tuple(source.outlets):
                outlet.detach()
        for outlet in peer.outlets.values():
            outlet.detach()
        await self._hang_up(peer.connection)

    async def _hang_up(self, connection: RTCPeerConnection) -> None:
        # Whoever waits for it may be cancelled: the connection is closed all the same.
        closing = asyncio.create_task(_closed(connection))
        self._closing.add(closing)
        closing.add_done_callback(self._closing.discard)
        await asyncio.shield(closing)

    async def _tick(self) -> None:
        loop = asyncio.get_running_loop()
        while True:
            due_s = loop.time() + _TICK_S
            await asyncio.sleep(_TICK_S)
            self._worst_late_s = max(self._worst_late_s, loop.time() - due_s)
            for peer in tuple(self._peers.values()):
                for source in peer.sources.values():
                    try:
                        await source.tick()
                    except Exception:  # noqa: BLE001 -- one connection must not stop the others
                        _log.exception("asking a publisher failed")


async def _closed(connection: RTCPeerConnection) -> None:
    try:
        async with asyncio.timeout(_CLOSES_WITHIN_S):
            await connection.close()
    except Exception:  # noqa: BLE001 -- one that does not close must keep nobody waiting
        _log.exception("a connection could not be closed")


def _checked(sdp: str) -> SessionDescription:
    """Return the parsed offer of one bundle: what it sends, and the slots it holds."""
    _check_size(sdp)
    try:
        offered = SessionDescription.parse(sdp)
        kinds = [(Kind(media.kind), media.direction) for media in offered.media]
        bundled = next(group.items for group in offered.group if group.semantic == "BUNDLE")
        digests = [
            {each.algorithm.lower() for each in media.dtls.fingerprints} if media.dtls else set()
            for media in offered.media
        ]
    except Exception as error:
        # The parser was written for friends: what it stumbles over it raises as anything.
        raise InvalidInput("the offer cannot be read", code="bad-offer") from error
    if [media.rtp.muxId for media in offered.media] != bundled or len(set(bundled)) != len(bundled):
        raise InvalidInput("the offer must be one bundle", code="offer-not-bundled")
    if not all("sha-256" in each for each in digests):
        raise InvalidInput("the offer has no sha-256 fingerprint", code="bad-offer")
    counted = Counter(kinds)
    for kind in Kind:
        if counted.pop((kind, "sendonly"), 0) > 1:
            raise InvalidInput(f"one {kind} may be sent", code="too-many-streams")
        if counted.pop((kind, "recvonly"), 0) > SLOTS_AT_MOST:
            raise InvalidInput(f"{SLOTS_AT_MOST} {kind} slots suffice", code="too-many-slots")
    if counted:
        raise InvalidInput("audio and video are sent or received, each alone", code="bad-direction")
    return offered


def _check_size(sdp: str) -> None:
    """Refuse, in linear time, what would keep the parser busy."""
    sections = 0
    counted: Counter[str] = Counter()
    # The same splitting as the parser's, or it would count other lines.
    for line in sdp.splitlines():
        if line.startswith("m="):
            sections += 1
            counted.clear()
        counted.update(start for start in _LINES_AT_MOST if line.startswith(start))
        if (
            sections > _SECTIONS_AT_MOST
            or len(line) > _LINE_AT_MOST
            or any(counted[start] > most for start, most in _LINES_AT_MOST.items())
        ):
            raise InvalidInput("the offer is larger than any browser's", code="bad-offer")


def _without_candidates(sdp: str) -> str:
    dropped = ("a=candidate:", "a=end-of-candidates")
    return "".join(line for line in sdp.splitlines(keepends=True) if not line.startswith(dropped))


def _prefer(transceiver: RTCRtpTransceiver, kind: Kind) -> None:
    known = RTCRtpSender.getCapabilities(kind.value).codecs
    transceiver.setCodecPreferences(
        [codec for codec in known if codec.mimeType.lower() in _CODECS[kind]]
    )


def _nothing() -> None:
    """Do nothing."""
