"""What is under way on an association: one query, retrieval or DIMSE-N operation at a time.

References
----------
DICOM PS3.7 sections 9.1.2 to 9.1.4, 9.3.2 to 9.3.4 and 10.
"""

import asyncio
from collections.abc import Callable, Coroutine, Mapping
from dataclasses import dataclass
from typing import Any, Generic

from pydicom.dataset import Dataset

from dicom.dimse.callbacks import AssociationInfo, MoveOriginator, PeerT, StoreResult
from dicom.dimse.command import CommandField, CommandSet, Element, Status, encode_response
from dicom.dimse.delivery import ReturnPath, deliver_to
from dicom.dimse.dispatch import Find, Get, Inquiry, Move, Perform
from dicom.dimse.extended import QueryOptions
from dicom.dimse.find import Cancellation, FindHandler, FindRequest, FoundMatch, answer_find
from dicom.dimse.identifier import (
    NORMALIZED_LIMITS,
    IdentifierError,
    decode_identifier,
    encode_identifier,
)
from dicom.dimse.limits import DimseLimits
from dicom.dimse.negotiate import AcceptedContext
from dicom.dimse.normalized import (
    NormalizedHandler,
    NormalizedRequest,
    NormalizedResult,
    answer_normalized,
)
from dicom.dimse.protocol import UpperLayer
from dicom.dimse.retrieve import Errand, RetrieveHandler, RetrieveRequest, Tally, answer_retrieve


@dataclass(frozen=True)
class Inquirers(Generic[PeerT]):
    """Who answers: None where such a request is not accepted."""

    find: FindHandler[PeerT] | None
    retrieve: RetrieveHandler[PeerT] | None
    normalized: Mapping[str, NormalizedHandler[PeerT]]
    """By abstract syntax."""


@dataclass(frozen=True)
class _UnderWay:
    cancellation: Cancellation
    work: Coroutine[Any, Any, None]
    task: asyncio.Task[None]
    is_stoppable: bool


@dataclass(frozen=True)
class _Asked:
    """A request to answer."""

    context: AcceptedContext
    command: CommandSet
    cancellation: Cancellation


