"""Which service a command belongs to, decided by its context and its command field.

References
----------
DICOM PS3.7 sections 9.3 and 10.3 and annex C, PS3.4 annexes A and B.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final

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
from dicom.dimse.normalized import OPERATIONS, NormalizedSopClass
from dicom.uids import is_uid


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
class Find:
    """Receive an identifier and answer with its matches."""


@dataclass(frozen=True, slots=True)
class Move:
    """Receive an identifier and send what it names to an application entity we know."""

    destination_ae: str


@dataclass(frozen=True, slots=True)
class Get:
    """Receive an identifier and send what it names back on the same association."""


@dataclass(frozen=True, slots=True)
class Perform:
    """Receive a data set, if one follows, and operate on an object."""

    operation: CommandField
    sop_class_uid: str
    sop_instance_uid: str
    type_id: int | None
    attributes: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class Response:
    """Hear how an object or an event was taken that we sent; there is nothing to answer."""

    operation: CommandField
    message_id: int | None
    status: int


@dataclass(frozen=True, slots=True)
class Cancel:
    """Stop that operation, if it is under way; there is nothing to answer."""

    message_id: int | None


@dataclass(frozen=True, slots=True)
class Refuse:
    """Read over the dataset, if one follows, and answer with a failure."""

    status: Status
    comment: str


@dataclass(frozen=True, slots=True)
class Violation:
    """No answer is possible: abort."""

    reason: str


Inquiry = Find | Move | Get
"""What an identifier follows and a C-CANCEL may stop."""

Operation = Echo | Store | Inquiry | Perform | Response | Cancel | Refuse | Violation

_OUR_REQUESTS: Final = frozenset({CommandField.C_STORE_RQ, CommandField.N_EVENT_REPORT_RQ})
"""What we ask of peers that called us."""
_ON_REQUESTED: Final = frozenset(
    {CommandField.N_GET_RQ, CommandField.N_SET_RQ, CommandField.N_ACTION_RQ}
)
"""Commands which name a requested object, not an affected one (PS3.7 10.3)."""


@dataclass(frozen=True, slots=True)
class Served:
    """The SOP classes of each service.

    Parameters
    ----------
    storage
        Those that are stored.
    query
        Those of information models that are searched.
    move, get
        Those of information models from which is retrieved.
    normalized
        Those of normalised objects, by abstract syntax.
    """

    storage: frozenset[str]
    query: frozenset[str] = frozenset()
    move: frozenset[str] = frozenset()
    get: frozenset[str] = frozenset()
    normalized: Mapping[str, NormalizedSopClass] = field(default_factory=dict)

    def of(self, command_field: int) -> frozenset[str]:
        """Return the SOP classes whose service knows that request."""
        match command_field:
            case CommandField.C_STORE_RQ:
                return self.storage
            case CommandField.C_FIND_RQ:
                return self.query
            case CommandField.C_MOVE_RQ:
                return self.move
            case CommandField.C_GET_RQ:
                return self.get
            case CommandField.C_ECHO_RQ:
                return frozenset({VERIFICATION})
            case _:
                return frozenset()


def route(command: CommandSet, context: AcceptedContext, served: Served) -> Operation:
    """Return what to do with a command.

    Parameters
    ----------
    command
        The command set.
    context
        The accepted presentation context it came on.
    served
        What this node does.
    """
    try:
        return _route(command, context, served)
    except CommandError as error:
        return Violation(str(error))


def _route(command: CommandSet, context: AcceptedContext, served: Served) -> Operation:
    field = command.command_field
    has_data_set = command.has_data_set
    if field == CommandField.C_CANCEL_RQ:
        cancelled = command.number(Element.MESSAGE_ID_BEING_RESPONDED_TO)
        return Violation("a C-CANCEL has a dataset") if has_data_set else Cancel(cancelled)
    if field & RESPONSE_BIT:
        return _route_response(command, has_data_set=has_data_set)
    if field in OPERATIONS:
        return _route_normalized(command, context, served, has_data_set=has_data_set)
    return _refusal(command, context, served) or _route_composite(
        command, context, has_data_set=has_data_set
    )


def _route_composite(
    command: CommandSet, context: AcceptedContext, *, has_data_set: bool
) -> Operation:
    match command.command_field:
        case CommandField.C_STORE_RQ:
            return _route_store(command, context, has_data_set=has_data_set)
        case CommandField.C_ECHO_RQ:
            return Violation("a C-ECHO has a dataset") if has_data_set else Echo()
        case _:
            return _route_inquiry(command, has_data_set=has_data_set)


def _route_response(command: CommandSet, *, has_data_set: bool) -> Operation:
    asked = command.command_field & ~RESPONSE_BIT
    if asked not in _OUR_REQUESTS or (has_data_set and asked == CommandField.C_STORE_RQ):
        return Violation("a response to nothing we asked")
    answered = command.number(Element.MESSAGE_ID_BEING_RESPONDED_TO)
    return Response(CommandField(asked), answered, command.status)


def _route_normalized(
    command: CommandSet, context: AcceptedContext, served: Served, *, has_data_set: bool
) -> Operation:
    operation = CommandField(command.command_field)
    _ = command.message_id  # without one there is no answer
    sop_class = served.normalized.get(context.abstract_syntax)
    # An event is reported by the SCP of its SOP class, all else is asked of it.
    in_role = context.as_scu if operation is CommandField.N_EVENT_REPORT_RQ else context.as_scp
    if sop_class is None or operation not in sop_class.operations or not in_role:
        return Refuse(Status.UNRECOGNIZED_OPERATION, "not a service of this SOP class")
    on_requested = operation in _ON_REQUESTED
    named = command.text(
        Element.REQUESTED_SOP_CLASS_UID if on_requested else Element.AFFECTED_SOP_CLASS_UID
    )
    if named not in sop_class.object_classes:
        return Refuse(Status.NO_SUCH_SOP_CLASS, "SOP class is not that of the context")
    instance = command.text(
        Element.REQUESTED_SOP_INSTANCE_UID if on_requested else Element.AFFECTED_SOP_INSTANCE_UID
    )
    if not is_uid(instance) and (instance or operation is not CommandField.N_CREATE_RQ):
        return Refuse(Status.INVALID_SOP_INSTANCE, "SOP instance UID is not a UID")
    if has_data_set and operation is CommandField.N_GET_RQ:
        return Violation("an N-GET has a data set")
    type_id = None
    if operation in {CommandField.N_ACTION_RQ, CommandField.N_EVENT_REPORT_RQ}:
        is_action = operation is CommandField.N_ACTION_RQ
        type_id = command.number(Element.ACTION_TYPE_ID if is_action else Element.EVENT_TYPE_ID)
        if type_id is None:
            return Refuse(Status.INVALID_ARGUMENT_VALUE, "neither action nor event type")
    return Perform(
        operation, named, instance, type_id, command.tags(Element.ATTRIBUTE_IDENTIFIER_LIST)
    )


def _route_inquiry(command: CommandSet, *, has_data_set: bool) -> Operation:
    if not has_data_set:
        return Refuse(Status.CANNOT_UNDERSTAND, "no identifier")
    match command.command_field:
        case CommandField.C_FIND_RQ:
            return Find()
        case CommandField.C_GET_RQ:
            return Get()
        case _:
            return Move(command.text(Element.MOVE_DESTINATION))


def _refusal(command: CommandSet, context: AcceptedContext, served: Served) -> Refuse | None:
    """Return why the command is no request of a service of its context, if it is none."""
    _ = command.message_id  # without one there is no answer
    if context.abstract_syntax not in served.of(command.command_field) or not context.as_scp:
        return Refuse(Status.UNRECOGNIZED_OPERATION, "not a service of this SOP class")
    if command.text(Element.AFFECTED_SOP_CLASS_UID) != context.abstract_syntax:
        return Refuse(Status.SOP_CLASS_NOT_SUPPORTED, "SOP class is not that of the context")
    return None


def _route_store(command: CommandSet, context: AcceptedContext, *, has_data_set: bool) -> Operation:
    try:
        sop_instance_uid = command.text(Element.AFFECTED_SOP_INSTANCE_UID)
    except CommandError:
        sop_instance_uid = ""
    if not 0 < len(sop_instance_uid) <= 64 or sop_instance_uid.strip("0123456789."):
        return Refuse(Status.INVALID_SOP_INSTANCE, "SOP instance UID is not a UID")
    if not has_data_set:
        return Refuse(Status.CANNOT_UNDERSTAND, "no dataset")
    return Store(
        sop_class_uid=context.abstract_syntax,
        sop_instance_uid=sop_instance_uid,
        message_id=command.message_id,
        priority=command.number(Element.PRIORITY) or 0,
        move_originator=_move_originator(command),
    )


def _move_originator(command: CommandSet) -> MoveOriginator | None:
    message_id = command.number(Element.MOVE_ORIGINATOR_MESSAGE_ID)
    if message_id is None:
        return None
    return MoveOriginator(command.text(Element.MOVE_ORIGINATOR_AE), message_id)
