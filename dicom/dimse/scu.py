"""What we ask of other nodes: echo and store, over an association we opened.

References
----------
DICOM PS3.7 sections 9.1 and 9.3, PS3.4 annexes A and B.
"""

from collections.abc import Iterable
from itertools import count, islice

from dicom.dimse.callbacks import MoveOriginator, StoreResult
from dicom.dimse.calling import AssociationLostError
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
from dicom.dimse.negotiate import VERIFICATION
from dicom.dimse.outgoing import OutgoingObject
from dicom.dimse.proposal import MOST_CONTEXTS, Proposal, propose
from dicom.dimse.requestor import Requestor
from dicom.uids import EXPLICIT_VR_LITTLE_ENDIAN, IMPLICIT_VR_LITTLE_ENDIAN

_MESSAGE_SYNTAXES = (EXPLICIT_VR_LITTLE_ENDIAN, IMPLICIT_VR_LITTLE_ENDIAN)


def echo_proposal() -> Proposal:
    """Return the proposal of an association for C-ECHO."""
    return propose([(VERIFICATION, (IMPLICIT_VR_LITTLE_ENDIAN,))])


def store_proposal(objects: Iterable[OutgoingObject]) -> Proposal:
    """Return the proposal of an association for C-STORE of objects, each as it is stored.

    There is one transfer syntax a context, so that the peer picks none for another. Of more than
    128 kinds of objects the first 128 are proposed.

    Raises
    ------
    ValueError
        If there are no objects.
    """
    kinds = dict.fromkeys((each.sop_class_uid, each.transfer_syntax_uid) for each in objects)
    return propose((uid, (syntax,)) for uid, syntax in islice(kinds, MOST_CONTEXTS))


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
        message_id = self._next_message_id()
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
        return _status(response)

    async def store(
        self,
        outgoing: OutgoingObject,
        *,
        priority: int = 0,
        originator: MoveOriginator | None = None,
    ) -> StoreResult:
        """Send an object in its stored transfer syntax, and return the peer's answer (C-STORE).

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
        """
        context = self._requestor.context_for(outgoing.sop_class_uid, outgoing.transfer_syntax_uid)
        message_id = self._next_message_id()
        command = encode_store_request(
            outgoing, message_id, priority=priority, originator=originator
        )
        async with outgoing.open() as data_set:
            await self._requestor.send(context.context_id, command, data_set)
        response = await self._response(context.context_id, CommandField.C_STORE_RQ, message_id)
        return StoreResult(_status(response), comment_of(response))

    async def _response(self, context_id: int, field: int, message_id: int) -> CommandSet:
        """Return the one final response to a request; whatever else comes breaks the protocol."""
        arrived_on, response = await self._requestor.receive_command()
        try:
            if (
                arrived_on != context_id
                or response.command_field != field | RESPONSE_BIT
                or response.number(Element.MESSAGE_ID_BEING_RESPONDED_TO) != message_id
                or response.has_data_set
                or response.number(Element.STATUS) in {None, Status.PENDING}
            ):
                raise CommandError("a response to nothing we asked")
        except CommandError as error:
            self._requestor.abort()
            raise AssociationLostError(f"the peer broke the protocol: {error}") from error
        return response

    def _next_message_id(self) -> int:
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


def _status(response: CommandSet) -> int:
    return response.number(Element.STATUS) or 0
