"""Intake: the one way in for everything that arrives.

Bytes stream to a spool file while their digests grow; the whole structure is checked; file and
folder are synced; the object's row commits together with its index rows; only then is it a
success. Whoever sends hears of a success only what would survive a power cut. An ECG in another
format is kept as it came, and a DICOM twin is made beside it, indexed in its place.
"""

import asyncio
from collections.abc import Callable, Iterable, Mapping
from concurrent.futures import Executor
from dataclasses import dataclass
from typing import Final, TypeVar

from dicom.faults import FormatFault
from dicom.part10 import ExpectedObject
from dicom.uids import ECG_SOP_CLASSES
from server.core.clock import Clock
from server.core.database import Database
from server.core.errors import TooLarge, Unavailable
from server.core.ids import Ids
from server.identity.public import Actor
from server.intake.arrival import (
    Accepted,
    Converter,
    Prepared,
    Receipt,
    Received,
    Refusal,
    Source,
    Verdict,
)
from server.intake.commit import Candidate, Committed, Committer, InDoubt, quarantine_has_room
from server.intake.prepare import prepare
from server.intake.spool import Spool, SpoolFile, refusal_of

_T = TypeVar("_T")
_NO_DICOM: Final = frozenset({FormatFault.NOT_DICOM.value, FormatFault.MISSING_META.value})
_WORDS: Final = {
    Verdict.STORED: "kept, indexed and safe",
    Verdict.DUPLICATE: "already here with the same content",
}


@dataclass(frozen=True)
class _Twin:
    """The DICOM object made of a file, in the spool."""

    file: SpoolFile
    content: Prepared
    format: str


@dataclass(frozen=True)
class IntakeLimits:
    """What intake takes."""

    max_object_bytes: int
    max_quarantine_bytes: int


class IntakeService:
    """Opens the way in; one for each process that receives."""

    def __init__(
        self,
        *,
        spool: Spool,
        committer: Committer,
        database: Database,
        executor: Executor,
        clock: Clock,
        ids: Ids,
        limits: IntakeLimits,
        converter: Converter,
    ) -> None:
        self._spool = spool
        self._committer = committer
        self._database = database
        self._executor = executor
        self._clock = clock
        self._ids = ids
        self.limits = limits
        self._converter = converter

    def begin(
        self,
        sender: Actor,
        expected: ExpectedObject | None = None,
        *,
        study_uid: str | None = None,
        accepted: Accepted = Accepted.DICOM,
    ) -> "Incoming":
        """Open the way for one object, which is refused if it is not of the study announced.

        Raises
        ------
        StorageFull
            If there is too little room to promise anything.
        Unavailable
            If the disk fails otherwise, or the database's committer is gone.
        """
        if not self._committer.alive:
            raise Unavailable("intake is stopping; send again", code="intake-stopping")
        return Incoming(self, self._spool.new_file(), sender, expected, study_uid, accepted)

    async def adopt(
        self,
        sender: Actor,
        file: SpoolFile,
        expected: ExpectedObject | None = None,
        study_uid: str | None = None,
        accepted: Accepted = Accepted.DICOM,
    ) -> Receipt:
        """Take a file that is complete in the spool, and say how it ended."""
        files = [file]
        try:
            if accepted is Accepted.DICOM:
                content = await self._blocking(
                    lambda: _prepared_and_synced(file, expected, study_uid)
                )
                twin, synced = None, not isinstance(content, Refusal)
            else:
                content, twin = await self._examined(file, expected, study_uid, accepted)
                synced = False
            if twin is not None:
                files.append(twin.file)
            keep = synced or not isinstance(content, Refusal)
            keep = keep or await self._quarantine_has_room(file.size)
            if keep and not synced:
                for each in files:
                    await self._blocking(each.sync)
        except OSError as error:
            _discard(files)
            raise refusal_of(error) from error
        except BaseException:
            _discard(files)
            raise
        arrived = self._received(sender, file)
        candidate = (
            Candidate(arrived, content, keep)
            if twin is None
            else Candidate(
                self._received(sender, twin.file), content, keep, Source(arrived, twin.format)
            )
        )
        # Once asked, the commit goes on to its end whatever becomes of the one who asked.
        by_id = dict(zip((each.object_id for each in candidate.files), files, strict=True))
        commit = asyncio.create_task(self._commit(candidate, by_id))
        return await asyncio.shield(commit)

    async def _examined(
        self,
        file: SpoolFile,
        expected: ExpectedObject | None,
        study_uid: str | None,
        accepted: Accepted,
    ) -> tuple[Prepared | Refusal, _Twin | None]:
        """Say what a file is that need not be DICOM, and make its twin where it is none."""
        content = await self._blocking(lambda: _prepared(file, expected, study_uid))
        twin = None
        if isinstance(content, Refusal) and content.code in _NO_DICOM:
            made = await self._convert(file)
            twin = made if isinstance(made, _Twin) else None
            content = made.content if isinstance(made, _Twin) else made
        return _wanted(content, accepted), twin

    def _received(self, sender: Actor, file: SpoolFile) -> Received:
        return Received(
            sender=sender,
            object_id=self._ids.new(),
            sha256=file.sha256,
            size=file.size,
            spool_id=self._spool.id,
            spool_name=file.name,
            received_at=self._clock.now(),
        )

    async def _convert(self, file: SpoolFile) -> _Twin | Refusal:
        """Make the DICOM twin of a file that is no DICOM."""
        into = self._spool.scratch_dir / self._ids.new()
        try:
            found = await self._converter.convert(file.path, into)
            if isinstance(found, Refusal):
                return found
            made = await self._blocking(lambda: self._spool.adopt(into))
        finally:
            into.unlink(missing_ok=True)
        content = await self._blocking(lambda: _prepared(made, None, None))
        if isinstance(content, Refusal):
            made.discard()
            return content
        return _Twin(made, content, found)

    async def _commit(self, candidate: Candidate, files: Mapping[str, SpoolFile]) -> Receipt:
        try:
            committed = await self._committer.commit(candidate)
        except InDoubt:
            # Perhaps a row names these files. The sweep at the next start asks the database.
            for file in files.values():
                file.close()
            raise
        except BaseException:
            _discard(files.values())
            raise
        _discard(file for object_id, file in files.items() if object_id not in committed.named)
        return _receipt(candidate, committed)

    async def _quarantine_has_room(self, size: int) -> bool:
        async with self._database.reading() as session:
            return await quarantine_has_room(session, size, self.limits.max_quarantine_bytes)

    async def _blocking(self, work: Callable[[], _T]) -> _T:
        return await asyncio.get_running_loop().run_in_executor(self._executor, work)


