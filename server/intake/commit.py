"""Group commit: several arrivals share one transaction, and each waits for its end.

One association is strictly sequential and pays each sync in full; several at once share one.
"""

import asyncio
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final

import structlog
from sqlalchemy import delete, func, insert, select
from sqlalchemy.exc import IntegrityError
from sqlalchemy.ext.asyncio import AsyncSession

from server.audit.public import AuditTrail, Outcome
from server.core.database import (
    BatchInDoubtError,
    BatchRefusedError,
    Database,
    Statement,
    UnitOfWork,
)
from server.core.errors import Unavailable
from server.core.ids import Ids
from server.identity.public import act_of
from server.intake.arrival import (
    Arrival,
    Indexer,
    Prepared,
    Received,
    Refusal,
    Source,
    Verdict,
)
from server.intake.healing import heal
from server.intake.models import Conversion, Location, Quarantined, StoredObject

_log = structlog.get_logger(__name__)
_MAX_BATCH: Final = 64
_ATTEMPTS: Final = 4
_BUSY_S: Final = 1.0
_INSERT: Final = insert(StoredObject)


class InDoubt(Unavailable):
    """The commit itself failed: whether the rows are there, only the database knows."""


@dataclass(frozen=True)
class Candidate:
    """A synced spool file on its way to a row, and what its bytes turned out to be."""

    received: Received
    content: Prepared | Refusal
    keep_bytes: bool = True
    source: Source | None = None
    """What ``received`` was made from."""

    @property
    def arrived(self) -> Received:
        """What the sender sent."""
        return self.source.received if self.source is not None else self.received

    @property
    def files(self) -> tuple[Received, ...]:
        """Every file that is to be kept."""
        made = () if self.source is None else (self.received,)
        return (self.arrived, *made)


@dataclass(frozen=True)
class Committed:
    """How one candidate ended."""

    verdict: Verdict
    refusal: Refusal | None
    named: frozenset[str]
    """The ids of the objects whose rows now name a spool file of the candidate's; the bytes of any
    other are kept already, or not wanted."""


_REFUSALS: Final = {
    Verdict.CONFLICT: Refusal(
        "uid-conflict", "this SOP Instance UID is already stored with other content"
    ),
    Verdict.FOREIGN: Refusal("study-of-another", "this study belongs to another institution"),
    Verdict.DELETED: Refusal(
        "study-deleted", "this study was deleted; only the medical office can restore it"
    ),
    Verdict.REJECTED: Refusal(
        "instance-rejected", "a rejection note took this instance out of use for good"
    ),
}