class Answering(Generic[PeerT]):
    """Answers the queries, retrievals and DIMSE-N requests of one association.

    Parameters
    ----------
    inquirers
        Who answers.
    association, peer
        Whose they are.
    accepted
        Context identifier to accepted context.
    limits
        Bounds.
    spawn
        Runs a coroutine and keeps its task.
    upper
        Where responses go.
    over
        Called each time an answer is complete.
    """

    def __init__(
        self,
        inquirers: Inquirers[PeerT],
        association: AssociationInfo,
        peer: PeerT,
        accepted: Mapping[int, AcceptedContext],
        limits: DimseLimits,
        spawn: Callable[[Coroutine[Any, Any, None]], asyncio.Task[None]],
        upper: UpperLayer,
        over: Callable[[], None],
    ) -> None:
        self._inquirers = inquirers
        self._association = association
        self._peer = peer
        self._limits = limits
        self._spawn = spawn
        self._upper = upper
        self._over = over
        self._return_path = ReturnPath(upper, accepted, limits)
        self._under_way: _UnderWay | None = None
        self._is_stopped = False

    @property
    def is_under_way(self) -> bool:
        """Whether a request waits for its final response."""
        return self._under_way is not None

    def begin(
        self,
        inquiry: Inquiry | Perform,
        context: AcceptedContext,
        command: CommandSet,
        identifier: bytes,
    ) -> None:
        """Begin to answer.

        Raises
        ------
        IdentifierError
            If the identifier cannot be read.
        """
        asked = _Asked(context, command, Cancellation(command.message_id))
        if isinstance(inquiry, Perform):
            work = self._perform(asked, inquiry, identifier)
        else:
            ds = decode_identifier(identifier, context.transfer_syntax)
            work = self._inquire(asked, inquiry, ds)
        self._upper.answering(under_way=True)
        self._under_way = _UnderWay(
            asked.cancellation,
            work,
            self._spawn(self._ending(work)),
            is_stoppable=not isinstance(inquiry, Perform),
        )

    def _inquire(
        self, asked: _Asked, inquiry: Inquiry, identifier: Dataset
    ) -> Coroutine[Any, Any, None]:
        context, command = asked.context, asked.command
        priority = command.number(Element.PRIORITY) or 0
        match inquiry:
            case Find():
                return self._find(
                    asked,
                    FindRequest(
                        association=self._association,
                        peer=self._peer,
                        sop_class_uid=context.abstract_syntax,
                        transfer_syntax_uid=context.transfer_syntax,
                        message_id=command.message_id,
                        priority=priority,
                        identifier=identifier,
                        options=QueryOptions.of(context.agreed),
                    ),
                )
            case Move() | Get():
                return self._retrieve(
                    asked,
                    RetrieveRequest(
                        association=self._association,
                        peer=self._peer,
                        sop_class_uid=context.abstract_syntax,
                        message_id=command.message_id,
                        priority=priority,
                        identifier=identifier,
                        destination_ae=(
                            inquiry.destination_ae if isinstance(inquiry, Move) else None
                        ),
                    ),
                )

    def cancel(self, message_id: int | None) -> None:
        """Stop before the next match or object; what it cancels may have been answered already."""
        under_way = self._under_way
        if under_way is not None and under_way.cancellation.message_id == message_id:
            under_way.cancellation.is_asked = True

    def answered(
        self, operation: CommandField, message_id: int | None, result: StoreResult
    ) -> bool:
        """Take the answer to what we asked; False where we asked no such thing."""
        return self._return_path.answered(operation, message_id, result)

    def stop(self) -> None:
        """Stop now: there is nobody to answer any more; what changes something goes on."""
        self._is_stopped = True
        if self._under_way is not None and self._under_way.is_stoppable:
            # A task that is cancelled before its first step never comes to its finally.
            self._under_way.task.add_done_callback(lambda _: self._conclude())
            self._under_way.task.cancel()
        self._return_path.close()

    async def _ending(self, work: Coroutine[Any, Any, None]) -> None:
        try:
            await work
        finally:
            self._conclude()

    def _conclude(self) -> None:
        if self._under_way is None:
            return
        self._under_way.work.close()
        self._under_way = None
        self._upper.answering(under_way=False)
        self._over()

    async def _find(self, asked: _Asked, request: FindRequest[PeerT]) -> None:
        if self._inquirers.find is None:
            raise RuntimeError("a query was accepted and nobody answers it")

        async def send(match: FoundMatch) -> None:
            status = Status.PENDING if match.all_keys_supported else Status.PENDING_UNMATCHED
            await self._upper.writable()
            self._respond(asked, status, match.identifier)
            # A query must not keep the loop from everybody else, nor from its own C-CANCEL.
            await asyncio.sleep(0)

        outcome = await answer_find(
            self._inquirers.find, request, asked.cancellation, send, self._limits.find_s
        )
        self._respond(asked, outcome.status, comment=outcome.comment)

    async def _retrieve(self, asked: _Asked, request: RetrieveRequest[PeerT]) -> None:
        if self._inquirers.retrieve is None:
            raise RuntimeError("a retrieval was accepted and nobody answers it")

        async def report(tally: Tally) -> None:
            await self._upper.writable()
            self._respond(asked, Status.PENDING, counts=tally.numbers(with_remaining=True))
            await asyncio.sleep(0)

        async def deliver(errand: Errand) -> None:
            destination = errand.retrieval.destination
            if destination is None:
                await errand.run(lambda each: self._return_path.send(each, request.priority))
                return
            originator = MoveOriginator(self._association.calling_ae, request.message_id)
            await deliver_to(destination, errand, originator, request.priority, self._limits)

        outcome = await answer_retrieve(
            self._inquirers.retrieve, request, asked.cancellation, report, deliver, self._limits
        )
        failed = b""
        if outcome.identifier is not None:
            failed = encode_identifier(outcome.identifier, asked.context.transfer_syntax)
        self._respond(asked, outcome.status, failed, outcome.comment, outcome.numbers)

    async def _perform(self, asked: _Asked, perform: Perform, content: bytes) -> None:
        syntax = asked.context.transfer_syntax
        try:
            # A list of instances takes longer to read than a loop may be kept.
            data_set = await asyncio.to_thread(
                decode_identifier, content, syntax, NORMALIZED_LIMITS
            )
        except IdentifierError as error:
            self._respond(asked, Status.PROCESSING_FAILURE, comment=str(error))
            return
        request = NormalizedRequest(
            association=self._association,
            peer=self._peer,
            operation=perform.operation,
            abstract_syntax=asked.context.abstract_syntax,
            sop_class_uid=perform.sop_class_uid,
            sop_instance_uid=perform.sop_instance_uid,
            message_id=asked.command.message_id,
            type_id=perform.type_id,
            attributes=perform.attributes,
            data_set=data_set,
            received_bytes=len(content),
            events=self._return_path,
        )
        handler = self._inquirers.normalized[asked.context.abstract_syntax]
        result = await answer_normalized(handler, request, self._limits.perform_s)
        reply = b""
        if result.data_set is not None:
            reply = await asyncio.to_thread(encode_identifier, result.data_set, syntax)
        self._respond(asked, result.status, reply, result.comment, result=result)
        if result.answered is not None:
            result.answered()

    def _respond(
        self,
        asked: _Asked,
        status: int,
        data_set: bytes = b"",
        comment: str | None = None,
        counts: Mapping[Element, int] | None = None,
        result: NormalizedResult | None = None,
    ) -> None:
        if self._is_stopped:
            return
        response = encode_response(
            asked.command,
            status,
            comment,
            has_data_set=bool(data_set),
            counts=counts or {},
            sop_instance_uid=result.sop_instance_uid if result is not None else None,
            attributes=result.attributes if result is not None else (),
            error_id=result.error_id if result is not None else None,
        )
        self._upper.send_message(asked.context.context_id, response, data_set)
