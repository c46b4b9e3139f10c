"""The private parts of aiortc that forwarding stands on, all of them, in one place.

Sending encoded media is official in aiortc, receiving it is not: a receiver decodes. Here its
jitter buffer, the step before the decoder, is replaced by a tap. Everything before that stays
aiortc's own: statistics, bandwidth estimation, unwrapping of retransmissions, NACKs. A sender's
history, counters and header extensions are its own as well, so that it answers NACKs by RTX and
writes sender reports for packets it has not encoded.

aiortc is pinned for this module's sake. `check` fails where a name is gone; the engine calls it
before its first connection, and a test does so with every change of the lock.
"""

from collections.abc import Awaitable, Callable
from enum import StrEnum
from typing import Any, Final

from aiortc import (
    RTCConfiguration,
    RTCPeerConnection,
    RTCRtpReceiver,
    RTCRtpSender,
    RTCRtpTransceiver,
)
from aiortc import clock as _aiortc_clock
from aiortc.rtp import (
    RTP_HISTORY_SIZE,
    AnyRtcpPacket,
    HeaderExtensions,
    RtcpRtpfbPacket,
    RtpPacket,
)

from server.consults.bucket import Bucket
from server.core.clock import Clock

# One of the stream and one of its retransmissions, and some for a browser that changes its mind.
_SSRCS_AT_MOST: Final = 8
# What a line that loses a tenth of a room's video asks for, several times over.
_SENT_AGAIN_A_SECOND: Final = 500.0
_SENT_AGAIN_AT_ONCE: Final = 128


class _Receiver(StrEnum):
    JITTER_BUFFER = "_RTCRtpReceiver__jitter_buffer"
    NACK_GENERATOR = "_RTCRtpReceiver__nack_generator"
    HANDLE_RTP = "_handle_rtp_packet"
    SEND_NACK = "_send_rtcp_nack"
    SEND_PLI = "_send_rtcp_pli"
    RUN_RTCP = "_run_rtcp"
    RTCP_EXITED = "_RTCRtpReceiver__rtcp_exited"


class _Sender(StrEnum):
    HISTORY = "_RTCRtpSender__rtp_history"
    EXTENSIONS = "_RTCRtpSender__rtp_header_extensions_map"
    MID = "_RTCRtpSender__mid"
    NTP_TIMESTAMP = "_RTCRtpSender__ntp_timestamp"
    RTP_TIMESTAMP = "_RTCRtpSender__rtp_timestamp"
    PACKET_COUNT = "_RTCRtpSender__packet_count"
    OCTET_COUNT = "_RTCRtpSender__octet_count"
    ROUND_TRIP = "_RTCRtpSender__rtt"
    KEYFRAME_ASKED = "_send_keyframe"
    SSRC = "_ssrc"
    STREAM_ID = "_stream_id"
    HANDLE_RTCP = "_handle_rtcp_packet"
    RUN_RTCP = "_run_rtcp"
    RTCP_EXITED = "_RTCRtpSender__rtcp_exited"


class _Transceiver(StrEnum):
    CODECS = "_codecs"


class _Transport(StrEnum):
    SEND_RTP = "_send_rtp"


def check() -> None:
    """Make sure that aiortc still has inside what we reach for.

    Raises
    ------
    RuntimeError
        Naming what is gone.
    """
    connection = RTCPeerConnection(RTCConfiguration(iceServers=[]))
    transceiver = connection.addTransceiver("video")
    inside: list[tuple[object, type[StrEnum]]] = [
        (transceiver.receiver, _Receiver),
        (transceiver.sender, _Sender),
        (transceiver, _Transceiver),
        (transceiver.sender.transport, _Transport),
    ]
    gone = [name for thing, names in inside for name in names if not hasattr(thing, name)]
    if gone:
        raise RuntimeError(f"this aiortc cannot forward packets, it lacks {', '.join(gone)}")


def _inside(thing: object, name: StrEnum) -> Any:  # noqa: ANN401 -- what is inside has no published type
    return getattr(thing, name)


def _tell_when_reports_end(
    thing: object, run_name: _Receiver | _Sender, exited_name: _Receiver | _Sender
) -> None:
    """Let `stop` go on where the task of reports has failed: it would wait for it for ever."""
    run, exited = _inside(thing, run_name), _inside(thing, exited_name)

    async def running() -> None:
        try:
            await run()
        finally:
            exited.set()

    setattr(thing, run_name, running)


class _Tap:
    """Stands where the jitter buffer was, and hands on what it is given to be put in order."""

    def __init__(self) -> None:
        self.packets: list[RtpPacket] = []

    def add(self, packet: RtpPacket) -> tuple[bool, None]:
        self.packets.append(packet)
        return False, None