class Committer:
    """Commits candidates in batches, one transaction at a time, in the order they came."""

    def __init__(
        self,
        database: Database,
        indexer: Indexer,
        audit: AuditTrail,
        ids: Ids,
        *,
        max_quarantine_bytes: int,
    ) -> None:
        self._max_quarantine = max_quarantine_bytes
        self._database = database
        self._indexer = indexer
        self._audit = audit
        self._ids = ids
        self._waiting: list[tuple[Candidate, asyncio.Future[Committed]]] = []
        self._wake = asyncio.Event()
        self._stopping = False
        self._last_at_s = float("-inf")
        self._task: asyncio.Task[None] | None = None

    def start(self) -> None:
        """Start committing."""
        self._task = asyncio.create_task(self._run(), name="intake-committer")

    async def close(self) -> None:
        """Commit what waits and stop."""
        self._stopping = True
        self._wake.set()
        if self._task is not None:
            await self._task

    @property
    def alive(self) -> bool:
        """Whether arrivals are being committed; nothing may be promised otherwise."""
        return self._task is not None and not self._task.done() and not self._stopping

    @property
    def is_busy(self) -> bool:
        """Whether arrivals wait, or did within the last second."""
        return bool(self._waiting) or time.monotonic() - self._last_at_s < _BUSY_S

    async def commit(self, candidate: Candidate) -> Committed:
        """Return how ``candidate`` ended, once that survives a power cut.

        Raises
        ------
        Unavailable
            If the database could not take it; `InDoubt` if it perhaps did.
        """
        if not self.alive:
            raise Unavailable("intake is stopping; send again", code="intake-stopping")
        future: asyncio.Future[Committed] = asyncio.get_running_loop().create_future()
        self._waiting.append((candidate, future))
        self._last_at_s = time.monotonic()
        self._wake.set()
        return await future

    async def _run(self) -> None:
        while self._waiting or not self._stopping:
            if not self._waiting:
                self._wake.clear()
                await self._wake.wait()
                continue
            batch, self._waiting = self._waiting[:_MAX_BATCH], self._waiting[_MAX_BATCH:]
            await self._settle(batch)

    async def _settle(self, batch: list[tuple[Candidate, asyncio.Future[Committed]]]) -> None:
        try:
            results = await self._transact([candidate for candidate, _ in batch])
        except Exception as error:  # noqa: BLE001 -- every sender must hear how it ended
            if len(batch) > 1 and not isinstance(error, Unavailable):
                # One bad arrival must not take its companions down: each again, alone.
                for single in batch:
                    await self._settle([single])
                return
            if not isinstance(error, Unavailable):
                _log.exception("an arrival could not be committed")
                error = Unavailable(
                    "the object could not be indexed; keep it and tell the operator",
                    code="index-failed",
                )
            for _, future in batch:
                if not future.done():
                    future.set_exception(error)
            return
        for (_, future), result in zip(batch, results, strict=True):
            if not future.done():
                future.set_result(result)

    async def _transact(self, candidates: Sequence[Candidate]) -> list[Committed]:
        try:
            results = await self._add_further(candidates)
        except BatchInDoubtError as error:
            raise _in_doubt() from error
        except BatchRefusedError:
            results = None
        return results if results is not None else await self._look_and_write(candidates)

    async def _add_further(self, candidates: Sequence[Candidate]) -> list[Committed] | None:
        """Commit further instances of what is known; None where the batch is not of such alone.

        It is what nearly every object is, and costs a tenth of looking first.
        """
        arrivals = []
        for each in candidates:
            if each.source is not None or not isinstance(each.content, Prepared):
                return None
            arrivals.append(Arrival(each.received, each.content, each.received.object_id))
        statements = self._indexer.further(arrivals)
        if statements is None:
            return None
        objects = Statement(_INSERT, [_row(each.received) for each in candidates])
        await self._database.run_batch([objects, *statements])
        return [
            Committed(Verdict.STORED, None, named=frozenset({each.received.object_id}))
            for each in candidates
        ]

    async def _look_and_write(self, candidates: Sequence[Candidate]) -> list[Committed]:
        for attempt in range(1, _ATTEMPTS + 1):
            committing = False
            try:
                async with self._database.unit_of_work() as uow:
                    results = await self._write(uow, candidates)
                    committing = True
                    await uow.commit()
                    return results
            except IntegrityError:
                # Another process stored the same object or study in between: look again.
                if attempt == _ATTEMPTS:
                    raise
            except Exception as error:
                if committing:
                    raise _in_doubt() from error
                raise
        raise AssertionError("unreachable: the last attempt returns or raises")

    async def _write(self, uow: UnitOfWork, candidates: Sequence[Candidate]) -> list[Committed]:
        objects = await self._known_objects(uow, candidates)
        fresh: dict[str, Received] = {}
        for received in (file for each in candidates if each.keep_bytes for file in each.files):
            if _key(received) not in objects:
                objects[_key(received)] = received.object_id
                fresh[received.object_id] = received
        if fresh:
            await uow.session.execute(_INSERT, [_row(new) for new in fresh.values()])
        files = {_key(file): file for each in candidates for file in each.files}
        healed = await heal(uow.session, files, objects)
        verdicts = await self._verdicts(uow, candidates, objects)
        results = []
        used: set[str | None] = set()
        for candidate, verdict in zip(candidates, verdicts, strict=True):
            received, content = candidate.arrived, candidate.content
            refusal = content if isinstance(content, Refusal) else _REFUSALS.get(verdict)
            object_id = objects.get(_key(received))
            if verdict is Verdict.DELETED and object_id in fresh:
                object_id = None
            elif refusal is not None and object_id in fresh:
                room = await quarantine_has_room(uow.session, received.size, self._max_quarantine)
                object_id = object_id if room else None
            if verdict is not Verdict.DUPLICATE:
                used.add(object_id)
            if refusal is not None:
                await self._quarantine(uow, candidate, object_id, refusal)
            results.append((verdict, refusal))
        used |= await _link(uow, candidates, verdicts, objects)
        # A known data set in another wrapping (by upload, then by C-STORE) needs no second object.
        surplus = fresh.keys() - used
        if surplus:
            await uow.session.execute(delete(StoredObject).where(StoredObject.id.in_(surplus)))
        named = (fresh.keys() - surplus) | healed
        return [
            Committed(
                verdict,
                refusal,
                named=frozenset(file.object_id for file in candidate.files) & named,
            )
            for candidate, (verdict, refusal) in zip(candidates, results, strict=True)
        ]

    async def _verdicts(
        self,
        uow: UnitOfWork,
        candidates: Sequence[Candidate],
        objects: Mapping[tuple[str, str], str],
    ) -> list[Verdict]:
        """Index what can be and say how each candidate ended."""
        arrivals = [
            Arrival(each.received, each.content, objects[_key(each.received)])
            for each in candidates
            if isinstance(each.content, Prepared)
        ]
        indexed = iter(await self._indexer.index(uow, arrivals) if arrivals else ())
        converted = await _converted(uow, candidates)
        verdicts = []
        for each in candidates:
            verdict = Verdict.REFUSED if isinstance(each.content, Refusal) else next(indexed)
            if verdict is Verdict.CONFLICT and objects.get(_key(each.arrived)) in converted:
                # The same file once more, of which an older version of ours made another twin.
                verdict = Verdict.DUPLICATE
            verdicts.append(verdict)
        return verdicts

    async def _known_objects(
        self, uow: UnitOfWork, candidates: Sequence[Candidate]
    ) -> dict[tuple[str, str], str]:
        digests = {each.sha256 for candidate in candidates for each in candidate.files}
        found = await uow.session.execute(
            select(StoredObject.org, StoredObject.sha256, StoredObject.id).where(
                StoredObject.sha256.in_(digests)
            )
        )
        return {(org, sha256): object_id for org, sha256, object_id in found}

    async def _quarantine(
        self, uow: UnitOfWork, candidate: Candidate, object_id: str | None, refusal: Refusal
    ) -> None:
        received, sender = candidate.arrived, candidate.arrived.sender
        quarantine_id = self._ids.new()
        await uow.session.execute(
            insert(Quarantined).values(
                id=quarantine_id,
                org=sender.org,
                owner_institution_id=sender.institution_id,
                object_id=object_id,
                sha256=received.sha256,
                sop_instance_uid=candidate.content.sop_instance_uid,
                reason=refusal.code,
                detail=refusal.detail[:500],
                source=sender.source[:128],
                received_at=received.received_at,
            )
        )
        self._audit.record(
            uow,
            act_of(
                sender,
                "intake.quarantine",
                outcome=Outcome.REFUSED,
                object_kind="quarantine",
                object_id=quarantine_id,
                detail={"sha256": received.sha256, "reason": refusal.code},
            ),
        )


