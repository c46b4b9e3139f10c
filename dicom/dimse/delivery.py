"""The two ways of a retrieved object: to a destination of its own, or back to who asked."""

import asyncio
from collections.abc import AsyncIterator, Mapping
from itertools import count

from dicom.dimse.callbacks import Ending, MoveOriginator, StoreResult
from dicom.dimse.calling import NotAcceptedError, PeerAddress, PeerTimeoutError
from dicom.dimse.fragments import fragments
from dicom.dimse.limits import DimseLimits
from dicom.dimse.negotiate import AcceptedContext
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
    """Sends objects on an association that the peer opened (C-GET).

    Parameters
    ----------
    upper
        The connection.
    accepted
        Context identifier to accepted context.
    limits
        Bounds.
    """

    def __init__(
        self, upper: UpperLayer, accepted: Mapping[int, AcceptedContext], limits: DimseLimits
    ) -> None:
        self._upper = upper
        self._contexts = {
            (each.abstract_syntax, each.transfer_syntax): each.context_id
            for each in accepted.values()
            if each.as_scu
        }
        self._limits = limits
        self._message_ids = count(1)
        self._awaited: dict[int, asyncio.Future[StoreResult]] = {}

    def answered(self, message_id: int | None, result: StoreResult) -> bool:
        """Take the answer to a message of ours; False where there is none such."""
        future = self._awaited.pop(message_id, None) if message_id is not None else None
        if future is None:
            return False
        if not future.done():
            future.set_result(result)
        return True

    async def send(self, outgoing: OutgoingObject, priority: int) -> StoreResult:
        """Send one object, and return the peer's answer.

        Raises
        ------
        NotAcceptedError
            If no presentation context fits it: the association lives on.
        PeerTimeoutError
            If it was aborted for lack of an answer.
        OSError
            If the object's bytes are not to be had; it is aborted if some were sent.
        """
        kind = outgoing.sop_class_uid, outgoing.transfer_syntax_uid
        context_id = self._contexts.get(kind)
        if context_id is None:
            raise NotAcceptedError(f"no context for {kind[0]} in {kind[1]}")
        message_id = next(self._message_ids) & 0xFFFF
        answer: asyncio.Future[StoreResult] = asyncio.get_running_loop().create_future()
        self._awaited[message_id] = answer
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
            self._awaited.pop(message_id, None)

    async def _send_data_set(self, data_set: AsyncIterator[bytes], context_id: int) -> None:
        try:
            async for pieces in fragments(data_set, context_id, self._upper.peer_max_pdu_bytes):
                await self._upper.writable()
                self._upper.send_fragment(*pieces)
        except BaseException:
            self._upper.abort(Ending.ABORTED, "the bytes of an object are not to be had")
            raise
