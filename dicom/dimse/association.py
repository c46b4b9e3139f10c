"""One association: requested, admitted by the gate, and closed with its summary.

References
----------
DICOM PS3.8 sections 7 and 9.3.4.
"""

import asyncio
import logging
import socket
import time
from collections.abc import Callable, Coroutine
from dataclasses import dataclass
from typing import Any, Generic

from dicom.dimse.callbacks import (
    Admission,
    Admitted,
    AssociationGate,
    AssociationInfo,
    AssociationRequest,
    AssociationSummary,
    Ending,
    PeerT,
    RefusedRequest,
    Rejection,
)
from dicom.dimse.exchange import Exchange, Services
from dicom.dimse.items import MalformedRequestError, OversizedRequestError
from dicom.dimse.negotiate import APPLICATION_CONTEXT, Negotiation, Negotiator
from dicom.dimse.protocol import UpperLayer
from dicom.dimse.tls import tls_peer

_logger = logging.getLogger(__name__)

_LOCAL_LIMIT_EXCEEDED = Rejection(2, 3, 2)
_TEMPORARY_CONGESTION = Rejection(2, 3, 1)
_PROTOCOL_VERSION = Rejection(1, 2, 2)
_APPLICATION_CONTEXT = Rejection(1, 1, 2)
_CALLING_AE = Rejection(1, 1, 3)
_CALLED_AE = Rejection(1, 1, 7)


@dataclass(frozen=True)
class Node(Generic[PeerT]):
    """What the associations of one server share.

    Parameters
    ----------
    gate
        Decides who may come in.
    services
        What answers messages.
    negotiator
        Negotiates.
    receive_buffer
        The one buffer to read into.
    notify
        Runs a coroutine that closing the server waits for.
    requested, ended, disconnected
        Called when a connection has sent its request, when it has no association any more, and when
        it is gone.
    """

    gate: AssociationGate[PeerT]
    services: Services[PeerT]
    negotiator: Negotiator
    receive_buffer: memoryview
    notify: Callable[[Coroutine[Any, Any, None]], None]
    requested: Callable[["Association[PeerT]"], None]
    ended: Callable[["Association[PeerT]"], None]
    disconnected: Callable[["Association[PeerT]"], None]


