"""The query service (PS3.4 annex C.4.1): an identifier on its way in, and its matches out."""

import asyncio
import logging
from collections.abc import AsyncGenerator, Awaitable, Callable
from contextlib import aclosing
from dataclasses import dataclass
from typing import Generic, Protocol

from pydicom.dataset import Dataset

from dicom.dimse.callbacks import AssociationInfo, PeerT
from dicom.dimse.command import Status
from dicom.dimse.extended import QueryOptions

_logger = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class FindRequest(Generic[PeerT]):
    """A C-FIND request.

    Parameters
    ----------
    association, peer
        Who asks.
    sop_class_uid
        The information model.
    transfer_syntax_uid
        In which the matches are wanted.
    message_id, priority
        Of the message; priority 0 medium, 1 high, 2 low.
    identifier
        What is asked: anything a peer may write.
    options
        What was agreed on for queries of this model.
    """

    association: AssociationInfo
    peer: PeerT
    sop_class_uid: str
    transfer_syntax_uid: str
    message_id: int
    priority: int
    identifier: Dataset
    options: QueryOptions


@dataclass(frozen=True, slots=True)
class FoundMatch:
    """One match.

    Parameters
    ----------
    identifier
        Encoded in the transfer syntax of the request.
    all_keys_supported
        False where a key was not matched because it is not supported (status FF01).
    """

    identifier: bytes
    all_keys_supported: bool = True


class FindRefusedError(Exception):
    """Raised by a `FindHandler` that will not answer, or not to the end."""

    def __init__(self, status: int, comment: str | None = None) -> None:
        super().__init__(f"refused with status {status:04X}")
        self.status = status
        self.comment = comment


class FindHandler(Protocol[PeerT]):
    """Who answers queries."""

    def find(self, request: FindRequest[PeerT], /) -> AsyncGenerator[FoundMatch, None]:
        """Yield the matches; raise `FindRefusedError` before or among them.

        It is closed where the peer cancels or goes away.
        """
        ...


@dataclass(slots=True)
class Cancellation:
    """Whether a C-CANCEL came for an operation."""

    message_id: int
    is_asked: bool = False


@dataclass(frozen=True, slots=True)
class FindOutcome:
    """The final status of a query, and a comment the peer may read."""

    status: int
    comment: str | None = None


async def answer_find(
    handler: FindHandler[PeerT],
    request: FindRequest[PeerT],
    cancellation: Cancellation,
    send: Callable[[FoundMatch], Awaitable[None]],
    longest_s: float,
) -> FindOutcome:
    """Send every match of a query and return its final status."""
    try:
        # An asynchronous generator left half way would be closed when the collector likes.
        async with asyncio.timeout(longest_s), aclosing(handler.find(request)) as matches:
            async for match in matches:
                if cancellation.is_asked:
                    return FindOutcome(Status.CANCELLED)
                await send(match)
    except FindRefusedError as refusal:
        return FindOutcome(refusal.status, refusal.comment)
    except TimeoutError:
        return FindOutcome(Status.OUT_OF_RESOURCES, "the query took too long: narrow it")
    except Exception:
        _logger.exception("a find handler failed")
        return FindOutcome(Status.CANNOT_UNDERSTAND, "unable to process")
    return FindOutcome(Status.CANCELLED if cancellation.is_asked else Status.SUCCESS)
