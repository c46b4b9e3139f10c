"""The messages of one accepted association, strictly one after the other.

The asynchronous operations window is answered as one, so a peer has one message under way (PS3.7
D.3.3.3). While a sink makes an object durable nothing more is read from that peer; while a query
or a retrieval is answered, a C-CANCEL alone, and the answers to what we send.

References
----------
DICOM PS3.7 sections 6.3 and 9.1, PS3.8 annex E.
"""

import asyncio
from collections.abc import Callable, Coroutine, Mapping
from dataclasses import dataclass, field
from typing import Any, Generic, assert_never

from dicom.dimse.answering import Answering, Inquirers
from dicom.dimse.callbacks import (
    AssociationInfo,
    Ending,
    PeerT,
    StoreHandler,
    StoreRequest,
    StoreResult,
)
from dicom.dimse.census import Census
from dicom.dimse.command import (
    CommandError,
    CommandField,
    CommandSet,
    Status,
    comment_of,
    decode_command,
    encode_response,
)
from dicom.dimse.dispatch import (
    Cancel,
    Echo,
    Find,
    Get,
    Inquiry,
    Move,
    Perform,
    Refuse,
    Response,
    Served,
    Store,
    Violation,
    route,
)
from dicom.dimse.identifier import IdentifierError
from dicom.dimse.limits import DimseLimits
from dicom.dimse.negotiate import AcceptedContext
from dicom.dimse.protocol import UpperLayer
from dicom.dimse.store import ObjectTooLargeError, StoreReception


@dataclass(frozen=True)
class Services(Generic[PeerT]):
    """What the exchanges of one server share.

    Parameters
    ----------
    store_handler
        Takes objects.
    inquirers
        Answer queries and retrievals.
    served
        SOP classes of each service.
    limits, census
        Bounds and counts.
    spawn
        Runs a coroutine and keeps its task; closing the server may cancel it.
    """

    store_handler: StoreHandler[PeerT]
    inquirers: Inquirers[PeerT]
    served: Served
    limits: DimseLimits
    census: Census
    spawn: Callable[[Coroutine[Any, Any, None]], asyncio.Task[None]]


@dataclass
class _Message:
    """The message under way."""

    context: AcceptedContext
    encoded: bytearray
    command: CommandSet | None = None
    reception: StoreReception | None = None
    small: Inquiry | Perform | Response | None = None
    """What has a small data set, or none."""
    identifier: bytearray = field(default_factory=bytearray)
    is_store: bool = False
    is_finishing: bool = False


