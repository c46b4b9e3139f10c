"""The retrieve services (PS3.4 annexes C.4.2 and C.4.3): what is asked for, and how it went.

Each object is a sub-operation, a C-STORE of ours: of C-MOVE on an association of its own to a
destination the handler knows, of C-GET on the association of the request.
"""

import asyncio
import logging
from collections import deque
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final, Generic, Protocol

from pydicom.dataset import Dataset

from dicom.dimse.callbacks import AssociationInfo, PeerT, StoreResult
from dicom.dimse.calling import PeerAddress, ScuError
from dicom.dimse.command import Element, Status
from dicom.dimse.find import Cancellation
from dicom.dimse.limits import DimseLimits
from dicom.dimse.outgoing import OutgoingObject, UnconvertibleError

_logger = logging.getLogger(__name__)

_LONGEST_VALUE_BYTES: Final = 0xFFFE
"""Of a UI in explicit VR (PS3.5 7.1.2)."""


@dataclass(frozen=True, slots=True)
class RetrieveRequest(Generic[PeerT]):
    """A C-MOVE or C-GET request.

    Parameters
    ----------
    association, peer
        Who asks.
    sop_class_uid
        The information model.
    message_id, priority
        Of the message; priority 0 medium, 1 high, 2 low.
    identifier
        What is asked for: anything a peer may write.
    destination_ae
        Whom C-MOVE shall send to; None for C-GET.
    """

    association: AssociationInfo
    peer: PeerT
    sop_class_uid: str
    message_id: int
    priority: int
    identifier: Dataset
    destination_ae: str | None


@dataclass(slots=True)
class Tally:
    """How the sub-operations went (PS3.7 9.1.4.1).

    Parameters
    ----------
    remaining
        Not tried yet.
    completed, warnings, failed
        Answered with success, with a warning, and otherwise or not at all.
    failed_uids
        SOP instances that were not taken.
    reason
        Why the first of them was not; ours, in English, without patient data.
    """

    remaining: int
    completed: int = 0
    warnings: int = 0
    failed: int = 0
    failed_uids: list[str] = field(default_factory=list)
    reason: str | None = None

    def count(self, sop_instance_uid: str, result: StoreResult) -> None:
        """Count one sub-operation."""
        self.remaining -= 1
        if result.status == Status.SUCCESS:
            self.completed += 1
        elif result.is_stored:
            self.warnings += 1
        else:
            self.failed += 1
            self.failed_uids.append(sop_instance_uid)
            self.reason = self.reason or result.comment or f"status {result.status:04X}"

    def numbers(self, *, with_remaining: bool) -> Mapping[Element, int]:
        """Return the numbers as a response tells them."""
        numbers = {
            Element.COMPLETED_SUBOPERATIONS: self.completed,
            Element.FAILED_SUBOPERATIONS: self.failed,
            Element.WARNING_SUBOPERATIONS: self.warnings,
        }
        return (
            {Element.REMAINING_SUBOPERATIONS: self.remaining, **numbers}
            if with_remaining
            else numbers
        )

    def identifier(self) -> Dataset | None:
        """Return the list of what failed, as much of it as an element holds; None without any."""
        if not self.failed_uids:
            return None
        room, fitting = _LONGEST_VALUE_BYTES, []
        for uid in self.failed_uids:
            room -= len(uid) + 1
            if room < 0:
                break
            fitting.append(uid)
        ds = Dataset()
        ds.FailedSOPInstanceUIDList = fitting
        return ds


@dataclass(frozen=True, slots=True)
class Retrieval:
    """What a request is answered with.

    Parameters
    ----------
    objects
        Those to send, in order.
    withheld
        SOP instance UIDs of objects that match and may not be sent there: counted as failed.
    destination
        Where to; None for C-GET.
    """

    objects: Sequence[OutgoingObject]
    withheld: Sequence[str] = ()
    destination: PeerAddress | None = None


class RetrieveRefusedError(Exception):
    """Raised by a `RetrieveHandler` that will not give anything."""

    def __init__(self, status: int, comment: str | None = None) -> None:
        super().__init__(f"refused with status {status:04X}")
        self.status = status
        self.comment = comment


class RetrieveHandler(Protocol[PeerT]):
    """Who knows the objects, and the destinations."""

    async def retrieve(self, request: RetrieveRequest[PeerT], /) -> Retrieval:
        """Return what to send; raise `RetrieveRefusedError` not to."""

    def retrieved(self, request: RetrieveRequest[PeerT], tally: Tally, /) -> None:
        """Hear, once for each `Retrieval`, how it went, whatever became of the peer."""


