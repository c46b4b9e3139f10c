"""STOW-RS: parts go one by one into the one way in, and each hears how it ended."""

import asyncio
from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass
from typing import Any, Final

import structlog

from server.audit.public import AuditTrail, Outcome
from server.core.database import Database
from server.core.errors import (
    InvalidInput,
    LianzhenError,
    StorageFull,
    TooLarge,
    Unavailable,
)
from server.identity.public import Actor, act_of
from server.intake.public import Incoming, IntakeService, Prepared, Receipt

_log = structlog.get_logger(__name__)
Json = dict[str, Any]

_AT_ONCE: Final = 8
"""Objects being synced and committed while the next arrive: they share commits."""
_STUDIES_AUDITED: Final = 20

# PS3.18 Table I.2-2 and PS3.7 Annex C.
OUT_OF_RESOURCES: Final = 0xA700
_NOT_WHAT_WAS_SAID: Final = 0xA900
NOT_UNDERSTOOD: Final = 0xC000
_OTHER_STUDY: Final = 0xC409
_DUPLICATE_UID: Final = 0x0111
_NOT_AUTHORIZED: Final = 0x0124
_REASONS: Final = {
    "uid-mismatch": _NOT_WHAT_WAS_SAID,
    "study-mismatch": _OTHER_STUDY,
    "deflate-bomb": OUT_OF_RESOURCES,
    "uid-conflict": _DUPLICATE_UID,
    "study-of-another": _NOT_AUTHORIZED,
}


@dataclass(frozen=True)
class StoreLimits:
    """What one request may bring."""

    max_total_bytes: int
    max_parts: int
    max_object_bytes: int


Parts = AsyncIterator[AsyncIterator[bytes]]
"""The objects of a request, each as its bytes; reading one may raise `PartRefused`."""


class PartRefused(Exception):
    """An object that its request does not hold in full, or that would be too large."""

    def __init__(
        self,
        detail: str,
        sop_class_uid: str | None,
        sop_uid: str | None,
        reason: int = NOT_UNDERSTOOD,
    ) -> None:
        super().__init__(detail)
        self.reason = reason
        self.sop_class_uid = sop_class_uid
        self.sop_uid = sop_uid


@dataclass(frozen=True)
class _Ended:
    """How one part ended."""

    receipt: Receipt | None
    error: LianzhenError | None = None
    refused: PartRefused | None = None

    @property
    def kept(self) -> bool:
        return self.receipt is not None and self.receipt.verdict.kept


@dataclass(frozen=True)
class StoreResult:
    """How a request ended, part by part."""

    parts: Sequence[_Ended]

    @property
    def kept(self) -> int:
        """How many parts are safe."""
        return sum(part.kept for part in self.parts)

    @property
    def failed(self) -> int:
        """How many are not."""
        return len(self.parts) - self.kept

    def response(self, base: str) -> Json:
        """Return the store response (PS3.18 Table 10.5.3-2) in the DICOM JSON model."""
        referenced = [
            _referenced(part.receipt.content, base)
            for part in self.parts
            if part.receipt is not None and part.kept and isinstance(part.receipt.content, Prepared)
        ]
        failed: list[Json] = []
        others: list[Json] = []
        for part in self.parts:
            if not part.kept:
                item = _failure(part)
                (failed if "00081155" in item else others).append(item)
        body: Json = {}
        studies = {item["00081190"]["Value"][0].partition("/series/")[0] for item in referenced}
        if len(studies) == 1:
            body["00081190"] = {"vr": "UR", "Value": [studies.pop()]}
        for tag, items in (("00081198", failed), ("0008119A", others), ("00081199", referenced)):
            if items:
                body[tag] = {"vr": "SQ", "Value": items}
        return dict(sorted(body.items()))


class StorageService:
    """Stores what a request brings, and audits the request as one act."""

    def __init__(
        self, *, intake: IntakeService, database: Database, audit: AuditTrail, limits: StoreLimits
    ) -> None:
        self._intake = intake
        self._database = database
        self._audit = audit
        self._limits = limits

    async def store(
        self,
        actor: Actor,
        parts: Parts,
        study_uid: str | None = None,
    ) -> StoreResult:
        """Store each part and say how it ended; all of ``study_uid`` where that is given.

        Raises
        ------
        InvalidInput, TooLarge
            If the request itself is broken; what was complete before stays stored.
        StorageFull, Unavailable, TooLarge
            If nothing at all could be taken, and the first of it for that reason.
        """
        request = _Request(self._intake, actor, study_uid, self._limits)
        try:
            async for part in parts:
                await request.take(part)
        finally:
            ended = await request.end()
            if ended:
                await self._record(actor, ended)
        if not ended:
            raise InvalidInput("the request brings no object", code="no-parts")
        if ended[0].error is not None and all(each.error is not None for each in ended):
            raise ended[0].error
        return StoreResult(ended)

    async def _record(self, actor: Actor, ended: Sequence[_Ended]) -> None:
        contents = [part.receipt.content for part in ended if part.receipt is not None]
        studies = {each.study_instance_uid for each in contents if isinstance(each, Prepared)}
        verdicts = [_verdict(part) for part in ended]
        kept = sum(part.kept for part in ended)
        async with self._database.unit_of_work() as uow:
            self._audit.record(
                uow,
                act_of(
                    actor,
                    "dicomweb.store",
                    outcome=Outcome.SUCCESS if kept == len(ended) else Outcome.FAILED,
                    object_kind="study_instance_uid",
                    object_id=next(iter(studies)) if len(studies) == 1 else None,
                    detail={
                        "studies": sorted(studies)[:_STUDIES_AUDITED],
                        "counts": {name: verdicts.count(name) for name in sorted(set(verdicts))},
                    },
                ),
            )
            await uow.commit()


