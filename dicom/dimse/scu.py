"""What we ask of other nodes: echo, store and find, over an association we opened.

References
----------
DICOM PS3.7 sections 9.1 and 9.3, PS3.4 annexes A and B.
"""

import asyncio
from collections.abc import AsyncGenerator, AsyncIterator, Iterable
from contextlib import suppress
from itertools import chain, count, islice
from typing import Final

from pydicom.dataset import Dataset

from dicom.dimse.callbacks import MoveOriginator, StoreResult
from dicom.dimse.calling import RefusedError
from dicom.dimse.command import (
    NO_DATA_SET,
    RESPONSE_BIT,
    SOME_DATA_SET,
    CommandError,
    CommandField,
    CommandSet,
    Element,
    Status,
    comment_of,
    encode_command,
)
from dicom.dimse.identifier import IdentifierError, decode_identifier, encode_identifier
from dicom.dimse.negotiate import VERIFICATION, AcceptedContext
from dicom.dimse.outgoing import OutgoingObject
from dicom.dimse.proposal import MOST_CONTEXTS, Proposal, propose
from dicom.dimse.requestor import Requestor
from dicom.uids import EXPLICIT_VR_LITTLE_ENDIAN, IMPLICIT_VR_LITTLE_ENDIAN

_PENDING: Final = frozenset({Status.PENDING, Status.PENDING_UNMATCHED})
_MESSAGE_SYNTAXES: Final = (EXPLICIT_VR_LITTLE_ENDIAN, IMPLICIT_VR_LITTLE_ENDIAN)


def echo_proposal() -> Proposal:
    """Return the proposal of an association for C-ECHO."""
    return propose([(VERIFICATION, (IMPLICIT_VR_LITTLE_ENDIAN,))])


def store_proposal(objects: Iterable[OutgoingObject]) -> Proposal:
    """Return the proposal of an association for C-STORE of objects, each as it is stored.

    There is one transfer syntax a context, so that the peer picks none for another; one more
    context a SOP class offers what its objects may be given in besides. Of more than 128 kinds of
    objects the first 128 are proposed.

    Raises
    ------
    ValueError
        If there are no objects.
    """
    kinds: dict[tuple[str, tuple[str, ...]], None] = {}
    others: dict[str, dict[str, None]] = {}
    for each in objects:
        kinds[each.sop_class_uid, (each.transfer_syntax_uid,)] = None
        others.setdefault(each.sop_class_uid, {}).update(dict.fromkeys(each.others))
    besides = ((uid, tuple(syntaxes)) for uid, syntaxes in others.items() if syntaxes)
    return propose(islice(chain(kinds, besides), MOST_CONTEXTS))


def query_proposal(sop_class_uid: str) -> Proposal:
    """Return the proposal of an association for C-FIND or C-MOVE in an information model."""
    return propose([(sop_class_uid, _MESSAGE_SYNTAXES)])


