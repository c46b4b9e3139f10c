"""One connection: bytes in and out, the state machine's actions, and every deadline.

All connections of a server read into one shared buffer, which is drained before the event loop goes
on. While the user of this layer thinks (`hold`), reading pauses, and what was read already is kept:
less than one buffer. Nothing here awaits.

References
----------
DICOM PS3.8 sections 9.1.5 (ARTIM), 9.2 (state machine) and 9.3 (PDUs).
"""

import asyncio
import logging
import socket
from typing import Final, Protocol, assert_never, cast

from dicom.dimse.callbacks import Ending
from dicom.dimse.limits import DimseLimits
from dicom.dimse.pdu import (
    ASSOCIATE_FIXED_BYTES,
    RELEASE_RP,
    AbortReason,
    AbortSource,
    PduType,
    encode_abort,
    encode_message,
    encode_reject,
)
from dicom.dimse.reader import Intake, PduReader
from dicom.dimse.states import TRANSITIONS, Action, Event, State

_logger = logging.getLogger(__name__)

_QUICKACK: Final[int | None] = getattr(socket, "TCP_QUICKACK", None)

_UNEXPECTED: Final = {
    PduType.ASSOCIATE_AC: Event.ASSOCIATE_AC_RECEIVED,
    PduType.ASSOCIATE_RJ: Event.ASSOCIATE_RJ_RECEIVED,
    PduType.RELEASE_RP: Event.RELEASE_RP_RECEIVED,
}
"""PDUs no acceptor of ours waits for: their header is enough to act."""

_COLLECTED: Final = {
    PduType.ASSOCIATE_RQ: Event.ASSOCIATE_RQ_RECEIVED,
    PduType.RELEASE_RQ: Event.RELEASE_RQ_RECEIVED,
    PduType.ABORT: Event.ABORT_RECEIVED,
}


class UpperLayerUser(Protocol):
    """Who is told what the peer wants."""

    def associate_requested(self, body: bytes) -> None:
        """Decide, now or later, on the body of an A-ASSOCIATE-RQ PDU."""

    def request_refused(self, reason: str) -> None:
        """Hear that what came in place of an A-ASSOCIATE-RQ was refused by its header."""

    def fragment_arrived(
        self, context_id: int, control: int, chunk: memoryview, *, complete: bool
    ) -> None:
        """Take a slice of a message fragment; it is valid until the call returns."""

    def release_requested(self) -> None:
        """Answer an A-RELEASE-RQ."""

    def ended(self, ending: Ending, reason: str) -> None:
        """Hear, once and only after `associate_requested`, that nothing more can be sent."""

    def disconnected(self) -> None:
        """Hear, once, that the connection is gone."""