class Association(Generic[PeerT]):
    """The acceptor's side of one association.

    Parameters
    ----------
    node
        What is shared.
    sock
        The accepted socket.
    peer_ip, peer_port
        Its other end.

    Attributes
    ----------
    upper
        Its connection.
    settled
        Set once no message is under way and none will come.
    """

    def __init__(
        self, node: Node[PeerT], sock: socket.socket, peer_ip: str, peer_port: int
    ) -> None:
        self.upper = UpperLayer(self, sock, node.receive_buffer, node.services.limits)
        self.settled = asyncio.Event()
        self._node = node
        self._census = node.services.census
        self._address = (peer_ip, peer_port)
        self._info: AssociationInfo | None = None
        self._admission: Admission[PeerT] | None = None
        self._exchange: Exchange[PeerT] | None = None
        self._admitted_s = 0.0
        self._ending: tuple[Ending, str] | None = None
        self._is_shutting_down = False

    @property
    def peer_ip(self) -> str:
        """Where the connection comes from."""
        return self._address[0]

    @property
    def admitted(self) -> Admitted[PeerT] | None:
        """Who is served here; None before the gate admitted somebody and after the end."""
        if self._info is None or self._admission is None or self._ending is not None:
            return None
        return Admitted(self._info, self._admission.peer)

    def dismiss(self, reason: str) -> None:
        """Abort now; an object that is being made durable goes on to its end."""
        self.upper.abort(Ending.ABORTED, reason)

    def shut_down(self) -> None:
        """Abort as soon as no message is under way."""
        self._is_shutting_down = True
        if self._exchange is None or not self._exchange.is_busy:
            self.abort()

    def abort(self) -> None:
        """Abort now, because the server closes; a connection without an association is cut."""
        if self._info is None:
            self.upper.cut()
        else:
            self.upper.abort(Ending.SHUT_DOWN, "the server closes")

    # dicom.dimse.protocol.UpperLayerUser

    def associate_requested(self, body: bytes) -> None:
        """Negotiate, and ask the gate."""
        self._node.requested(self)
        try:
            negotiation = self._node.negotiator.negotiate(body)
        except OversizedRequestError as error:
            self._census.over_limit += 1
            self._turn_away(_LOCAL_LIMIT_EXCEEDED, str(error))
            return
        except MalformedRequestError as error:
            _logger.info("malformed association request from %s: %s", self._address[0], error)
            self._census.rejected += 1
            self.upper.refuse_pdu(str(error))
            self.request_refused(str(error))
            return
        request = negotiation.request
        called_ae, calling_ae = _ae_title(body[4:20]), _ae_title(body[20:36])
        if not request.protocol_version & 1:
            self._turn_away(_PROTOCOL_VERSION, "another protocol version", calling_ae)
        elif request.application_context != APPLICATION_CONTEXT:
            self._turn_away(_APPLICATION_CONTEXT, "another application context", calling_ae)
        elif not called_ae:
            self._turn_away(_CALLED_AE, "the called AE title is none", calling_ae)
        elif not calling_ae:
            self._turn_away(_CALLING_AE, "the calling AE title is none")
        elif not self._census.enter(self._address[0], calling_ae):
            self._turn_away(_LOCAL_LIMIT_EXCEEDED, "too many associations at once", calling_ae)
        else:
            transport = self.upper.transport
            self._info = AssociationInfo(
                number=self._census.next_number(),
                calling_ae=calling_ae,
                called_ae=called_ae,
                peer_ip=self._address[0],
                peer_port=self._address[1],
                tls=None if transport is None else tls_peer(transport),
                implementation_class_uid=request.implementation_class_uid,
                implementation_version=request.implementation_version,
            )
            self._node.services.spawn(self._admit(self._info, negotiation, body))

    def request_refused(self, reason: str, calling_ae: str = "") -> None:
        """Tell the gate that a request was refused without it."""
        refused = RefusedRequest(self._address[0], calling_ae, reason)
        self._node.notify(self._tell("a refusal", self._node.gate.request_refused(refused)))

    def fragment_arrived(
        self, context_id: int, control: int, chunk: memoryview, *, complete: bool
    ) -> None:
        """Pass a slice of a fragment on; the state machine lets none through before admission."""
        if self._exchange is not None:
            self._exchange.fragment_arrived(context_id, control, chunk, complete=complete)

    def release_requested(self) -> None:
        """Agree: each message before was answered, or left unfinished by the peer."""
        self.upper.respond_release()

    def ended(self, ending: Ending, reason: str) -> None:
        """Close the books, now or when the sink has finished."""
        self._node.ended(self)
        if self._info is None:
            return
        self._ending = (ending, reason)
        self._census.leave(self._info.peer_ip, self._info.calling_ae)
        if self._exchange is not None:
            self._exchange.end()
        self._settle()

    def disconnected(self) -> None:
        """Tell the server."""
        self._settle()
        self._node.disconnected(self)

    # Admission

    async def _admit(self, info: AssociationInfo, negotiation: Negotiation, body: bytes) -> None:
        request = negotiation.request
        question = AssociationRequest(
            association=info,
            proposed_contexts=len(request.contexts),
            accepted_contexts=len(negotiation.accepted),
            user_identity=request.user_identity,
        )
        decision: Admission[PeerT] | Rejection
        try:
            async with asyncio.timeout(self._node.services.limits.admission_s):
                decision = await self._node.gate.admit(question)
        except Exception:
            _logger.exception("the gate failed on association %d", info.number)
            decision = _TEMPORARY_CONGESTION
        if isinstance(decision, Rejection):
            if self._ending is None:
                self._reject(decision)
            return
        self._admission = decision
        self._admitted_s = time.monotonic()
        self._census.accepted += 1
        if self._ending is not None:
            self._summarise()
            return
        self._exchange = Exchange(
            self._node.services,
            self.upper,
            info,
            decision.peer,
            negotiation.accepted,
            self._message_over,
        )
        identity = request.user_identity
        wants_response = identity is not None and identity.positive_response_requested
        self.upper.accept(
            negotiation.encode_acceptance(
                body, decision.identity_response if wants_response else None
            ),
            request.max_pdu_bytes,
        )
        if self._is_shutting_down:
            self.abort()

    def _turn_away(self, rejection: Rejection, reason: str, calling_ae: str = "") -> None:
        """Reject without asking the gate, and tell it."""
        self._reject(rejection)
        self.request_refused(reason, calling_ae)

    def _reject(self, rejection: Rejection) -> None:
        _logger.info(
            "association from %s rejected: result %d, source %d, reason %d",
            self._address[0],
            rejection.result,
            rejection.source,
            rejection.reason,
        )
        self._census.rejected += 1
        self.upper.reject(rejection.result, rejection.source, rejection.reason)

    # Books

    def _message_over(self) -> None:
        if self._ending is not None:
            self._settle()
        elif self._is_shutting_down:
            self.abort()

    def _settle(self) -> None:
        """Close the books once, when the end is known and no message is under way."""
        exchange = self._exchange
        if self.settled.is_set() or (exchange is not None and exchange.is_busy):
            return
        self.settled.set()
        self._summarise()

    def _summarise(self) -> None:
        if self._info is None or self._admission is None or self._ending is None:
            return
        ending, reason = self._ending
        if ending is Ending.RELEASED:
            self._census.released += 1
        else:
            self._census.broken += 1
        exchange = self._exchange
        summary = AssociationSummary(
            association=self._info,
            peer=self._admission.peer,
            ending=ending,
            reason=reason,
            duration_s=time.monotonic() - self._admitted_s,
            stored=0 if exchange is None else exchange.stored,
            failed=0 if exchange is None else exchange.failed,
            received_bytes=0 if exchange is None else exchange.received_bytes,
        )
        what = f"the end of association {summary.association.number}"
        self._node.notify(self._tell(what, self._node.gate.association_ended(summary)))

    async def _tell(self, what: str, telling: Coroutine[Any, Any, None]) -> None:
        try:
            await telling
        except Exception:
            _logger.exception("the gate failed on %s", what)


def _ae_title(field: bytes) -> str:
    """Return an AE title (PS3.5 6.2: printable, no backslash), empty where it is not one."""
    raw = field.strip(b" \0")
    if any(not 0x20 <= byte < 0x7F or byte == 0x5C for byte in raw):
        return ""
    return raw.decode("ascii")