class Scu:
    """The services we use on one association, one operation at a time.

    Parameters
    ----------
    requestor
        The association.
    """

    def __init__(self, requestor: Requestor) -> None:
        self._requestor = requestor
        self._message_ids = count(1)

    async def echo(self) -> int:
        """Ask whether the peer is there, and return its status (C-ECHO).

        Raises
        ------
        ScuError
            If there is no answer.
        """
        context = self._requestor.context_for(VERIFICATION)
        message_id = self.next_message_id()
        command = encode_command(
            {
                Element.AFFECTED_SOP_CLASS_UID: VERIFICATION,
                Element.COMMAND_FIELD: CommandField.C_ECHO_RQ,
                Element.MESSAGE_ID: message_id,
                Element.DATA_SET_TYPE: NO_DATA_SET,
            }
        )
        await self._requestor.send(context.context_id, command)
        response = await self._response(context.context_id, CommandField.C_ECHO_RQ, message_id)
        return response.status

    async def store(
        self,
        outgoing: OutgoingObject,
        *,
        priority: int = 0,
        originator: MoveOriginator | None = None,
    ) -> StoreResult:
        """Send an object and return the answer (C-STORE); as it is stored where that is taken.

        Parameters
        ----------
        outgoing
            The object.
        priority
            0 medium, 1 high, 2 low.
        originator
            Whose C-MOVE it belongs to.

        Raises
        ------
        ScuError
            If there is no answer. After `NotAcceptedError` the association lives on.
        OSError
            If the object's bytes are not to be had; the association is aborted if some were sent.
        UnconvertibleError
            If it cannot be given as the peer takes it; the association lives on.
        """
        accepted = {
            each.transfer_syntax
            for each in self._requestor.accepted.values()
            if each.as_scu and each.abstract_syntax == outgoing.sop_class_uid
        }
        outgoing = outgoing.as_taken(accepted.__contains__)
        context = self._requestor.context_for(outgoing.sop_class_uid, outgoing.transfer_syntax_uid)
        message_id = self.next_message_id()
        command = encode_store_request(
            outgoing, message_id, priority=priority, originator=originator
        )
        async with outgoing.open() as data_set:
            await self._requestor.send(context.context_id, command, data_set)
        response = await self._response(context.context_id, CommandField.C_STORE_RQ, message_id)
        return StoreResult(response.status, comment_of(response))

    async def find(
        self, sop_class_uid: str, identifier: Dataset, *, priority: int = 0
    ) -> AsyncGenerator[Dataset, None]:
        """Yield what matches (C-FIND); who closes this early has the rest cancelled.

        Parameters
        ----------
        sop_class_uid
            The information model.
        identifier
            Keys to match and to return.
        priority
            0 medium, 1 high, 2 low.

        Raises
        ------
        RefusedError
            If the peer's final answer is a failure.
        ScuError
            If there is none.
        """
        context = self._requestor.context_for(sop_class_uid)
        message_id = self.next_message_id()
        command = encode_command(
            {
                Element.AFFECTED_SOP_CLASS_UID: sop_class_uid,
                Element.COMMAND_FIELD: CommandField.C_FIND_RQ,
                Element.MESSAGE_ID: message_id,
                Element.PRIORITY: priority,
                Element.DATA_SET_TYPE: SOME_DATA_SET,
            }
        )
        encoded = encode_identifier(identifier, context.transfer_syntax)
        await self._requestor.send(context.context_id, command, one_block(encoded))
        is_over = False
        try:
            while True:
                response = await self._response(
                    context.context_id, CommandField.C_FIND_RQ, message_id, may_be_pending=True
                )
                if response.status not in _PENDING:
                    is_over = True
                    break
                yield await self._identifier(context)
        finally:
            if not is_over and self._requestor.is_alive:
                await self._cancel(context.context_id, message_id)
        if response.status != Status.SUCCESS:
            raise RefusedError(response.status, comment_of(response))

    async def _cancel(self, context_id: int, message_id: int) -> None:
        """Have a query stopped, and read over what was on its way."""
        await self._requestor.send(context_id, encode_cancel(message_id))
        with suppress(TimeoutError):
            async with asyncio.timeout(self._requestor.limits.response_s):
                while True:
                    response = await self._response(
                        context_id, CommandField.C_FIND_RQ, message_id, may_be_pending=True
                    )
                    if response.status not in _PENDING:
                        return
                    await self._requestor.receive_small_data_set(context_id)
        self._requestor.abort()

    async def _identifier(self, context: AcceptedContext) -> Dataset:
        content = await self._requestor.receive_small_data_set(context.context_id)
        try:
            return decode_identifier(content, context.transfer_syntax)
        except IdentifierError as error:
            raise self._requestor.broken(str(error)) from error

    async def _response(
        self, context_id: int, field: int, message_id: int, *, may_be_pending: bool = False
    ) -> CommandSet:
        """Return the next response to a request; whatever else comes breaks the protocol."""
        arrived_on, response = await self._requestor.receive_command()
        try:
            is_pending = response.status in _PENDING
            if (
                arrived_on != context_id
                or response.command_field != field | RESPONSE_BIT
                or response.number(Element.MESSAGE_ID_BEING_RESPONDED_TO) != message_id
                or response.has_data_set != is_pending
                or (is_pending and not may_be_pending)
            ):
                raise CommandError("a response to nothing we asked")
        except CommandError as error:
            raise self._requestor.broken(str(error)) from error
        return response

    def next_message_id(self) -> int:
        """Return a message ID that is not in use."""
        return next(self._message_ids) & 0xFFFF


def encode_store_request(
    outgoing: OutgoingObject,
    message_id: int,
    *,
    priority: int,
    originator: MoveOriginator | None = None,
) -> bytes:
    """Return the command of a C-STORE request (PS3.7 9.3.1.1)."""
    return encode_command(
        {
            Element.AFFECTED_SOP_CLASS_UID: outgoing.sop_class_uid,
            Element.COMMAND_FIELD: CommandField.C_STORE_RQ,
            Element.MESSAGE_ID: message_id,
            Element.PRIORITY: priority,
            Element.DATA_SET_TYPE: SOME_DATA_SET,
            Element.AFFECTED_SOP_INSTANCE_UID: outgoing.sop_instance_uid,
            Element.MOVE_ORIGINATOR_AE: originator.ae_title if originator else None,
            Element.MOVE_ORIGINATOR_MESSAGE_ID: originator.message_id if originator else None,
        }
    )


def encode_cancel(message_id: int) -> bytes:
    """Return the command of a C-CANCEL request (PS3.7 9.3.2.3)."""
    return encode_command(
        {
            Element.COMMAND_FIELD: CommandField.C_CANCEL_RQ,
            Element.MESSAGE_ID_BEING_RESPONDED_TO: message_id,
            Element.DATA_SET_TYPE: NO_DATA_SET,
        }
    )


async def one_block(content: bytes) -> AsyncIterator[bytes]:
    """Yield what is at hand already."""
    yield content