class Exchange(Generic[PeerT]):
    """Messages in, responses out.

    Parameters
    ----------
    services
        What is shared.
    upper
        Where responses go.
    association, peer
        Whose messages they are.
    accepted
        Context identifier to accepted context.
    message_over
        Called each time no message is under way any more.

    Attributes
    ----------
    stored, failed
        Objects answered with success or warning, and with a failure or not at all.
    received_bytes
        Bytes of datasets received.
    """

    def __init__(
        self,
        services: Services[PeerT],
        upper: UpperLayer,
        association: AssociationInfo,
        peer: PeerT,
        accepted: Mapping[int, AcceptedContext],
        message_over: Callable[[], None],
    ) -> None:
        self._services = services
        self._upper = upper
        self._association = association
        self._peer = peer
        self._accepted = accepted
        self._message_over = message_over
        self._message: _Message | None = None
        self._answering = Answering(
            services.inquirers,
            association,
            peer,
            accepted,
            services.limits,
            services.spawn,
            upper,
            message_over,
        )
        self._has_ended = False
        self.stored = 0
        self.failed = 0
        self.received_bytes = 0

    @property
    def is_busy(self) -> bool:
        """Whether a message is under way."""
        return self._message is not None or self._answering.is_under_way

    def fragment_arrived(
        self, context_id: int, control: int, chunk: memoryview, *, complete: bool
    ) -> None:
        """Sort a slice of a fragment into the message under way."""
        message = self._message or self._begin(context_id)
        if message is None:
            self._upper.refuse_pdu("a fragment on a context that was not accepted")
        elif context_id != message.context.context_id:
            self._upper.refuse_pdu("fragments of two contexts are interleaved")
        elif control & 1:
            self._command_arrived(message, chunk, last=complete and bool(control & 2))
        else:
            self._data_arrived(message, chunk, last=complete and bool(control & 2))

    def end(self) -> None:
        """Throw an unfinished object away; one that is being made durable goes on to its end."""
        self._has_ended = True
        self._answering.stop()
        message = self._message
        if message is None or message.is_finishing:
            return
        if message.reception is not None:
            message.reception.abort()
            self._count(message, None)
        self._message = None

    def _begin(self, context_id: int) -> _Message | None:
        context = self._accepted.get(context_id)
        if context is None:
            return None
        self._message = _Message(context, bytearray())
        self._upper.message_began()
        return self._message

    def _command_arrived(self, message: _Message, chunk: memoryview, *, last: bool) -> None:
        if message.command is not None:
            self._upper.refuse_pdu("a command inside of a dataset")
            return
        if len(message.encoded) + len(chunk) > self._services.limits.max_command_bytes:
            self._upper.abort(Ending.ABORTED, "a command is too long")
            return
        message.encoded += chunk
        if not last:
            return
        try:
            message.command = decode_command(bytes(message.encoded))
        except CommandError as error:
            self._upper.abort(Ending.ABORTED, str(error))
            return
        self._begin_operation(message, message.command)

    def _begin_operation(self, message: _Message, command: CommandSet) -> None:
        services = self._services
        max_object_bytes = services.limits.max_object_bytes
        operation = route(command, message.context, services.served)
        if self._answering.is_under_way and not isinstance(operation, Cancel | Response):
            operation = Violation("a request before the last was answered")
        match operation:
            case Echo():
                services.census.echoes += 1
                self._respond(message, command, StoreResult(Status.SUCCESS))
            case Store():
                request = self._store_request(operation, message.context)
                message.is_store = True
                message.reception = StoreReception.begin(
                    services.store_handler, request, max_object_bytes
                )
            case Find() | Move() | Get() | Perform() | Response():
                message.small = operation
                if not command.has_data_set:
                    self._small_complete(message, command, operation)
            case Cancel(message_id):
                self._answering.cancel(message_id)
                self._end_message()
            case Refuse():
                self._refuse(message, command, operation)
            case Violation(reason):
                self._upper.abort(Ending.ABORTED, reason)
            case _:
                assert_never(operation)

    def _refuse(self, message: _Message, command: CommandSet, operation: Refuse) -> None:
        message.is_store = command.command_field == CommandField.C_STORE_RQ
        refusal = StoreResult(operation.status, operation.comment)
        message.reception = StoreReception(None, refusal, self._services.limits.max_object_bytes)
        if not command.has_data_set:
            self._respond(message, command, refusal)

    def _store_request(self, operation: Store, context: AcceptedContext) -> StoreRequest[PeerT]:
        return StoreRequest(
            association=self._association,
            peer=self._peer,
            sop_class_uid=operation.sop_class_uid,
            sop_instance_uid=operation.sop_instance_uid,
            transfer_syntax_uid=context.transfer_syntax,
            message_id=operation.message_id,
            priority=operation.priority,
            move_originator=operation.move_originator,
        )

    def _data_arrived(self, message: _Message, chunk: memoryview, *, last: bool) -> None:
        reception, command = message.reception, message.command
        if message.small is not None and command is not None:
            self._small_arrived(message, command, message.small, chunk, last=last)
            return
        if reception is None or command is None:
            self._upper.refuse_pdu("a dataset without its command")
            return
        try:
            reception.write(chunk)
        except ObjectTooLargeError:
            self._upper.abort(Ending.ABORTED, "an object is too large")
            return
        if not last:
            return
        if reception.is_drained:
            self._respond(message, command, reception.drained_result)
            return
        message.is_finishing = True
        self._upper.hold()
        self._services.spawn(self._finish(message, command, reception))

    def _small_arrived(
        self,
        message: _Message,
        command: CommandSet,
        operation: Inquiry | Perform | Response,
        chunk: memoryview,
        *,
        last: bool,
    ) -> None:
        limits = self._services.limits
        is_normalized = isinstance(operation, Perform)
        most = limits.max_normalized_bytes if is_normalized else limits.max_identifier_bytes
        if len(message.identifier) + len(chunk) > most:
            self._upper.abort(Ending.ABORTED, "an identifier is too long")
            return
        message.identifier += chunk
        if last:
            self._small_complete(message, command, operation)

    def _small_complete(
        self, message: _Message, command: CommandSet, operation: Inquiry | Perform | Response
    ) -> None:
        census, answering = self._services.census, self._answering
        match operation:
            case Response(asked, message_id, status):
                result = StoreResult(status, comment_of(command))
                if not answering.answered(asked, message_id, result):
                    self._upper.abort(Ending.ABORTED, "a response to nothing we asked")
                    return
                self._end_message()
                return
            case Find():
                census.queries += 1
            case Move() | Get():
                census.retrievals += 1
            case Perform():
                census.operations += 1
            case _:
                assert_never(operation)
        try:
            answering.begin(operation, message.context, command, bytes(message.identifier))
        except IdentifierError as error:
            self._respond(message, command, StoreResult(Status.CANNOT_UNDERSTAND, str(error)))
        else:
            self._end_message()

    async def _finish(
        self, message: _Message, command: CommandSet, reception: StoreReception
    ) -> None:
        try:
            result = await reception.finish()
        except asyncio.CancelledError:
            self._count(message, None)
            self._end_message()
            raise
        if self._has_ended:
            self._count(message, result)
            self._end_message()
        else:
            self._respond(message, command, result)
            self._upper.release()

    def _respond(self, message: _Message, command: CommandSet, result: StoreResult) -> None:
        self._count(message, result)
        self._upper.send_message(
            message.context.context_id, encode_response(command, result.status, result.comment)
        )
        self._end_message()

    def _end_message(self) -> None:
        self._message = None
        self._upper.message_ended()
        self._message_over()

    def _count(self, message: _Message, result: StoreResult | None) -> None:
        """Count a message that was answered, or was not (None)."""
        census = self._services.census
        if message.reception is not None:
            self.received_bytes += message.reception.received_bytes
            census.received_bytes += message.reception.received_bytes
        if not message.is_store:
            return
        if result is not None and result.is_stored:
            self.stored += 1
            census.stored += 1
        else:
            self.failed += 1
            census.failed += 1
