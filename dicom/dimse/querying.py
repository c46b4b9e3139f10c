"""The query under way on an association: one at a time, and stoppable.

References
----------
DICOM PS3.7 sections 9.1.2 and 9.3.2.
"""

import asyncio
from collections.abc import Callable, Coroutine
from dataclasses import dataclass
from typing import Any, Generic

from dicom.dimse.callbacks import AssociationInfo, PeerT
from dicom.dimse.command import CommandSet, Element, Status, encode_response
from dicom.dimse.find import Cancellation, FindHandler, FindRequest, FoundMatch, answer_find
from dicom.dimse.identifier import decode_identifier
from dicom.dimse.limits import DimseLimits
from dicom.dimse.negotiate import AcceptedContext
from dicom.dimse.protocol import UpperLayer


@dataclass(frozen=True)
class _UnderWay:
    cancellation: Cancellation
    task: asyncio.Task[None]


class Querying(Generic[PeerT]):
    """Answers the queries of one association.

    Parameters
    ----------
    handler
        Answers queries; None where no query is accepted.
    limits
        Bounds.
    spawn
        Runs a coroutine and keeps its task.
    upper
        Where responses go.
    over
        Called each time a query is over.
    """

    def __init__(
        self,
        handler: FindHandler[PeerT] | None,
        limits: DimseLimits,
        spawn: Callable[[Coroutine[Any, Any, None]], asyncio.Task[None]],
        upper: UpperLayer,
        over: Callable[[], None],
    ) -> None:
        self._handler = handler
        self._limits = limits
        self._spawn = spawn
        self._upper = upper
        self._over = over
        self._under_way: _UnderWay | None = None

    @property
    def is_under_way(self) -> bool:
        """Whether a query waits for its final response."""
        return self._under_way is not None

    def begin(
        self,
        association: AssociationInfo,
        peer: PeerT,
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
        if self._handler is None:
            raise RuntimeError("a query was accepted and nobody answers it")
        request = FindRequest(
            association=association,
            peer=peer,
            sop_class_uid=context.abstract_syntax,
            transfer_syntax_uid=context.transfer_syntax,
            message_id=command.message_id,
            priority=command.number(Element.PRIORITY) or 0,
            identifier=decode_identifier(identifier, context.transfer_syntax),
        )
        cancellation = Cancellation(command.message_id)
        work = self._answer(self._handler, context.context_id, command, request, cancellation)
        self._under_way = _UnderWay(cancellation, self._spawn(work))

    def cancel(self, message_id: int | None) -> None:
        """Stop before the next match; what it would cancel may have been answered already."""
        under_way = self._under_way
        if under_way is not None and under_way.cancellation.message_id == message_id:
            under_way.cancellation.is_asked = True

    def stop(self) -> None:
        """Stop now: there is nobody to answer any more."""
        if self._under_way is not None:
            self._under_way.task.cancel()

    async def _answer(
        self,
        handler: FindHandler[PeerT],
        context_id: int,
        command: CommandSet,
        request: FindRequest[PeerT],
        cancellation: Cancellation,
    ) -> None:
        async def send(match: FoundMatch) -> None:
            status = Status.PENDING if match.all_keys_supported else Status.PENDING_UNMATCHED
            await self._upper.writable()
            self._upper.send_message(
                context_id, encode_response(command, status, has_data_set=True), match.identifier
            )
            # A query must not keep the loop from everybody else, nor from its own C-CANCEL.
            await asyncio.sleep(0)

        try:
            outcome = await answer_find(handler, request, cancellation, send, self._limits.find_s)
            self._upper.send_message(
                context_id, encode_response(command, outcome.status, outcome.comment)
            )
        finally:
            self._under_way = None
            self._over()
