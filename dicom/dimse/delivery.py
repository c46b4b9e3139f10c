"""What goes out: a retrieved object to a destination of its own, and all that goes back."""

import asyncio
from collections.abc import AsyncIterator, Mapping
from itertools import count

from dicom.dimse.callbacks import Ending, MoveOriginator, StoreResult
from dicom.dimse.calling import (
    AssociationLostError,
    NotAcceptedError,
    PeerAddress,
    PeerTimeoutError,
)
from dicom.dimse.command import CommandField
from dicom.dimse.events import encode_event_request, encode_information
from dicom.dimse.fragments import fragments
from dicom.dimse.limits import DimseLimits
from dicom.dimse.negotiate import AcceptedContext
from dicom.dimse.normalized import EventReport
from dicom.dimse.outgoing import OutgoingObject
from dicom.dimse.protocol import UpperLayer
from dicom.dimse.requestor import associate
from dicom.dimse.retrieve import Errand
from dicom.dimse.scu import Scu, encode_store_request, store_proposal


async def deliver_to(
    destination: PeerAddress,
    errand: Errand,
    originator: MoveOriginator,
    priority: int,
    limits: DimseLimits,
) -> None:
    """Send what is left to another node, on one association (C-MOVE).

    Raises
    ------
    ScuError
        If there is no association.
    """
    async with associate(destination, store_proposal(errand.left), limits) as requestor:
        scu = Scu(requestor)
        await errand.run(lambda each: scu.store(each, priority=priority, originator=originator))


class ReturnPath:
    """What we ask on an association that the peer opened: objects and events, one at a time.

    The asynchronous operations window is answered as one, so one of them is under way (PS3.7
    D.3.3.3), whatever the peer asks meanwhile.

    Parameters
    ----------
    upper
        The connection.
    accepted
        Context identifier to accepted context.
    limits
        Bounds.

    Attributes
    ----------
    is_open
        Whether the association is.
    """

    def __init__(
        self, upper: UpperLayer, accepted: Mapping[int, AcceptedContext], limits: DimseLimits
    ) -> None:
        self._upper = upper
        self._accepted = accepted
        self._contexts = {
            (each.abstract_syntax, each.transfer_syntax): each.context_id
            for each in accepted.values()
            if each.as_scu
        }
        self._limits = limits
        self._message_ids = count(1)
        self._awaited: dict[tuple[CommandField, int], asyncio.Future[StoreResult]] = {}
        self._turn = asyncio.Lock()
        self.is_open = True

    def answered(
        self, operation: CommandField, message_id: int | None, result: StoreResult
    ) -> bool:
        """Take the answer to a message of ours; False where there is none such."""
        future = self._awaited.pop((operation, message_id or 0), None)
        if future is None:
            return False
        if not future.done():
            future.set_result(result)
        return True

    def close(self) -> None:
        """Expect no answers any more: the association is gone."""
        self.is_open = False
        awaited = list(self._awaited.values())
        self._awaited.clear()
        for future in awaited:
            if not future.done():
                future.set_exception(_lost())

    async def send(self, outgoing: OutgoingObject, priority: int) -> StoreResult:
        """Send one object, and return the peer's answer.

        Raises
        ------
        NotAcceptedError
            If no presentation context fits it: the association lives on.
        AssociationLostError, PeerTimeoutError
            If there is no answer; without one in time it was aborted.
        OSError
            If the object's bytes are not to be had; it is aborted if some were sent.
        UnconvertibleError
            If it cannot be given as the peer takes it: the association lives on.
        """
        outgoing = outgoing.as_taken(
            lambda syntax: (outgoing.sop_class_uid, syntax) in self._contexts
        )
        kind = outgoing.sop_class_uid, outgoing.transfer_syntax_uid
        context_id = self._contexts.get(kind)
        if context_id is None:
            raise NotAcceptedError(f"no context for {kind[0]} in {kind[1]}")
        async with self._turn:
            message_id, answer = self._expect(CommandField.C_STORE_RQ)
            try:
                async with outgoing.open() as data_set:
                    command = encode_store_request(outgoing, message_id, priority=priority)
                    self._upper.send_message(context_id, command)
                    await self._send_data_set(data_set, context_id)
                async with asyncio.timeout(self._limits.response_s):
                    return await answer
            except TimeoutError as error:
                self._upper.abort(Ending.TIMED_OUT, "no response to an object we sent")
                raise PeerTimeoutError("the peer did not answer in time") from error
            finally:
                self._awaited.pop((CommandField.C_STORE_RQ, message_id), None)

    async def report(self, event: EventReport, /) -> int:
        """Report an event, and return the peer's status.

        Raises
        ------
        NotAcceptedError
            If no presentation context fits it: the association lives on.
        AssociationLostError, PeerTimeoutError
            If there is no answer. One that comes too late is passed over, and the association
            lives on: the peer may be sending objects on it.
        """
        context = next(
            (
                each
                for each in self._accepted.values()
                if each.as_scp and each.abstract_syntax == event.abstract_syntax
            ),
            None,
        )
        if context is None:
            raise NotAcceptedError(f"no context for {event.abstract_syntax}")
        data_set = await encode_information(event, context.transfer_syntax)
        async with self._turn:
            message_id, answer = self._expect(CommandField.N_EVENT_REPORT_RQ)
            self._upper.send_message(
                context.context_id, encode_event_request(event, message_id), data_set
            )
            try:
                async with asyncio.timeout(self._limits.response_s):
                    return (await answer).status
            except TimeoutError as error:
                raise PeerTimeoutError("the peer did not answer in time") from error

    def _expect(self, operation: CommandField) -> tuple[int, asyncio.Future[StoreResult]]:
        if not self.is_open:
            raise _lost()
        message_id = next(self._message_ids) & 0xFFFF
        answer: asyncio.Future[StoreResult] = asyncio.get_running_loop().create_future()
        self._awaited[operation, message_id] = answer
        return message_id, answer

    async def _send_data_set(self, data_set: AsyncIterator[bytes], context_id: int) -> None:
        try:
            async for pieces in fragments(data_set, context_id, self._upper.peer_max_pdu_bytes):
                await self._upper.writable()
                self._upper.send_fragment(*pieces)
        except BaseException:
            self._upper.abort(Ending.ABORTED, "the bytes of an object are not to be had")
            raise


def _lost() -> AssociationLostError:
    return AssociationLostError("the association ended before the answer")
