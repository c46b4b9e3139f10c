"""N-EVENT-REPORT as it goes out, on whichever side's association (PS3.7 10.1.1 and 10.3.1)."""

import asyncio
from typing import Final

from dicom.dimse.calling import NotAcceptedError
from dicom.dimse.command import (
    NO_DATA_SET,
    RESPONSE_BIT,
    SOME_DATA_SET,
    CommandError,
    CommandField,
    Element,
    encode_command,
)
from dicom.dimse.identifier import encode_identifier
from dicom.dimse.normalized import EventReport
from dicom.dimse.proposal import Proposal, propose
from dicom.dimse.requestor import Requestor
from dicom.dimse.scu import one_block
from dicom.uids import EXPLICIT_VR_LITTLE_ENDIAN, IMPLICIT_VR_LITTLE_ENDIAN

_MESSAGE_ID: Final = 1


def event_proposal(abstract_syntax: str) -> Proposal:
    """Return the proposal of an association on which we report events, as SCP (PS3.7 D.3.3.4)."""
    syntaxes = (EXPLICIT_VR_LITTLE_ENDIAN, IMPLICIT_VR_LITTLE_ENDIAN)
    return propose([(abstract_syntax, syntaxes)], [(abstract_syntax, (False, True))])


def encode_event_request(event: EventReport, message_id: int) -> bytes:
    """Return the command of an N-EVENT-REPORT request."""
    return encode_command(
        {
            Element.AFFECTED_SOP_CLASS_UID: event.sop_class_uid,
            Element.COMMAND_FIELD: CommandField.N_EVENT_REPORT_RQ,
            Element.MESSAGE_ID: message_id,
            Element.DATA_SET_TYPE: NO_DATA_SET if event.information is None else SOME_DATA_SET,
            Element.AFFECTED_SOP_INSTANCE_UID: event.sop_instance_uid,
            Element.EVENT_TYPE_ID: event.event_type_id,
        }
    )


async def report(requestor: Requestor, event: EventReport) -> int:
    """Report an event as the SCP of its SOP class, and return the peer's status.

    Parameters
    ----------
    requestor
        An association of `event_proposal` on which nothing else is asked.
    event
        What happened.

    Raises
    ------
    ScuError
        If there is no answer. After `NotAcceptedError` the association lives on.
    """
    try:
        context = requestor.context_for(event.abstract_syntax, as_scp=True)
    except NotAcceptedError:
        # Many devices answer no role selection and take events all the same.
        context = requestor.context_for(event.abstract_syntax)
    data_set = await encode_information(event, context.transfer_syntax)
    await requestor.send(
        context.context_id,
        encode_event_request(event, _MESSAGE_ID),
        one_block(data_set) if data_set else None,
    )
    arrived_on, response = await requestor.receive_command()
    try:
        if (
            response.command_field != CommandField.N_EVENT_REPORT_RQ | RESPONSE_BIT
            or response.number(Element.MESSAGE_ID_BEING_RESPONDED_TO) != _MESSAGE_ID
        ):
            raise CommandError("a response to nothing we asked")
        if response.has_data_set:
            await requestor.receive_small_data_set(arrived_on)
        status = response.status
    except CommandError as error:
        raise requestor.broken(str(error)) from error
    return status


async def encode_information(event: EventReport, transfer_syntax_uid: str) -> bytes:
    """Return the data set of an N-EVENT-REPORT request, empty for none.

    It may list every instance of a study, which takes longer than a loop may be kept.
    """
    if event.information is None:
        return b""
    return await asyncio.to_thread(encode_identifier, event.information, transfer_syntax_uid)
