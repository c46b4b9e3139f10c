"""The courier of storage commitments: finds out what we commit to, and tells the device.

On the association that asked if it is still open, else on one of ours to the device's registered
address, with the role of SCP (PS3.4 J.3.3 and J.4.1). All it has to do stands in the database: what
a process leaves undone the next one does.

Who works on a commitment puts its next try off first, and changes it only while that still stands
as it was put: so of two processes, or of a request and its repetition, one alone counts.

A device is told one thing at a time, and one that is not reached is not called again for what else
is due to it: so those that are off keep nobody waiting.
"""

import asyncio
import gzip
from collections import defaultdict
from collections.abc import AsyncIterator, Awaitable, Callable, Coroutine, Mapping, Sequence
from concurrent.futures import Executor
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final, TypeVar
from weakref import WeakValueDictionary

import orjson
import structlog
from sqlalchemy import delete, exists, select, update
from sqlalchemy.orm import aliased

from dicom.dimse.calling import ScuError
from dicom.dimse.command import Status
from dicom.dimse.events import event_proposal, report
from dicom.dimse.limits import DimseLimits
from dicom.dimse.normalized import EventPath, EventReport
from dicom.dimse.requestor import associate
from server.audit.public import AuditTrail, Outcome
from server.core.clock import Clock
from server.core.database import Database
from server.core.errors import Unavailable
from server.dicom_node.calling import CallingEntity
from server.dicom_node.commitment_check import CommitmentCheck, FailureReason, outcome_of
from server.dicom_node.commitment_due import due, put_off
from server.dicom_node.devices import DeviceService
from server.dicom_node.models import (
    COMMITMENT_TRANSITIONS,
    Commitment,
    CommitmentEvent,
    CommitmentState,
)
from server.identity.public import Actor, ActorKind, act_of

_T = TypeVar("_T")
_log = structlog.get_logger(__name__)

COMMITMENT_UID: Final = "1.2.840.10008.1.20.1"
"""Storage Commitment Push Model SOP class."""
WELL_KNOWN_INSTANCE: Final = "1.2.840.10008.1.20.1.1"

HELD: Final = timedelta(seconds=120)
"""How long who works on a commitment has it for itself; longer than any single step takes."""
_PATIENCE_S: Final = 30.0
"""For a device's answer to an event."""
_FIRST_WAIT: Final = timedelta(seconds=30)
_LONGEST_WAIT: Final = timedelta(hours=1)
_TRIED_FOR: Final = timedelta(hours=72)
_KEPT_FOR: Final = timedelta(days=30)
"""So long a transaction UID is known as one that was used."""
_EVERY_S: Final = 2.0
_PRUNE_EVERY_S: Final = 3600.0
_AT_ONCE: Final = 4
"""Devices that are told something."""


@dataclass
class _Held:
    """A commitment that is ours until ``until``, as it was when we took it."""

    id: str
    device: Actor
    transaction_uid: str
    references: list[list[str]]
    state: CommitmentState
    failures: list[list[int]] | None
    requested_at: datetime
    attempts: int
    until: datetime


class _LostError(Exception):
    """It is not ours any more: asked for again, or taken by another process."""


class _UnheardError(Exception):
    """The device could not be told anything."""