class _Request:
    """One request under way: parts are read in order, and finish side by side."""

    def __init__(
        self, intake: IntakeService, actor: Actor, study_uid: str | None, limits: StoreLimits
    ) -> None:
        self._intake = intake
        self._actor = actor
        self._study_uid = study_uid
        self._limits = limits
        self._gate = asyncio.Semaphore(_AT_ONCE)
        self._total = 0
        self._tasks: list[asyncio.Task[_Ended]] = []

    async def take(self, part: AsyncIterator[bytes]) -> None:
        """Read one part and let it finish."""
        if len(self._tasks) >= self._limits.max_parts:
            raise TooLarge("the request has too many parts", code="too-many-parts")
        await self._gate.acquire()
        try:
            coming = await self._receive(part)
        except BaseException:
            self._gate.release()
            raise
        self._tasks.append(asyncio.create_task(self._finish(coming)))

    async def end(self) -> list[_Ended]:
        """Wait for all that is complete, whatever became of the request."""
        return list(await asyncio.gather(*self._tasks))

    async def _receive(self, part: AsyncIterator[bytes]) -> Incoming | LianzhenError | PartRefused:
        """Spool one part; one that cannot be kept is read to its end all the same."""
        coming = self._begin()
        try:
            async for block in self._counted(part):
                if isinstance(coming, Incoming):
                    coming = _write(coming, block)
        except PartRefused as error:
            if isinstance(coming, Incoming):
                coming.abort()
            return error
        except BaseException:
            if isinstance(coming, Incoming):
                coming.abort()
            raise
        return coming

    def _begin(self) -> Incoming | LianzhenError:
        try:
            return self._intake.begin(self._actor, study_uid=self._study_uid)
        except (StorageFull, Unavailable) as error:
            return error

    async def _counted(self, part: AsyncIterator[bytes]) -> AsyncIterator[bytes]:
        async for block in part:
            self._total += len(block)
            if self._total > self._limits.max_total_bytes:
                raise TooLarge("the request is larger than this server takes")
            yield block

    async def _finish(self, coming: Incoming | LianzhenError | PartRefused) -> _Ended:
        try:
            if isinstance(coming, PartRefused):
                _log.info("an object could not be put together", reason=str(coming))
                return _Ended(None, refused=coming)
            if isinstance(coming, LianzhenError):
                return _Ended(None, coming)
            return _Ended(await coming.finish())
        except LianzhenError as error:
            return _Ended(None, error)
        except Exception:  # noqa: BLE001 -- the parts beside it were kept, and must be told and audited
            _log.exception("an object could not be taken in")
            return _Ended(None, Unavailable("the server failed at it", code="intake-failed"))
        finally:
            self._gate.release()


def _verdict(part: _Ended) -> str:
    if part.receipt is not None:
        return part.receipt.verdict.value
    return "error" if part.refused is None else "refused"


def _write(incoming: Incoming, block: bytes) -> Incoming | LianzhenError:
    try:
        incoming.write(block)
    except LianzhenError as error:
        incoming.abort()
        return error
    return incoming


def _referenced(content: Prepared, base: str) -> Json:
    url = (
        f"{base}/studies/{content.study_instance_uid}"
        f"/series/{content.series_instance_uid}/instances/{content.sop_instance_uid}"
    )
    return {
        "00081150": {"vr": "UI", "Value": [content.sop_class_uid]},
        "00081155": {"vr": "UI", "Value": [content.sop_instance_uid]},
        "00081190": {"vr": "UR", "Value": [url]},
    }


def _failure(part: _Ended) -> Json:
    reason = OUT_OF_RESOURCES
    item: Json = {}
    if part.refused is not None:
        reason = part.refused.reason
        for tag, uid in (
            ("00081150", part.refused.sop_class_uid),
            ("00081155", part.refused.sop_uid),
        ):
            if uid is not None:
                item[tag] = {"vr": "UI", "Value": [uid]}
    if part.receipt is not None:
        reason = _REASONS.get(part.receipt.code, NOT_UNDERSTOOD)
        content = part.receipt.content
        if isinstance(content, Prepared):
            item["00081150"] = {"vr": "UI", "Value": [content.sop_class_uid]}
        if content.sop_instance_uid is not None:
            item["00081155"] = {"vr": "UI", "Value": [content.sop_instance_uid]}
    item["00081197"] = {"vr": "US", "Value": [reason]}
    return item
