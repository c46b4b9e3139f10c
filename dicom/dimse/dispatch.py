"""Which service a command belongs to, decided by its context and its command field.

References
----------
DICOM PS3.7 section 9.3 and annex C, PS3.4 annexes A and B.
"""

from collections.abc import Container
from dataclasses import dataclass

from dicom.dimse.callbacks import MoveOriginator
from dicom.dimse.command import (
    RESPONSE_BIT,
    CommandError,
    CommandField,
    CommandSet,
    Element,
    Status,
)
from dicom.dimse.negotiate import VERIFICATION, AcceptedContext


@dataclass(frozen=True, slots=True)
class Echo:
    """Answer a C-ECHO."""


@dataclass(frozen=True, slots=True)
class Store:
    """Receive a dataset."""

    sop_class_uid: str
    sop_instance_uid: str
    message_id: int
    priority: int
    move_originator: MoveOriginator | None


@dataclass(frozen=True, slots=True)
class Refuse:
    """Read over the dataset, if one follows, and answer with a failure."""

    status: Status
    comment: str


@dataclass(frozen=True, slots=True)
class Ignore:
    """Nothing to do and nothing to answer."""


@dataclass(frozen=True, slots=True)
class Violation:
    """No answer is possible: abort."""

    reason: str


Operation = Echo | Store | Refuse | Ignore | Violation


def route(command: CommandSet, context: AcceptedContext, storage: Container[str]) -> Operation:
    """Return what to do with a command.

    Parameters
    ----------
    command
        The command set.
    context
        The accepted presentation context it came on.
    storage
        SOP classes that are stored.
    """
    try:
        return _route(command, context, storage)
    except CommandError as error:
        return Violation(str(error))


def _route(command: CommandSet, context: AcceptedContext, storage: Container[str]) -> Operation:
    field = command.command_field
    has_data_set = command.has_data_set
    if field == CommandField.C_CANCEL_RQ:
        # PS3.7 9.3.2.3: what it would cancel has been answered already.
        return Violation("a C-CANCEL has a dataset") if has_data_set else Ignore()
    if field & RESPONSE_BIT:
        return Violation("a response to nothing we asked")
    message_id = command.message_id
    is_store = context.abstract_syntax in storage
    is_echo = context.abstract_syntax == VERIFICATION
    if (field, True) not in {
        (CommandField.C_STORE_RQ, is_store),
        (CommandField.C_ECHO_RQ, is_echo),
    }:
        return Refuse(Status.UNRECOGNIZED_OPERATION, "not a service of this SOP class")
    if command.text(Element.AFFECTED_SOP_CLASS_UID) != context.abstract_syntax:
        return Refuse(Status.SOP_CLASS_NOT_SUPPORTED, "SOP class is not that of the context")
    if is_store:
        return _route_store(command, context, message_id, has_data_set=has_data_set)
    return Violation("a C-ECHO has a dataset") if has_data_set else Echo()


def _route_store(
    command: CommandSet, context: AcceptedContext, message_id: int, *, has_data_set: bool
) -> Operation:
    sop_instance_uid = command.text(Element.AFFECTED_SOP_INSTANCE_UID)
    if not 0 < len(sop_instance_uid) <= 64 or sop_instance_uid.strip("0123456789."):
        return Refuse(Status.INVALID_SOP_INSTANCE, "SOP instance UID is not a UID")
    if not has_data_set:
        return Refuse(Status.CANNOT_UNDERSTAND, "no dataset")
    return Store(
        sop_class_uid=context.abstract_syntax,
        sop_instance_uid=sop_instance_uid,
        message_id=message_id,
        priority=command.number(Element.PRIORITY) or 0,
        move_originator=_move_originator(command),
    )


def _move_originator(command: CommandSet) -> MoveOriginator | None:
    message_id = command.number(Element.MOVE_ORIGINATOR_MESSAGE_ID)
    if message_id is None:
        return None
    return MoveOriginator(command.text(Element.MOVE_ORIGINATOR_AE), message_id)
