"""One study on its way to one destination: an association, its objects in order, what came of it.

A destination that takes nothing is left alone, longer each time. An object that is refused is tried
again a few times while those behind it go on, and is then kept as failed until somebody looks.
"""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Final, Protocol

import structlog

from dicom.dimse.calling import NotAcceptedError, ScuError
from dicom.dimse.outgoing import UnconvertibleError
from dicom.dimse.proposal import MOST_CONTEXTS
from dicom.dimse.requestor import Requestor, associate
from dicom.dimse.scu import Scu, store_proposal
from server.dicom_node.public import CallingEntity, Destination, DeviceService, OutgoingObjects
from server.forwarding.queue import Claim, ForwardQueue, NotTaken, QueuedObject
from server.identity.public import Actor

_log = structlog.get_logger(__name__)

_AT_ONCE: Final = 500
_SETTLED_AFTER: Final = 16
"""Objects that are sent again where a process dies."""
_FULL_AFTER: Final = 3
"""Refusals for lack of resources in a row, after which a destination is taken to be full."""
_OUT_OF_RESOURCES: Final = 0xA7
"""First byte of a status (PS3.4 table B.2-1)."""


class ReadAudit(Protocol):
    """Records that somebody gets a patient's data."""

    async def record_read(self, actor: Actor, study_id: str, /) -> None:
        """Record that ``actor`` gets a study; raise `Unavailable` where that cannot be kept."""
        ...


@dataclass(frozen=True)
class Means:
    """What it takes to deliver."""

    queue: ForwardQueue
    devices: DeviceService
    outgoing: OutgoingObjects
    reads: ReadAudit
    calling: CallingEntity
    tries: int = 8
    """How often an object is sent that is refused for what it is."""


@dataclass
class _Unsettled:
    """What became of objects since that was written down last."""

    sent: list[QueuedObject] = field(default_factory=list)
    not_taken: list[NotTaken] = field(default_factory=list)

    def __len__(self) -> int:
        return len(self.sent) + len(self.not_taken)


class Delivery:
    """Delivers what is due of a claimed study."""

    def __init__(self, means: Means, claim: Claim, stopping: asyncio.Event) -> None:
        self._means = means
        self._queue = means.queue
        self._claim = claim
        self._stopping = stopping
        self._unsettled = _Unsettled()
        self._sent = 0
        self._not_taken = 0
        self._full = 0
        self._is_out = claim.was_out

    async def run(self) -> None:
        """Send until nothing is due, the destination takes no more, or it is time to stop."""
        claim = self._claim
        reason = await self._deliver()
        await self._settle()
        if reason is not None:
            failures = await self._queue.out(claim.destination_id, reason)
            _log.warning(
                "a destination takes nothing",
                destination=claim.destination_id, reason=reason, failures=failures,
            )  # fmt: skip
        await self._queue.let_go(claim, sent=self._sent, not_taken=self._not_taken)

    async def _deliver(self) -> str | None:
        """Deliver, and return why the destination takes nothing more, if that is so."""
        destination = await self._means.devices.destination_of(self._claim.destination_id)
        if destination is None:
            return "it is not registered with an address any more"
        while not self._stopping.is_set():
            objects = _fitting(await self._queue.load(self._claim, _AT_ONCE))
            if not objects:
                return None
            # On record before the first byte leaves.
            await self._means.reads.record_read(destination.actor, self._claim.study_pk)
            reason = await self._send(destination, objects)
            await self._settle()
            if reason is not None:
                return reason
        return None

    async def _send(self, destination: Destination, objects: Sequence[QueuedObject]) -> str | None:
        reason, is_done = None, False
        try:
            async with associate(
                self._means.calling.address(destination),
                store_proposal(self._means.outgoing.of(each) for each in objects),
            ) as requestor:
                reason = await self._send_on(requestor, objects)
                is_done = True
        except ScuError as error:
            # Who has everything and does not answer our release has everything still.
            return reason if is_done else str(error)
        return reason

    async def _send_on(self, requestor: Requestor, objects: Sequence[QueuedObject]) -> str | None:
        """Send on an association; return why the destination takes nothing more, if it is so."""
        for each in objects:
            if self._stopping.is_set():
                return None
            try:
                await self._store(requestor, each)
            except ScuError as error:
                # It may be this object that the destination cannot bear: others come first now.
                self._refused(each, None, str(error))
                return str(error)
            if self._full == _FULL_AFTER:
                return self._unsettled.not_taken[-1].reason
            if len(self._unsettled) >= _SETTLED_AFTER:
                await self._settle()
            if not requestor.is_alive:
                return None
        return None

    async def _store(self, requestor: Requestor, each: QueuedObject) -> None:
        """Send one object, and note what became of it; raise `ScuError` where all is lost."""
        try:
            result = await Scu(requestor).store(
                self._means.outgoing.of(each), priority=self._claim.priority.dimse
            )
        except (NotAcceptedError, UnconvertibleError) as error:
            self._refused(each, None, str(error))
            return
        except OSError as error:
            # Our own store or spool has not got it: that is no reason to give up.
            self._note(NotTaken(each, None, f"its bytes are not at hand: {error}", is_final=False))
            return
        if result.is_stored:
            await self._taken(each)
            return
        reason = f"status {result.status:04X}: {result.comment or 'no comment'}"
        if result.status >> 8 == _OUT_OF_RESOURCES:
            self._full += 1
            self._note(NotTaken(each, result.status, reason, is_final=False))
            return
        self._full = 0
        self._refused(each, result.status, reason)

    async def _taken(self, each: QueuedObject) -> None:
        self._full = 0
        self._sent += 1
        self._unsettled.sent.append(each)
        if self._is_out:
            self._is_out = False
            await self._queue.back(self._claim.destination_id)

    def _refused(self, each: QueuedObject, status: int | None, reason: str) -> None:
        is_final = each.attempts + 1 >= self._means.tries
        self._note(NotTaken(each, status, reason, is_final=is_final))

    def _note(self, not_taken: NotTaken) -> None:
        self._not_taken += 1
        self._unsettled.not_taken.append(not_taken)

    async def _settle(self) -> None:
        if len(self._unsettled):
            settled, self._unsettled = self._unsettled, _Unsettled()
            await self._queue.settle(self._claim, settled.sent, settled.not_taken)


def _fitting(objects: Sequence[QueuedObject]) -> list[QueuedObject]:
    """Return the first objects, as many as an association has contexts for."""
    kinds: set[tuple[str, str]] = set()
    for count, each in enumerate(objects):
        # One as it is stored, and one for each SOP class in whatever else we could make of it.
        kinds |= {(each.sop_class_uid, each.transfer_syntax_uid), (each.sop_class_uid, "")}
        if len(kinds) > MOST_CONTEXTS:
            return list(objects[:count])
    return list(objects)
