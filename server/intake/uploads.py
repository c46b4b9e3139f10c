"""Resumable uploads (tus 1.0: core, creation, checksum, expiration) on the one way in.

An upload grows in a file of its own in the spool; its offset is the file's length, so a server that
was killed and a browser that was cut off agree by asking. Whole, it goes through intake like
anything else, and how that ended is kept, in case the answer is lost on the way.
"""

import asyncio
import fcntl
import hashlib
import os
from collections.abc import AsyncIterable
from concurrent.futures import Executor
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import Final

from sqlalchemy import delete, insert, select, update

from server.audit.public import AuditTrail, Outcome
from server.core.clock import Clock
from server.core.database import Database
from server.core.errors import Conflict, InvalidInput, NotFound, TooLarge
from server.core.ids import Ids
from server.identity.public import Actor, act_of
from server.intake.arrival import Accepted, Prepared, Receipt
from server.intake.models import UploadSession
from server.intake.service import IntakeService
from server.intake.spool import Spool, refusal_of

CHECKSUM_ALGORITHMS: Final = ("sha256", "sha1")
_LIFETIME: Final = timedelta(days=7)
_EXPIRED_AT_ONCE: Final = 500


class ChecksumMismatch(InvalidInput):
    """The chunk is not the one its sender summed: send it again."""

    default_code = "checksum-mismatch"


@dataclass(frozen=True)
class Checksum:
    """What a chunk should sum to."""

    algorithm: str
    digest: bytes


@dataclass(frozen=True)
class Upload:
    """An upload as its owner sees it."""

    id: str
    offset: int
    size: int
    filename: str | None
    expires_at: datetime
    outcome_code: str | None = None
    outcome_detail: str | None = None
    study_instance_uid: str | None = None
    sha256: str | None = None


