"""The DIMSE-N services: operations on normalised objects, and the events they report.

References
----------
DICOM PS3.7 sections 7.4 and 10, PS3.4 annexes F and J.
"""

import asyncio
import logging
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Final, Generic, Protocol

from pydicom.dataset import Dataset

from dicom.dimse.callbacks import AssociationInfo, PeerT
from dicom.dimse.command import CommandField, Status

_logger = logging.getLogger(__name__)

OPERATIONS: Final = frozenset(
    {
        CommandField.N_EVENT_REPORT_RQ,
        CommandField.N_GET_RQ,
        CommandField.N_SET_RQ,
        CommandField.N_ACTION_RQ,
        CommandField.N_CREATE_RQ,
    }
)


@dataclass(frozen=True, slots=True)
class NormalizedSopClass:
    """A SOP class of normalised objects, and what a peer may ask of them.

    Parameters
    ----------
    abstract_syntax
        Negotiated for it.
    operations
        Requests it knows. With ``N_EVENT_REPORT_RQ`` we hear events, and a peer may be its SCP.
    object_classes
        SOP classes a command may name: the abstract syntax alone, unless several SOP classes are
        services on the objects of one (PS3.4 CC.1, F.8).
    """

    abstract_syntax: str
    operations: frozenset[CommandField]
    object_classes: frozenset[str] = frozenset()

    def __post_init__(self) -> None:
        """Fill in the object class.

        Raises
        ------
        ValueError
            If an operation is none of DIMSE-N.
        """
        if not self.operations <= OPERATIONS:
            raise ValueError("a normalised SOP class has DIMSE-N operations alone")
        if not self.object_classes:
            object.__setattr__(self, "object_classes", frozenset({self.abstract_syntax}))


@dataclass(frozen=True, slots=True)
class EventReport:
    """What an N-EVENT-REPORT says.

    Parameters
    ----------
    abstract_syntax
        Of the presentation context it goes out on.
    sop_class_uid, sop_instance_uid
        Of the object it is about.
    event_type_id
        What happened, as the service numbers it.
    information
        More about it; None for nothing.
    """

    abstract_syntax: str
    sop_class_uid: str
    sop_instance_uid: str
    event_type_id: int
    information: Dataset | None = None


class EventPath(Protocol):
    """The way of events back to a peer, on the association it opened."""

    @property
    def is_open(self) -> bool:
        """Whether the association still is."""

    async def report(self, event: EventReport, /) -> int:
        """Report an event, after those before were answered, and return the peer's status.

        Raises
        ------
        ScuError
            If there is no answer. After `PeerTimeoutError` the association lives on.
        """


@dataclass(frozen=True, slots=True)
class NormalizedRequest(Generic[PeerT]):
    """A DIMSE-N request.

    Parameters
    ----------
    association, peer
        Who asks.
    operation
        What is asked.
    abstract_syntax
        Of its presentation context.
    sop_class_uid, sop_instance_uid
        Of the object; the instance is empty where N-CREATE leaves it to us.
    message_id
        Of the message.
    type_id
        Action type or event type; None with other operations.
    attributes
        Tags N-GET asks for, empty for all.
    data_set
        Attributes, action or event information: anything a peer may write; empty where none came.
    received_bytes
        Length of the encoded data set.
    events
        The way back.
    """

    association: AssociationInfo
    peer: PeerT
    operation: CommandField
    abstract_syntax: str
    sop_class_uid: str
    sop_instance_uid: str
    message_id: int
    type_id: int | None
    attributes: tuple[int, ...]
    data_set: Dataset
    received_bytes: int
    events: EventPath


@dataclass(frozen=True, slots=True)
class NormalizedResult:
    """The answer to a DIMSE-N request.

    Parameters
    ----------
    status
        PS3.7 annex C.
    comment
        What the peer may read.
    data_set
        Attributes, action or event reply; None for none.
    sop_instance_uid
        Of the object created where the request named none.
    attributes
        Tags the status is about (Attribute Identifier List).
    error_id
        More about the status, as the service numbers it.
    answered
        Called once the response is sent: an event before it would come as a surprise.
    """

    status: int = Status.SUCCESS
    comment: str | None = None
    data_set: Dataset | None = None
    sop_instance_uid: str | None = None
    attributes: tuple[int, ...] = ()
    error_id: int | None = None
    answered: Callable[[], None] | None = field(default=None, compare=False)


class NormalizedRefusedError(Exception):
    """Raised by a `NormalizedHandler` that will not do as asked."""

    def __init__(
        self,
        status: int,
        comment: str | None = None,
        attributes: tuple[int, ...] = (),
        error_id: int | None = None,
    ) -> None:
        super().__init__(f"refused with status {status:04X}")
        self.result = NormalizedResult(status, comment, attributes=attributes, error_id=error_id)


class NormalizedHandler(Protocol[PeerT]):
    """Who keeps the objects of a normalised SOP class."""

    async def perform(self, request: NormalizedRequest[PeerT], /) -> NormalizedResult:
        """Do as asked and answer; raise `NormalizedRefusedError` not to.

        It runs to its end when the peer goes away meanwhile.
        """


async def answer_normalized(
    handler: NormalizedHandler[PeerT], request: NormalizedRequest[PeerT], longest_s: float
) -> NormalizedResult:
    """Return a handler's answer, or why there is none."""
    try:
        async with asyncio.timeout(longest_s):
            return await handler.perform(request)
    except NormalizedRefusedError as refusal:
        return refusal.result
    except TimeoutError:
        _logger.warning("a %s took too long", request.operation.name)
        return NormalizedResult(Status.RESOURCE_LIMITATION, "it took too long: try again later")
    except Exception:
        _logger.exception("a handler of %s failed", request.operation.name)
        return NormalizedResult(Status.PROCESSING_FAILURE, "unable to process")