@dataclass(frozen=True, slots=True)
class RetrieveOutcome:
    """The final response of a retrieval: status, comment, numbers, and what failed."""

    status: int
    comment: str | None = None
    numbers: Mapping[Element, int] = field(default_factory=dict)
    identifier: Dataset | None = None


Send = Callable[[OutgoingObject], Awaitable[StoreResult]]
Deliver = Callable[["Errand"], Awaitable[None]]


@dataclass(slots=True)
class Errand:
    """The sub-operations of one request: those left, those done, and whether to stop.

    Parameters
    ----------
    retrieval
        What is to be sent.
    cancellation
        Whether the peer wants no more.
    report
        Tells the peer how far it is.
    """

    retrieval: Retrieval
    cancellation: Cancellation
    report: Callable[[Tally], Awaitable[None]]
    tally: Tally = field(init=False)
    left: deque[OutgoingObject] = field(init=False)

    def __post_init__(self) -> None:
        """Count what may not be sent as failed before anything is."""
        retrieval = self.retrieval
        self.left = deque(retrieval.objects)
        self.tally = Tally(len(retrieval.objects) + len(retrieval.withheld))
        for uid in retrieval.withheld:
            self.tally.count(uid, _failed("not to be sent to that destination"))

    async def run(self, send: Send) -> None:
        """Send one object after the other; who is asked to stop does so between two."""
        while self.left and not self.cancellation.is_asked:
            outgoing = self.left.popleft()
            try:
                result = await send(outgoing)
            except (ScuError, OSError, UnconvertibleError) as error:
                result = _failed(str(error))
            self.tally.count(outgoing.sop_instance_uid, result)
            if self.left:
                await self.report(self.tally)

    def give_up(self, reason: str) -> None:
        """Count what is left as failed."""
        while self.left:
            self.tally.count(self.left.popleft().sop_instance_uid, _failed(reason))

    def outcome(self) -> RetrieveOutcome:
        """Return the final response (PS3.4 tables C.4-2 and C.4-3)."""
        tally = self.tally
        if self.cancellation.is_asked and tally.remaining:
            status = Status.CANCELLED
        elif not tally.failed and not tally.warnings:
            status = Status.SUCCESS
        elif tally.completed or tally.warnings:
            status = Status.SUBOPERATIONS_WITH_FAILURES
        else:
            status = Status.CANNOT_PERFORM_SUBOPERATIONS
        numbers = tally.numbers(with_remaining=status == Status.CANCELLED)
        return RetrieveOutcome(status, tally.reason, numbers, tally.identifier())


def _failed(reason: str) -> StoreResult:
    return StoreResult(Status.PROCESSING_FAILURE, reason)


async def answer_retrieve(
    handler: RetrieveHandler[PeerT],
    request: RetrieveRequest[PeerT],
    cancellation: Cancellation,
    report: Callable[[Tally], Awaitable[None]],
    deliver: Deliver,
    limits: DimseLimits,
) -> RetrieveOutcome:
    """Send everything a request asks for, and return the final response.

    Parameters
    ----------
    handler, request, cancellation, report
        As in `Errand`.
    deliver
        Sends what an errand has left; raises `ScuError` where it cannot go on.
    limits
        How long the search and the delivery may take.
    """
    try:
        async with asyncio.timeout(limits.find_s):
            retrieval = await handler.retrieve(request)
    except RetrieveRefusedError as refusal:
        return RetrieveOutcome(refusal.status, refusal.comment)
    except TimeoutError:
        return RetrieveOutcome(Status.CANNOT_COUNT_MATCHES, "the search took too long: narrow it")
    except Exception:
        _logger.exception("a retrieve handler failed")
        return RetrieveOutcome(Status.CANNOT_UNDERSTAND, "unable to process")
    errand = Errand(retrieval, cancellation, report)
    try:
        reason = await _delivered(errand, deliver, limits.retrieve_s) if errand.left else None
        if reason is not None and not cancellation.is_asked:
            errand.give_up(reason)
    finally:
        handler.retrieved(request, errand.tally)
    if errand.tally.reason is not None:
        _logger.info(
            "a retrieval of %s failed for %d objects: %s",
            request.association.calling_ae,
            errand.tally.failed,
            errand.tally.reason,
        )
    return errand.outcome()


async def _delivered(errand: Errand, deliver: Deliver, longest_s: float) -> str | None:
    """Deliver, and return why not all could be tried."""
    try:
        async with asyncio.timeout(longest_s):
            await deliver(errand)
    except ScuError as error:
        return str(error)
    except TimeoutError:
        return "the retrieval took too long"
    except Exception:
        _logger.exception("a retrieval failed")
        return "unable to process"
    return None