async def _converted(uow: UnitOfWork, candidates: Sequence[Candidate]) -> set[str]:
    """Return the ids of those arrived files that a DICOM object was made of before."""
    digests = {each.arrived.sha256 for each in candidates if each.source is not None}
    if not digests:
        return set()
    found = await uow.session.scalars(
        select(Conversion.source_object_id)
        .join(StoredObject, StoredObject.id == Conversion.source_object_id)
        .where(StoredObject.sha256.in_(digests))
    )
    return set(found)


async def _link(
    uow: UnitOfWork,
    candidates: Sequence[Candidate],
    verdicts: Sequence[Verdict],
    objects: Mapping[tuple[str, str], str],
) -> set[str]:
    """Record what the new objects were made of, and return the ids of those objects."""
    rows = {
        objects[_key(each.received)]: {
            "object_id": objects[_key(each.received)],
            "source_object_id": objects[_key(each.arrived)],
            "source_format": each.source.format,
        }
        for each, verdict in zip(candidates, verdicts, strict=True)
        if each.source is not None and verdict is Verdict.STORED
    }
    if rows:
        # Of one that stands for a damaged one it is on record already.
        linked = await uow.session.scalars(
            select(Conversion.object_id).where(Conversion.object_id.in_(rows))
        )
        missing = rows.keys() - set(linked)
        if missing:
            await uow.session.execute(insert(Conversion), [rows[each] for each in sorted(missing)])
    return set(rows)


async def quarantine_has_room(session: AsyncSession, size: int, max_bytes: int) -> bool:
    """Tell whether ``size`` more bytes may be kept for review; past it a digest must do."""
    kept = await session.scalar(
        select(func.coalesce(func.sum(StoredObject.size), 0)).where(
            StoredObject.id.in_(
                select(Quarantined.object_id).where(Quarantined.object_id.is_not(None))
            )
        )
    )
    return int(kept or 0) + size <= max_bytes


def _in_doubt() -> InDoubt:
    return InDoubt(
        "the database did not say whether it kept the object; send it again",
        code="commit-in-doubt",
    )


def _key(received: Received) -> tuple[str, str]:
    """Return what an object is known by."""
    return (received.sender.org, received.sha256)


def _row(received: Received) -> dict[str, object]:
    return {
        "id": received.object_id,
        "org": received.sender.org,
        "sha256": received.sha256,
        "size": received.size,
        "location": Location.SPOOL,
        "spool_id": received.spool_id,
        "spool_name": received.spool_name,
        "received_at": received.received_at,
        "stored_at": None,
        "damaged_at": None,
    }
