"""Retrieving as its requestor: C-GET back to us, C-MOVE to a third (PS3.4 C.4.2 and C.4.3)."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Final

from pydicom.dataset import Dataset
from pynetdicom.presentation import StoragePresentationContexts

from dicom.dimse.callbacks import AssociationInfo, StoreHandler, StoreRequest, StoreResult
from dicom.dimse.calling import RefusedError
from dicom.dimse.command import (
    RESPONSE_BIT,
    SOME_DATA_SET,
    CommandError,
    CommandField,
    CommandSet,
    Element,
    Status,
    comment_of,
    encode_command,
    encode_response,
)
from dicom.dimse.dispatch import Refuse, Served, Store, route
from dicom.dimse.identifier import encode_identifier
from dicom.dimse.negotiate import AcceptedContext
from dicom.dimse.proposal import Proposal, propose
from dicom.dimse.requestor import Requestor
from dicom.dimse.scu import one_block
from dicom.dimse.store import ObjectTooLargeError, StoreReception
from dicom.uids import EXPLICIT_VR_LITTLE_ENDIAN, IMPLICIT_VR_LITTLE_ENDIAN

_UNCOMPRESSED: Final = (EXPLICIT_VR_LITTLE_ENDIAN, IMPLICIT_VR_LITTLE_ENDIAN)
_MESSAGE_ID: Final = 1


@dataclass(frozen=True, slots=True)
class Retrieved:
    """What a retrieval said at its end.

    Parameters
    ----------
    completed, warnings, failed
        Objects as the peer counts them.
    comment
        Why some failed, if the peer says.
    """

    completed: int
    warnings: int
    failed: int
    comment: str | None


def get_proposal(sop_class_uid: str, preferred: Iterable[str] = ()) -> Proposal:
    """Return the proposal of an association for C-GET, as SCP of the storage classes in use.

    Parameters
    ----------
    sop_class_uid
        The information model.
    preferred
        Transfer syntaxes named before the uncompressed ones.
    """
    storage = [str(each.abstract_syntax) for each in StoragePresentationContexts]
    syntaxes = tuple(dict.fromkeys((*preferred, *_UNCOMPRESSED)))
    return propose(
        [(sop_class_uid, _UNCOMPRESSED), *((uid, syntaxes) for uid in storage)],
        [(uid, (False, True)) for uid in storage],
    )


async def get(
    requestor: Requestor,
    sop_class_uid: str,
    identifier: Dataset,
    handler: StoreHandler[None],
    progress: Callable[[int], None] = lambda _: None,
) -> Retrieved:
    """Ask for objects, hand each to ``handler``, and return how it went (C-GET).

    Parameters
    ----------
    requestor
        An association of `get_proposal`.
    sop_class_uid, identifier
        The information model, and the unique keys of what is wanted.
    handler
        Takes objects.
    progress
        Is told the number of objects that came so far.

    Raises
    ------
    RefusedError
        If the peer's final answer is a failure without any object.
    ScuError
        If there is none.
    """
    await _ask(requestor, sop_class_uid, CommandField.C_GET_RQ, identifier)
    came = 0
    while True:
        arrived_on, message = await requestor.receive_command()
        try:
            if message.command_field == CommandField.C_STORE_RQ:
                await _take(requestor, requestor.accepted[arrived_on], message, handler)
                came += 1
                progress(came)
            elif _is_final(message, CommandField.C_GET_RQ):
                return await _outcome(requestor, arrived_on, message)
        except CommandError as error:
            raise requestor.broken(str(error)) from error


async def move(
    requestor: Requestor,
    sop_class_uid: str,
    identifier: Dataset,
    destination_ae: str,
    progress: Callable[[int], None] = lambda _: None,
) -> Retrieved:
    """Have objects sent to another node, and return how it went (C-MOVE).

    Parameters
    ----------
    requestor
        An association for ``sop_class_uid``.
    sop_class_uid, identifier
        The information model, and the unique keys of what is wanted.
    destination_ae
        Whom the peer shall send to: it knows the address.
    progress
        Is told the number of sub-operations done so far, as often as the peer tells it.

    Raises
    ------
    RefusedError
        If the peer's final answer is a failure without any object.
    ScuError
        If there is none.
    """
    await _ask(requestor, sop_class_uid, CommandField.C_MOVE_RQ, identifier, destination_ae)
    while True:
        arrived_on, message = await requestor.receive_command()
        try:
            if _is_final(message, CommandField.C_MOVE_RQ):
                return await _outcome(requestor, arrived_on, message)
            progress(sum(_counts(message)))
        except CommandError as error:
            raise requestor.broken(str(error)) from error


async def _ask(
    requestor: Requestor,
    sop_class_uid: str,
    field: CommandField,
    identifier: Dataset,
    destination_ae: str | None = None,
) -> None:
    context = requestor.context_for(sop_class_uid)
    command = encode_command(
        {
            Element.AFFECTED_SOP_CLASS_UID: sop_class_uid,
            Element.COMMAND_FIELD: field,
            Element.MESSAGE_ID: _MESSAGE_ID,
            Element.MOVE_DESTINATION: destination_ae,
            Element.PRIORITY: 0,
            Element.DATA_SET_TYPE: SOME_DATA_SET,
        }
    )
    encoded = encode_identifier(identifier, context.transfer_syntax)
    await requestor.send(context.context_id, command, one_block(encoded))


def _is_final(message: CommandSet, field: CommandField) -> bool:
    """Tell a final response from a pending one; raise CommandError for anything else."""
    if (
        message.command_field != field | RESPONSE_BIT
        or message.number(Element.MESSAGE_ID_BEING_RESPONDED_TO) != _MESSAGE_ID
        or (message.status == Status.PENDING and message.has_data_set)
    ):
        raise CommandError("a response to nothing we asked")
    return message.status != Status.PENDING


async def _outcome(requestor: Requestor, context_id: int, response: CommandSet) -> Retrieved:
    if response.has_data_set:
        await requestor.receive_small_data_set(context_id)
    if response.status not in {Status.SUCCESS, Status.SUBOPERATIONS_WITH_FAILURES}:
        raise RefusedError(response.status, comment_of(response))
    completed, warnings, failed = _counts(response)
    return Retrieved(completed, warnings, failed, comment_of(response))


def _counts(response: CommandSet) -> tuple[int, int, int]:
    """Return the sub-operations completed, with a warning, and failed."""
    completed, warnings, failed = (
        response.number(element) or 0
        for element in (
            Element.COMPLETED_SUBOPERATIONS,
            Element.WARNING_SUBOPERATIONS,
            Element.FAILED_SUBOPERATIONS,
        )
    )
    return completed, warnings, failed


async def _take(
    requestor: Requestor,
    context: AcceptedContext,
    command: CommandSet,
    handler: StoreHandler[None],
) -> None:
    """Receive one object and answer for it."""
    limits = requestor.limits
    match route(command, context, Served(frozenset({context.abstract_syntax}))):
        case Store() as store:
            request = StoreRequest(
                association=_association(requestor),
                peer=None,
                sop_class_uid=store.sop_class_uid,
                sop_instance_uid=store.sop_instance_uid,
                transfer_syntax_uid=context.transfer_syntax,
                message_id=store.message_id,
                priority=store.priority,
                move_originator=None,
            )
            reception = StoreReception.begin(handler, request, limits.max_object_bytes)
        case Refuse(status, comment):
            refusal = StoreResult(status, comment)
            reception = StoreReception(None, refusal, limits.max_object_bytes)
        case _:
            raise CommandError("neither an object nor an answer")
    try:
        if command.has_data_set:
            async for chunk in requestor.receive_data_set(context.context_id):
                reception.write(chunk)
        result = await reception.finish()
    except ObjectTooLargeError as error:
        raise requestor.broken("an object is too large") from error
    except BaseException:
        reception.abort()
        raise
    await requestor.send(
        context.context_id, encode_response(command, result.status, result.comment)
    )


def _association(requestor: Requestor) -> AssociationInfo:
    peer = requestor.peer
    return AssociationInfo(
        number=1,
        calling_ae=peer.called_ae,
        called_ae=peer.calling_ae,
        peer_ip=peer.host,
        peer_port=peer.port,
        tls=None,
        implementation_class_uid="",
        implementation_version="",
    )