class Courier:
    """Answers requests for storage commitment; one a process."""

    def __init__(
        self,
        *,
        database: Database,
        check: CommitmentCheck,
        devices: DeviceService,
        audit: AuditTrail,
        clock: Clock,
        calling: CallingEntity,
        executor: Executor,
    ) -> None:
        self._database = database
        self._check = check
        self._devices = devices
        self._audit = audit
        self._clock = clock
        self._calling = calling
        self._executor = executor
        self._limits = DimseLimits(response_s=_PATIENCE_S)
        self._gate = asyncio.Semaphore(_AT_ONCE)
        self._turns: WeakValueDictionary[str, asyncio.Lock] = WeakValueDictionary()
        self._tasks: set[asyncio.Task[object]] = set()

    @asynccontextmanager
    async def running(self) -> AsyncIterator[None]:
        """Do what is due, whoever took the request, until the context ends."""
        self._spawn(self._run())
        try:
            yield
        finally:
            for task in list(self._tasks):
                task.cancel()
            await asyncio.gather(*self._tasks, return_exceptions=True)

    def deliver_soon(self, device_id: str, commitment_id: str, path: EventPath) -> None:
        """Answer a request that this process just took."""
        self._spawn(self._deliver(device_id, commitment_id, path))

    async def deliver_due(self) -> list[asyncio.Task[object]]:
        """Begin to try what is due to devices that are not being told something, each once."""
        async with self._database.reading() as session:
            found = await session.execute(due(self._clock.now()))
        of_device: defaultdict[str, list[str]] = defaultdict(list)
        for device_id, commitment_id in found:
            of_device[device_id].append(commitment_id)
        return [
            self._spawn(self._deliver_all(device_id, ids))
            for device_id, ids in of_device.items()
            if not self._turn_of(device_id).locked()
        ]

    def _spawn(self, work: Coroutine[Any, Any, object]) -> asyncio.Task[object]:
        task = asyncio.create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
        return task

    async def _run(self) -> None:
        loop = asyncio.get_running_loop()
        prune_at_s = loop.time()
        while True:
            if loop.time() >= prune_at_s:
                prune_at_s = loop.time() + _PRUNE_EVERY_S
                await _attempt(self.prune())
            await _attempt(self.deliver_due())
            await asyncio.sleep(_EVERY_S)

    async def prune(self) -> None:
        """Forget what ended long ago."""
        async with self._database.unit_of_work() as uow:
            await uow.session.execute(
                delete(Commitment).where(Commitment.ended_at < self._clock.now() - _KEPT_FOR)
            )
            await uow.commit()

    async def _deliver_all(self, device_id: str, commitment_ids: Sequence[str]) -> None:
        for each in commitment_ids:
            if not await self._deliver(device_id, each, None):
                return

    async def _deliver(self, device_id: str, commitment_id: str, path: EventPath | None) -> bool:
        """Answer when it is the device's turn; False where it heard nothing."""
        async with self._turn_of(device_id), self._gate:
            return await _attempt(self._take_and_answer(commitment_id, path)) or False

    def _turn_of(self, device_id: str) -> asyncio.Lock:
        return self._turns.setdefault(device_id, asyncio.Lock())

    async def _take_and_answer(self, commitment_id: str, path: EventPath | None) -> bool:
        held = await self._take(commitment_id, is_ours=path is not None)
        return held is not None and await self._answer(held, path)

    async def _take(self, commitment_id: str, *, is_ours: bool) -> _Held | None:
        """Put the next try off; None where it is not due, or others were first."""
        now = self._clock.now()
        async with self._database.unit_of_work() as uow:
            row = await uow.session.scalar(
                select(Commitment).where(Commitment.id == commitment_id).with_for_update()
            )
            if row is None or row.next_try_at is None or (row.next_try_at > now and not is_ours):
                return None
            row.next_try_at = now + HELD
            await uow.session.flush()
            device = Actor(
                kind=ActorKind.DEVICE,
                id=row.device_id,
                org=row.org,
                institution_id=row.institution_id,
                roles=frozenset(),
                source="storage commitment",
            )
            held = _Held(
                row.id,
                device,
                row.transaction_uid,
                orjson.loads(gzip.decompress(row.references_gz)),
                CommitmentState(row.state),
                row.failures,
                row.requested_at,
                row.attempts,
                row.next_try_at,
            )
            await uow.commit()
        return held

    async def _answer(self, held: _Held, path: EventPath | None) -> bool:
        reason, is_heard = "no answer", True
        try:
            if held.state is CommitmentState.REQUESTED:
                await self._find_out(held)
            reason = await self._tell(held, path)
        except Unavailable as error:
            reason = error.detail
        except _UnheardError as error:
            reason, is_heard = str(error), False
        if not reason:
            return True
        now = self._clock.now()
        if now >= held.requested_at + _TRIED_FOR:
            await self._end(held, CommitmentEvent.EXPIRE, reason)
            return is_heard
        wait = min(_FIRST_WAIT * 2 ** min(held.attempts, 12), _LONGEST_WAIT)
        _log.info("a storage commitment is tried again", device=held.device.id, reason=reason)
        await self._change(held, attempts=held.attempts + 1, next_try_at=now + wait)
        if not is_heard:
            async with self._database.unit_of_work() as uow:
                others = put_off(held.device.id, now, now + wait, now - _TRIED_FOR)
                await uow.session.execute(others)
                await uow.commit()
        return is_heard

    async def _find_out(self, held: _Held) -> None:
        if await self._is_duplicate(held):
            reason = FailureReason.DUPLICATE_TRANSACTION
            failures = [[place, reason] for place in range(len(held.references))]
        else:
            failures = []
            async for part in self._check.failures(held.device, held.references):
                failures += part
                if self._clock.now() > held.until - HELD / 2:
                    await self._hold(held)
        held.failures = failures
        held.state = COMMITMENT_TRANSITIONS[held.state, CommitmentEvent.CHECK]
        await self._change(held, state=held.state, failures=failures)

    async def _is_duplicate(self, held: _Held) -> bool:
        """Tell whether the device used the transaction UID before, for other instances."""
        one, other = aliased(Commitment), aliased(Commitment)
        async with self._database.reading() as session:
            found = await session.scalar(
                select(one.id).where(
                    one.id == held.id,
                    exists().where(
                        other.device_id == one.device_id,
                        other.transaction_uid == one.transaction_uid,
                        other.id != one.id,
                        other.first_requested_at < one.first_requested_at,
                    ),
                )
            )
        return found is not None

    async def _tell(self, held: _Held, path: EventPath | None) -> str:
        """Report the event, and return why it was not taken, empty where it was."""
        event_type, information = await asyncio.get_running_loop().run_in_executor(
            self._executor,
            outcome_of,
            held.transaction_uid,
            held.references,
            {each[0]: each[1] for each in held.failures or []},
        )
        event = EventReport(
            COMMITMENT_UID, COMMITMENT_UID, WELL_KNOWN_INSTANCE, event_type, information
        )
        reason = ""
        for where, way in (("same", path), ("new", None)):
            if where == "same" and (way is None or not way.is_open):
                continue
            await self._hold(held)
            try:
                status = await (
                    self._on_theirs(way, event) if way is not None else self._on_ours(held, event)
                )
            except (ScuError, TimeoutError) as error:
                reason = str(error) or "the device did not answer in time"
                if way is None:
                    raise _UnheardError(reason) from error
                continue
            if status == Status.SUCCESS:
                await self._end(held, CommitmentEvent.DELIVER, where)
                return ""
            reason = f"the device answered {status:04X}"
        return reason

    async def _on_theirs(self, path: EventPath, event: EventReport) -> int:
        async with asyncio.timeout(_PATIENCE_S):
            return await path.report(event)

    async def _on_ours(self, held: _Held, event: EventReport) -> int:
        device = await self._devices.destination_of(held.device.id)
        if device is None:
            raise ScuError("the device has no address here")
        peer = self._calling.address(device)
        async with associate(peer, event_proposal(COMMITMENT_UID), self._limits) as requestor:
            return await report(requestor, event)

    async def _hold(self, held: _Held) -> None:
        until = self._clock.now() + HELD
        await self._change(held, next_try_at=until)
        held.until = until

    async def _change(self, held: _Held, **values: object) -> None:
        async with self._database.unit_of_work() as uow:
            await self._changing(uow.session.execute, held, values)
            await uow.commit()

    async def _changing(
        self, execute: Callable[..., Any], held: _Held, values: Mapping[str, object]
    ) -> None:
        changed = await execute(
            update(Commitment)
            .where(Commitment.id == held.id, Commitment.next_try_at == held.until)
            .values(**values)
        )
        if changed.rowcount != 1:
            raise _LostError

    async def _end(self, held: _Held, event: CommitmentEvent, how: str) -> None:
        state = COMMITMENT_TRANSITIONS[held.state, event]
        delivered = event is CommitmentEvent.DELIVER
        failed = len(held.failures or [])
        async with self._database.unit_of_work() as uow:
            values = {"state": state, "next_try_at": None, "ended_at": self._clock.now()}
            await self._changing(uow.session.execute, held, values)
            self._audit.record(
                uow,
                act_of(
                    held.device,
                    "commitment.answer",
                    outcome=Outcome.SUCCESS if delivered else Outcome.FAILED,
                    object_kind="commitment",
                    object_id=held.id,
                    detail={
                        "transaction_uid": held.transaction_uid,
                        "committed": len(held.references) - failed
                        if held.failures is not None
                        else 0,
                        "failed": failed,
                        "association" if delivered else "reason": how,
                        "attempts": held.attempts + 1,
                    },
                ),
            )
            await uow.commit()


async def _attempt(work: Awaitable[_T]) -> _T | None:
    """Do what may fail without ending what is beside it; None where it did."""
    try:
        return await work
    except _LostError:
        pass
    except Unavailable as error:
        _log.warning("a storage commitment waits", reason=error.detail)
    except Exception:  # noqa: BLE001 -- nothing may end the courier but its process
        _log.exception("a storage commitment waits")
    return None