class Ingress:
    """A receiver that decodes nothing: every packet of its stream goes to ``forward``.

    aiortc keeps books for every SSRC and reports on all of them at once, which fails from 256 on;
    a publisher that has more than a few is no browser, and ``abused`` is called. What ``admits``
    denies is dropped before anything is done with it.
    """

    def __init__(
        self,
        receiver: RTCRtpReceiver,
        forward: Callable[[RtpPacket], Awaitable[None]],
        *,
        admits: Callable[[RtpPacket], bool],
        abused: Callable[[], None],
    ) -> None:
        self._receiver = receiver
        ssrcs: set[int] = set()
        tap = _Tap()
        taken_over = _inside(receiver, _Receiver.HANDLE_RTP)

        async def handle(packet: RtpPacket, arrival_time_ms: int) -> None:
            if packet.ssrc not in ssrcs:
                if len(ssrcs) == _SSRCS_AT_MOST:
                    abused()
                    return
                ssrcs.add(packet.ssrc)
            if not admits(packet):
                return
            await taken_over(packet, arrival_time_ms=arrival_time_ms)
            tapped, tap.packets = tap.packets, []
            for each in tapped:
                await forward(each)

        setattr(receiver, _Receiver.JITTER_BUFFER, tap)
        setattr(receiver, _Receiver.HANDLE_RTP, handle)
        _tell_when_reports_end(receiver, _Receiver.RUN_RTCP, _Receiver.RTCP_EXITED)

    @property
    def missing(self) -> set[int]:
        """The sequence numbers of the stream that have not come yet."""
        nacks = _inside(self._receiver, _Receiver.NACK_GENERATOR)
        return set() if nacks is None else nacks.missing

    async def ask_again(self, ssrc: int, sequences: list[int]) -> None:
        """Send a NACK."""
        await _inside(self._receiver, _Receiver.SEND_NACK)(ssrc, sequences)

    async def ask_keyframe(self, ssrc: int) -> None:
        """Send a PLI; ``ssrc`` is the primary one, the one of retransmissions answers none."""
        await _inside(self._receiver, _Receiver.SEND_PLI)(ssrc)


class Egress:
    """A sender that encodes nothing: it sends what it is given, and answers for it."""

    def __init__(self, transceiver: RTCRtpTransceiver, stream_id: str, clock: Clock) -> None:
        self._transceiver = transceiver
        self._sender: RTCRtpSender = transceiver.sender
        self._history = _inside(self._sender, _Sender.HISTORY)
        self._extensions = _inside(self._sender, _Sender.EXTENSIONS)
        self._ssrc: int = _inside(self._sender, _Sender.SSRC)
        # A browser keeps lips and voice together within one stream.
        setattr(self._sender, _Sender.STREAM_ID, stream_id)
        self._bound_what_is_sent_again(clock)
        _tell_when_reports_end(self._sender, _Sender.RUN_RTCP, _Sender.RTCP_EXITED)

    def _bound_what_is_sent_again(self, clock: Clock) -> None:
        # One NACK can ask for thousands of packets, the same one again and again.
        taken_over = _inside(self._sender, _Sender.HANDLE_RTCP)
        budget = Bucket(clock, per_second=_SENT_AGAIN_A_SECOND, burst=_SENT_AGAIN_A_SECOND)

        async def handle(packet: AnyRtcpPacket) -> None:
            if isinstance(packet, RtcpRtpfbPacket):
                asked = list(dict.fromkeys(packet.lost))[:_SENT_AGAIN_AT_ONCE]
                packet.lost = [sequence for sequence in asked if budget.takes(1.0)]
            await taken_over(packet)

        setattr(self._sender, _Sender.HANDLE_RTCP, handle)

    def on_keyframe_asked(self, ask: Callable[[], None]) -> None:
        """Call ``ask`` when the subscriber has lost the picture."""
        setattr(self._sender, _Sender.KEYFRAME_ASKED, ask)

    @property
    def round_trip_s(self) -> float | None:
        """The round trip to this subscriber, once a report of theirs told it."""
        measured: float | None = _inside(self._sender, _Sender.ROUND_TRIP)
        return measured

    @property
    def payload_type(self) -> int:
        """The payload type the subscriber knows the codec by."""
        number: int = _inside(self._transceiver, _Transceiver.CODECS)[0].payloadType
        return number

    async def send(self, packet: RtpPacket, sequence: int, timestamp: int) -> None:
        """Send a packet under the subscriber's numbers.

        Raises
        ------
        ConnectionError
            If the subscriber is not connected, or no longer.
        """
        sender = self._sender
        ntp = _aiortc_clock.current_ntp_time()
        sent = RtpPacket(
            payload_type=self.payload_type,
            marker=packet.marker,
            sequence_number=sequence,
            timestamp=timestamp,
            ssrc=self._ssrc,
            payload=packet.payload,
        )
        sent.padding_size = packet.padding_size
        sent.extensions = HeaderExtensions(
            abs_send_time=(ntp >> 14) & 0x00FFFFFF,
            audio_level=packet.extensions.audio_level,
            mid=_inside(sender, _Sender.MID),
        )
        await _inside(sender.transport, _Transport.SEND_RTP)(sent.serialize(self._extensions))
        self._history[sequence % RTP_HISTORY_SIZE] = sent
        setattr(sender, _Sender.NTP_TIMESTAMP, ntp)
        setattr(sender, _Sender.RTP_TIMESTAMP, timestamp)
        self._count(sender, _Sender.PACKET_COUNT, 1)
        self._count(sender, _Sender.OCTET_COUNT, len(packet.payload))

    @staticmethod
    def _count(sender: RTCRtpSender, name: _Sender, more: int) -> None:
        setattr(sender, name, _inside(sender, name) + more)