class UpperLayer(asyncio.BufferedProtocol):
    """The upper layer of one accepted connection.

    Parameters
    ----------
    user
        Who is told.
    sock
        The accepted socket; its options are set here and not through uvloop's stand-in, which opens
        a socket each time.
    shared_buffer
        Where all connections read to.
    limits
        Bounds.
    """

    def __init__(
        self,
        user: UpperLayerUser,
        sock: socket.socket,
        shared_buffer: memoryview,
        limits: DimseLimits,
    ) -> None:
        self._user = user
        self._socket = sock
        self._buffer = shared_buffer
        self._limits = limits
        self._loop = asyncio.get_running_loop()
        self._transport: asyncio.Transport | None = None
        self._state = State.IDLE
        self._reader = PduReader(self)
        self._leftover = bytearray()
        self._held_by_user = False
        self._blocked_since_s: float | None = None
        self._writable = asyncio.Event()
        self._writable.set()
        self._in_association = False
        self._is_answering = False
        self._peer_max_pdu_bytes = 0
        self._discarded_bytes = 0
        self._pdu_count = 0
        now_s = self._loop.time()
        self._entered_s = self._read_s = self._started_s = now_s
        self._pdu_started_s: float | None = None
        self._message_started_s: float | None = None

    @property
    def peer_max_pdu_bytes(self) -> int:
        """What the peer advertised; 0 is no bound."""
        return self._peer_max_pdu_bytes

    @property
    def transport(self) -> asyncio.Transport | None:
        """The transport, once the connection (and its TLS handshake) is made."""
        return self._transport

    # asyncio.BufferedProtocol

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Start ARTIM."""
        # uvloop's transports have the methods of asyncio.Transport and not its class.
        self._transport = cast("asyncio.Transport", transport)
        self._socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self._fire(Event.CONNECTED)

    def get_buffer(self, sizehint: int) -> memoryview:  # noqa: ARG002  the shared buffer has one size
        """Return the shared buffer."""
        return self._buffer

    def buffer_updated(self, nbytes: int) -> None:
        """Drain the shared buffer."""
        self._read_s = self._loop.time()
        data = self._buffer[:nbytes]
        if self._state is State.AWAITING_CLOSE:
            self._discarded_bytes += nbytes
            if self._discarded_bytes > self._limits.max_discarded_bytes:
                self.cut()
                return
        if self._reader.held:
            # A transport may deliver once more after pause_reading.
            self._leftover += data
            if len(self._leftover) > 2 * self._limits.receive_buffer_bytes:
                self.abort(Ending.ABORTED, "the peer sends on while it has to wait")
            return
        self._feed(data)
        # The kernel leaves quick acknowledgement by itself; a sender with Nagle's algorithm then
        # waits 40 ms for every PDU.
        if _QUICKACK is not None and self._state is State.ESTABLISHED:
            self._socket.setsockopt(socket.IPPROTO_TCP, _QUICKACK, 1)

    def pause_writing(self) -> None:
        """Read nothing more while the peer does not read our responses."""
        self._blocked_since_s = self._loop.time()
        self._writable.clear()
        self._update_hold()

    def resume_writing(self) -> None:
        """Read on, but later: closing a transport inside this call loses it twice."""
        self._blocked_since_s = None
        self._writable.set()
        self._loop.call_soon(self._update_hold)

    def eof_received(self) -> bool:
        """Let the transport close: half an association is of no use."""
        return False

    def connection_lost(self, exc: Exception | None) -> None:  # noqa: ARG002  every loss is the same here
        """Tell the user."""
        self._transport = None
        self._writable.set()
        self._leftover.clear()
        if self._state is not State.IDLE:
            self._fire(Event.CLOSED)
        self._user.disconnected()

    # What the user asks for

    def accept(self, pdu: bytes, peer_max_pdu_bytes: int) -> None:
        """Send an A-ASSOCIATE-AC PDU."""
        self._peer_max_pdu_bytes = peer_max_pdu_bytes
        self._started_s = self._read_s = self._loop.time()
        self._fire(Event.ACCEPT, pdu)

    def reject(self, result: int, source: int, reason: int) -> None:
        """Send an A-ASSOCIATE-RJ PDU (PS3.8 9.3.4)."""
        self._fire(Event.REJECT, encode_reject(result, source, reason))

    def send_message(self, context_id: int, command: bytes, data_set: bytes = b"") -> None:
        """Send a message; while we talk, the peer is not idle."""
        self._read_s = self._loop.time()
        self._fire(
            Event.SEND_DATA,
            encode_message(context_id, command, data_set, self._peer_max_pdu_bytes),
        )

    def send_fragment(self, header: bytes, body: memoryview) -> None:
        """Send a P-DATA-TF PDU of a data set whose command was sent before."""
        self._fire(Event.SEND_DATA, b"".join((header, body)))

    async def writable(self) -> None:
        """Wait until the peer has read enough of what was sent, or cannot be sent anything."""
        await self._writable.wait()

    def respond_release(self) -> None:
        """Send an A-RELEASE-RP PDU."""
        self._fire(Event.RELEASE, RELEASE_RP)

    def abort(self, ending: Ending, note: str) -> None:
        """Send an A-ABORT PDU as the user of the service."""
        if self._in_association:
            self._fire(Event.ABORT, ending=ending, note=note)

    def refuse_pdu(
        self, note: str, reason: AbortReason = AbortReason.INVALID_PDU_PARAMETER_VALUE
    ) -> None:
        """Send an A-ABORT PDU as its provider: the peer's PDU was invalid."""
        self._fire(Event.INVALID_PDU, reason=reason, note=note)

    def answering(self, *, under_way: bool) -> None:
        """Say whether we owe a response: the peer is not idle then, it waits."""
        self._is_answering = under_way
        self._read_s = self._loop.time()

    def message_began(self) -> None:
        """Start the clock of a message."""
        self._message_started_s = self._read_s

    def message_ended(self) -> None:
        """Stop the clock of a message."""
        self._message_started_s = None
        self._read_s = self._loop.time()

    def hold(self) -> None:
        """Read nothing more from the peer until `release`."""
        self._held_by_user = True
        self._update_hold()

    def release(self) -> None:
        """Read on, first what was read before."""
        self._held_by_user = False
        self._update_hold()

    def cut(self) -> None:
        """Drop the connection without a word."""
        if self._transport is not None:
            self._transport.abort()

    def check_deadlines(self, now_s: float) -> None:
        """Act on the deadlines that have passed."""
        limits = self._limits
        match self._state:
            case State.AWAITING_REQUEST | State.AWAITING_CLOSE:
                if now_s - self._entered_s > limits.artim_s:
                    if self._state is State.AWAITING_REQUEST:
                        self._log_end("no association request came in time")
                    self._fire(Event.ARTIM_EXPIRED)
            case State.ESTABLISHED | State.AWAITING_RELEASE_RESPONSE:
                overdue = self._overdue(now_s)
                if overdue:
                    self.abort(Ending.TIMED_OUT, overdue)
            case State.AWAITING_DECISION:
                # The gate has its own bound; this one is for a decision that got lost.
                if now_s - self._entered_s > 2 * limits.admission_s:
                    self.abort(Ending.TIMED_OUT, "no decision on the request")
            case State.IDLE:
                return
            case _:
                assert_never(self._state)

    def _overdue(self, now_s: float) -> str:
        """Return what took too long, if anything; while we hold, the peer is not to blame."""
        limits = self._limits
        clocks: list[tuple[float | None, float, str]] = [
            (self._started_s, limits.association_s, "the association is too old"),
            (self._blocked_since_s, limits.pdu_progress_s, "the peer does not read our response"),
            (self._message_started_s, limits.message_s, "the message took too long"),
        ]
        if not self._reader.held:
            clocks.append((self._pdu_started_s, limits.pdu_progress_s, "a PDU took too long"))
            if self._message_started_s is None and not self._is_answering:
                clocks.append((self._read_s, limits.idle_s, "the association was idle"))
            elif self._message_started_s is not None:
                clocks.append((self._read_s, limits.pdu_progress_s, "the message stopped"))
        for since_s, bound_s, note in clocks:
            if since_s is not None and now_s - since_s > bound_s:
                return note
        return ""

    # dicom.dimse.reader.PduReceiver

    def header_arrived(self, pdu_type: int, length_bytes: int) -> Intake:
        """Judge a PDU by its header: what it claims is refused before it is read."""
        if self._state is State.AWAITING_CLOSE:
            return self._header_while_closing(pdu_type)
        try:
            kind = PduType(pdu_type)
        except ValueError:
            self.refuse_pdu("not a PDU", AbortReason.UNRECOGNIZED_PDU)
            return Intake.DISCARD_ALL
        if kind in _UNEXPECTED:
            self._fire(
                _UNEXPECTED[kind], reason=AbortReason.UNEXPECTED_PDU, note=f"unexpected {kind.name}"
            )
            return Intake.SKIP
        if not self._fits(kind, length_bytes):
            self.refuse_pdu(f"a {kind.name} of {length_bytes} bytes")
            return Intake.SKIP
        if kind is PduType.P_DATA_TF:
            self._fire(
                Event.DATA_RECEIVED, reason=AbortReason.UNEXPECTED_PDU, note="unexpected P-DATA-TF"
            )
            return Intake.FRAGMENTS if self._state is State.ESTABLISHED else Intake.SKIP
        return Intake.COLLECT

    def pdu_arrived(self, pdu_type: int, body: bytes) -> None:
        """Take a control PDU."""
        kind = PduType(pdu_type)
        self._fire(
            _COLLECTED[kind],
            body,
            reason=AbortReason.UNEXPECTED_PDU,
            note=f"unexpected {kind.name}",
        )

    def fragment_arrived(
        self, context_id: int, control: int, chunk: memoryview, *, complete: bool
    ) -> None:
        """Hand a slice of a fragment to the user."""
        self._user.fragment_arrived(context_id, control, chunk, complete=complete)

    def framing_broken(self, reason: str) -> None:
        """Abort: the peer's lengths contradict each other."""
        self.refuse_pdu(reason)

    def _fits(self, kind: PduType, length_bytes: int) -> bool:
        match kind:
            case PduType.P_DATA_TF:
                return 6 <= length_bytes <= self._limits.max_pdu_bytes
            case PduType.ASSOCIATE_RQ:
                return ASSOCIATE_FIXED_BYTES <= length_bytes <= self._limits.max_associate_pdu_bytes
            case _:
                return length_bytes == 4

    def _header_while_closing(self, pdu_type: int) -> Intake:
        match pdu_type:
            case PduType.P_DATA_TF:
                self._fire(Event.DATA_RECEIVED)
            case PduType.ASSOCIATE_RQ | PduType.RELEASE_RQ | PduType.ABORT:
                self._fire(_COLLECTED[PduType(pdu_type)])
            case PduType.ASSOCIATE_AC | PduType.ASSOCIATE_RJ | PduType.RELEASE_RP:
                self._fire(_UNEXPECTED[PduType(pdu_type)])
            case _:
                self.refuse_pdu("not a PDU", AbortReason.UNRECOGNIZED_PDU)
                return Intake.DISCARD_ALL
        return Intake.SKIP

    # Inside

    def _feed(self, data: memoryview) -> None:
        consumed = self._reader.feed(data)
        if consumed < len(data):
            self._leftover += data[consumed:]
        if not self._reader.inside_pdu:
            self._pdu_started_s = None
        elif self._pdu_started_s is None or self._pdu_count != self._reader.pdu_count:
            self._pdu_started_s = self._read_s
        self._pdu_count = self._reader.pdu_count

    def _update_hold(self) -> None:
        transport = self._transport
        if transport is None or transport.is_closing():
            return
        if self._held_by_user or self._blocked_since_s is not None:
            self._reader.held = True
            transport.pause_reading()
            return
        if not self._reader.held:
            return
        self._reader.held = False
        if self._leftover:
            data, self._leftover = self._leftover, bytearray()
            self._feed(memoryview(data))
        if not self._reader.held and not transport.is_closing():
            self._read_s = self._loop.time()
            self._pdu_started_s = self._read_s if self._reader.inside_pdu else None
            transport.resume_reading()

    def _fire(  # noqa: C901, PLR0912  one arm for each kind of action in the table
        self,
        event: Event,
        payload: bytes = b"",
        *,
        reason: AbortReason = AbortReason.NOT_SPECIFIED,
        ending: Ending = Ending.ABORTED,
        note: str = "",
    ) -> None:
        """Do what the table says; ``payload`` is the PDU to send or the body received."""
        before = self._state
        action, self._state = TRANSITIONS[before, event]
        if self._state is not before:
            self._entered_s = self._loop.time()
        match action:
            case (
                Action.INDICATE_DATA
                | Action.IGNORE
                | Action.START_ARTIM
                | Action.FORGET
                | Action.STOP_ARTIM
            ):
                return
            case Action.SEND_DATA | Action.SEND_DATA_BEFORE_RELEASE | Action.SEND_ACCEPT:
                self._write(payload)
            case Action.INDICATE_REQUEST:
                self._in_association = True
                self._user.associate_requested(payload)
            case Action.SEND_REJECT:
                self._write(payload)
                self._end(Ending.ABORTED, "rejected")
            case Action.INDICATE_RELEASE:
                self._user.release_requested()
            case Action.SEND_RELEASE_RP:
                self._write(payload)
                self._end(Ending.RELEASED, "")
            case Action.SEND_USER_ABORT:
                self._log_end(note)
                self._write(encode_abort(AbortSource.SERVICE_USER, AbortReason.NOT_SPECIFIED))
                self._end(ending, note)
                if before is State.AWAITING_REQUEST:
                    self._user.request_refused(note)
            case Action.SEND_PROVIDER_ABORT | Action.SEND_ABORT_AGAIN:
                if action is Action.SEND_PROVIDER_ABORT:
                    self._log_end(note)
                self._write(encode_abort(AbortSource.SERVICE_PROVIDER, reason))
                self._end(ending, note)
            case Action.CLOSE:
                self._close()
            case Action.INDICATE_ABORT:
                self._end(Ending.ABORTED_BY_PEER, "")
                self._close()
            case Action.INDICATE_LOSS:
                self._end(Ending.CONNECTION_LOST, "")
            case _:
                assert_never(action)

    def _log_end(self, note: str) -> None:
        """Log why we end what a peer began."""
        transport = self._transport
        peer = ("", 0) if transport is None else transport.get_extra_info("peername", ("", 0))
        _logger.info("connection from %s port %d aborted: %s", *peer[:2], note)

    def _write(self, data: bytes) -> None:
        if self._transport is not None and not self._transport.is_closing():
            self._transport.write(data)

    def _end(self, ending: Ending, note: str) -> None:
        """Stop reading messages, and tell the user if it had been asked for an association."""
        self._reader.stop()
        self._message_started_s = self._pdu_started_s = None
        if self._held_by_user:
            # Only by reading do we see the peer close.
            self._held_by_user = False
            self._loop.call_soon(self._update_hold)
        if self._in_association:
            self._in_association = False
            self._user.ended(ending, note)

    def _close(self) -> None:
        if self._transport is None:
            return
        if self._transport.get_write_buffer_size():
            # close() would wait for a peer that does not read.
            self._transport.abort()
        else:
            self._transport.close()
