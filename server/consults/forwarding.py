"""Forwarding: a publisher's stream goes on to whoever is attached, packet by packet."""

import random
from collections.abc import Callable
from typing import Final

import structlog
from aiortc import RTCRtpReceiver
from aiortc.rtp import RtpPacket

from server.consults.aiortc_inside import Egress, Ingress
from server.consults.bucket import Bucket
from server.consults.engine import Kind
from server.consults.rtp import Continuation, NackRetries, begins_vp8_keyframe
from server.core.clock import Clock

_log = structlog.get_logger(__name__)

CLOCK_RATE_HZ: Final = {Kind.AUDIO: 48_000, Kind.VIDEO: 90_000}
# More often a publisher would send little else than keyframes.
KEYFRAME_EVERY_S: Final = 0.5
_ROUND_TRIP_GUESS_S: Final = 0.1
# Several times what a browser sends of a camera (2.5 Mbit/s), whose packets have some 1.2 kB.
_PACKETS_A_SECOND: Final = 1_500.0
_BYTES_A_SECOND: Final = 1_000_000.0
_BURST_S: Final = 2.0


class Outlet:
    """A subscriber's slot: one stream to them, whoever it is that they see in it."""

    def __init__(self, egress: Egress, kind: Kind) -> None:
        self._egress = egress
        self._waits = True
        self._begun = False
        self._kind = kind
        self.source: Source | None = None
        # In the lower half: SRTP takes a wrap at the very beginning for an attack.
        self._continuation = Continuation(
            clock_rate_hz=CLOCK_RATE_HZ[kind],
            sequence=random.randrange(1 << 15),  # noqa: S311 -- RFC 3550 wants it random, SRTP secret
            timestamp=random.randrange(1 << 32),  # noqa: S311 -- as above
        )
        egress.on_keyframe_asked(self._picture_lost)

    def attach(self, source: "Source") -> None:
        """Show this source from its next keyframe on."""
        self.detach()
        self.source = source
        source.outlets.add(self)
        self.begin_anew()

    def detach(self) -> None:
        """Show nothing."""
        if self.source is not None:
            self.source.outlets.discard(self)
            self.source = None

    def begin_anew(self) -> None:
        """Wait for a picture that stands by itself."""
        self._waits = True
        if self.source is not None:
            self.source.want_keyframe()

    async def forward(self, packet: RtpPacket, *, keyframe: bool, now_s: float) -> bool:
        """Send a packet on; tell whether it was sent."""
        if self._waits:
            if self._kind is Kind.VIDEO and not keyframe:
                return False
            self._continuation.begin(packet.sequence_number, packet.timestamp, now_s)
        numbers = self._continuation.rewritten(packet.sequence_number, packet.timestamp, now_s)
        if numbers is None:
            return False
        try:
            await self._egress.send(packet, *numbers)
        except ConnectionError:
            # Not connected yet, or no more; then the picture begins with the next keyframe.
            self._waits = True
            return False
        self._waits = False
        return True

    @property
    def waits(self) -> bool:
        """Whether it waits for a keyframe."""
        return self._waits

    def _picture_lost(self) -> None:
        if self.source is not None:
            self.source.want_keyframe()


class Source:
    """A publisher's stream of one kind."""

    def __init__(
        self,
        receiver: RTCRtpReceiver,
        kind: Kind,
        clock: Clock,
        *,
        round_trip_s: Callable[[], float],
        abused: Callable[[], None],
    ) -> None:
        self.outlets: set[Outlet] = set()
        self.forwarded_packets = 0
        self._kind = kind
        self._clock = clock
        self._round_trip_s = round_trip_s
        self._muted = False
        self._ssrc: int | None = None
        self._keyframe_wanted = False
        self._keyframe_asked_s = -KEYFRAME_EVERY_S
        self._retries = NackRetries()
        self._packets = Bucket(
            clock, per_second=_PACKETS_A_SECOND, burst=_PACKETS_A_SECOND * _BURST_S
        )
        self._bytes = Bucket(clock, per_second=_BYTES_A_SECOND, burst=_BYTES_A_SECOND * _BURST_S)
        self._ingress = Ingress(receiver, self._forward, admits=self._admits, abused=abused)

    def want_keyframe(self) -> None:
        """Ask the publisher for a picture that stands by itself, soon and not too often."""
        self._keyframe_wanted = True

    def mute(self, *, muted: bool) -> None:
        """Send nothing on, or go on with a picture that stands by itself."""
        if muted == self._muted:
            return
        self._muted = muted
        if not muted:
            for outlet in self.outlets:
                outlet.begin_anew()

    async def tick(self) -> None:
        """Ask for what is overdue: lost packets, and the keyframe somebody waits for."""
        if self._ssrc is None:
            return
        now_s = self._clock.monotonic_s()
        missing = self._ingress.missing
        if missing:
            due = self._retries.due(missing, now_s, self._round_trip_s())
            if due:
                await self._ingress.ask_again(self._ssrc, due)
        wanted = self._keyframe_wanted and not self._muted
        if wanted and now_s - self._keyframe_asked_s >= KEYFRAME_EVERY_S:
            self._keyframe_asked_s = now_s
            # It may be lost, or its answer; whoever still waits then keeps it wanted.
            self._keyframe_wanted = any(outlet.waits for outlet in self.outlets)
            await self._ingress.ask_keyframe(self._ssrc)

    def _admits(self, packet: RtpPacket) -> bool:
        return self._packets.takes(1.0) and self._bytes.takes(float(len(packet.payload)))

    async def _forward(self, packet: RtpPacket) -> None:
        self._ssrc = packet.ssrc
        if self._muted:
            return
        now_s = self._clock.monotonic_s()
        keyframe = self._kind is Kind.VIDEO and begins_vp8_keyframe(packet.payload)
        for outlet in tuple(self.outlets):
            try:
                self.forwarded_packets += await outlet.forward(
                    packet, keyframe=keyframe, now_s=now_s
                )
            except Exception:  # noqa: BLE001 -- one subscriber's fault must not end the publisher
                _log.exception("a packet could not be forwarded")
                outlet.detach()