class Incoming:
    """One object on its way in. End it with `finish` or `abort`."""

    def __init__(
        self,
        intake: IntakeService,
        file: SpoolFile,
        sender: Actor,
        expected: ExpectedObject | None,
        study_uid: str | None,
        accepted: Accepted,
    ) -> None:
        self._intake = intake
        self._file = file
        self._sender = sender
        self._expected = expected
        self._study_uid = study_uid
        self._accepted = accepted

    @property
    def size(self) -> int:
        """Bytes written so far."""
        return self._file.size

    def write(self, chunk: bytes | bytearray | memoryview) -> None:
        """Write the next bytes.

        Raises
        ------
        TooLarge
            Past the largest object taken.
        StorageFull
            If the disk is full.
        Unavailable
            If the disk fails otherwise.
        """
        if self._file.size + len(chunk) > self._intake.limits.max_object_bytes:
            raise TooLarge("the object is larger than this server takes")
        try:
            self._file.write(chunk)
        except OSError as error:
            raise refusal_of(error) from error

    def dataset_begins(self) -> None:
        """Say that what is written from here on is the data set; it saves reading it again."""
        self._file.dataset_begins()

    async def finish(self) -> Receipt:
        """Check, sync, index and commit; return how it ended.

        Raises
        ------
        StorageFull, Unavailable
            If it could not be kept: the sender must keep it and send again.
        """
        return await self._intake.adopt(
            self._sender, self._file, self._expected, self._study_uid, self._accepted
        )

    def abort(self) -> None:
        """Forget it: the sender went away or changed its mind."""
        self._file.discard()


def _prepared_and_synced(
    file: SpoolFile, expected: ExpectedObject | None, study_uid: str | None
) -> Prepared | Refusal:
    """Check a DICOM file and sync it unless it is refused; in one visit of a thread."""
    content = _prepared(file, expected, study_uid)
    if isinstance(content, Prepared):
        file.sync()
    return content


def _prepared(
    file: SpoolFile, expected: ExpectedObject | None, study_uid: str | None
) -> Prepared | Refusal:
    content = prepare(file, expected, study_uid)
    # Last: a thread may still be hashing while the structure is checked.
    file.complete()
    return content


def _wanted(content: Prepared | Refusal, accepted: Accepted) -> Prepared | Refusal:
    if (
        accepted is Accepted.ECG
        and isinstance(content, Prepared)
        and content.sop_class_uid not in ECG_SOP_CLASSES
    ):
        return Refusal("not-an-ecg", "the object is no ECG", content.sop_instance_uid)
    return content


def _discard(files: Iterable[SpoolFile]) -> None:
    for file in files:
        file.discard()


def _receipt(candidate: Candidate, committed: Committed) -> Receipt:
    refusal = committed.refusal
    return Receipt(
        verdict=committed.verdict,
        code=refusal.code if refusal is not None else committed.verdict.value,
        detail=refusal.detail if refusal is not None else _WORDS[committed.verdict],
        sha256=candidate.arrived.sha256,
        size=candidate.arrived.size,
        content=candidate.content,
    )