class UploadService:
    """Carries uploads from their first byte to intake."""

    def __init__(
        self,
        *,
        spool: Spool,
        intake: IntakeService,
        database: Database,
        audit: AuditTrail,
        executor: Executor,
        clock: Clock,
        ids: Ids,
    ) -> None:
        self._spool = spool
        self._intake = intake
        self._database = database
        self._audit = audit
        self._executor = executor
        self._clock = clock
        self._ids = ids

    @property
    def max_bytes(self) -> int:
        """The largest upload taken."""
        return self._intake.limits.max_object_bytes

    async def create(self, actor: Actor, *, size: int, filename: str | None) -> Upload:
        """Open an upload of ``size`` bytes.

        Raises
        ------
        TooLarge, StorageFull
            If it could not be kept once it is whole.
        """
        if size > self.max_bytes:
            raise TooLarge(f"the file has more than the {self.max_bytes} bytes taken here")
        self._spool.check_room()
        now = self._clock.now()
        upload_id = self._ids.new()
        expires_at = now + _LIFETIME
        async with self._database.unit_of_work() as uow:
            await uow.session.execute(
                insert(UploadSession).values(
                    id=upload_id,
                    person_id=actor.id,
                    institution_id=actor.institution_id,
                    size=size,
                    filename=filename[:255] if filename else None,
                    spool_id=self._spool.id,
                    created_at=now,
                    expires_at=expires_at,
                    finished_at=None,
                    outcome_code=None,
                    outcome_detail=None,
                    study_instance_uid=None,
                    sha256=None,
                )
            )
            await uow.commit()
        # Behind its row: a file that no row names would never expire.
        try:
            self._path(upload_id).touch(exist_ok=False)
        except OSError as error:
            raise refusal_of(error) from error
        return Upload(upload_id, 0, size, filename, expires_at)

    async def find(self, actor: Actor, upload_id: str) -> Upload:
        """Return an upload of the actor's own.

        Raises
        ------
        NotFound
            If there is none, it expired, or it is somebody else's or another host's.
        """
        async with self._database.reading() as session:
            row = await session.scalar(
                select(UploadSession).where(
                    UploadSession.id == upload_id,
                    UploadSession.person_id == actor.id,
                    UploadSession.spool_id == self._spool.id,
                )
            )
        if row is None or row.expires_at <= self._clock.now():
            raise NotFound("there is no such upload; begin it anew", code="no-such-upload")
        offset = row.size if row.finished_at is not None else self._offset(upload_id)
        return Upload(
            row.id, offset, row.size, row.filename, row.expires_at,
            row.outcome_code, row.outcome_detail, row.study_instance_uid, row.sha256,
        )  # fmt: skip

    async def append(
        self,
        actor: Actor,
        upload_id: str,
        *,
        offset: int,
        chunks: AsyncIterable[bytes],
        checksum: Checksum | None,
    ) -> Upload:
        """Append a body at ``offset``; take the upload in once it is whole.

        What arrived before a cut stays, unless a checksum says it is not what was sent.

        Raises
        ------
        Conflict
            If ``offset`` is not where the upload stands, or another request writes to it.
        TooLarge
            If there is more than was announced.
        ChecksumMismatch
            If the chunk is damaged; it is forgotten.
        """
        upload = await self.find(actor, upload_id)
        if upload.outcome_code is not None:
            raise Conflict(f"the upload stands at {upload.offset}", code="offset-mismatch")
        path = self._path(upload_id)
        fd = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o640)
        try:
            _lock(fd)
            stands_at = os.fstat(fd).st_size
            if stands_at != offset:
                raise Conflict(f"the upload stands at {stands_at}", code="offset-mismatch")
            await self._write(fd, upload, offset, chunks, checksum)
            whole = os.fstat(fd).st_size == upload.size
            if whole:
                await self._take_in(actor, upload, path)
        finally:
            os.close(fd)
        return await self.find(actor, upload_id)

    async def expire(self) -> int:
        """Forget what is past its time in this host's spool, file and row; return how many."""
        async with self._database.reading() as session:
            expired = list(
                await session.scalars(
                    select(UploadSession.id)
                    .where(
                        UploadSession.expires_at <= self._clock.now(),
                        UploadSession.spool_id == self._spool.id,
                    )
                    .limit(_EXPIRED_AT_ONCE)
                )
            )
        if not expired:
            return 0
        for upload_id in expired:
            self._path(upload_id).unlink(missing_ok=True)
        async with self._database.unit_of_work() as uow:
            await uow.session.execute(delete(UploadSession).where(UploadSession.id.in_(expired)))
            await uow.commit()
        return len(expired)

    async def _write(
        self,
        fd: int,
        upload: Upload,
        offset: int,
        chunks: AsyncIterable[bytes],
        checksum: Checksum | None,
    ) -> None:
        digest = hashlib.new(checksum.algorithm) if checksum is not None else None
        written = offset
        loop = asyncio.get_running_loop()
        try:
            async for chunk in chunks:
                if written + len(chunk) > upload.size:
                    raise TooLarge("more bytes than the upload announced")
                await loop.run_in_executor(self._executor, _write_at, fd, chunk, written)
                written += len(chunk)
                if digest is not None:
                    digest.update(chunk)
        except BaseException as error:
            if checksum is not None:
                os.ftruncate(fd, offset)
            if isinstance(error, OSError):
                raise refusal_of(error) from error
            raise
        if checksum is not None and digest is not None and digest.digest() != checksum.digest:
            os.ftruncate(fd, offset)
            raise ChecksumMismatch("the chunk was damaged on the way; send it again")
        # The offset we are about to answer must still be true after a power cut.
        await loop.run_in_executor(self._executor, os.fsync, fd)

    async def _take_in(self, actor: Actor, upload: Upload, path: Path) -> None:
        loop = asyncio.get_running_loop()
        file = await loop.run_in_executor(self._executor, self._spool.adopt, path)
        receipt = await self._intake.adopt(actor, file, accepted=Accepted.EXAM)
        await self._finish(actor, upload, receipt)

    async def _finish(self, actor: Actor, upload: Upload, receipt: Receipt) -> None:
        kept = receipt.content if receipt.verdict.kept else None
        async with self._database.unit_of_work() as uow:
            await uow.session.execute(
                update(UploadSession)
                .where(UploadSession.id == upload.id)
                .values(
                    finished_at=self._clock.now(),
                    outcome_code=receipt.code,
                    outcome_detail=receipt.detail[:500],
                    study_instance_uid=(
                        kept.study_instance_uid if isinstance(kept, Prepared) else None
                    ),
                    sha256=receipt.sha256,
                )
            )
            self._audit.record(
                uow,
                act_of(
                    actor,
                    "upload.finish",
                    outcome=Outcome.SUCCESS if receipt.verdict.kept else Outcome.REFUSED,
                    object_kind="upload",
                    object_id=upload.id,
                    detail={"sha256": receipt.sha256, "code": receipt.code},
                ),
            )
            await uow.commit()

    def _offset(self, upload_id: str) -> int:
        try:
            return self._path(upload_id).stat().st_size
        except FileNotFoundError:
            # Taken in, but the answer was lost with the process: from the start it is a duplicate.
            return 0

    def _path(self, upload_id: str) -> Path:
        return self._spool.uploads_dir / upload_id


def _write_at(fd: int, chunk: bytes, offset: int) -> None:
    view = memoryview(chunk)
    while view:
        count = os.pwrite(fd, view, offset)
        view, offset = view[count:], offset + count


def _lock(fd: int) -> None:
    try:
        fcntl.flock(fd, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        raise Conflict("another request is writing to this upload", code="upload-busy") from None
