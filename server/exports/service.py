"""A study as a ZIP: its objects as they were received or de-identified, a DICOMDIR, and a note.

Nothing is held: objects go through in blocks. What is known to be damaged or out of reach is told
before the first byte; what turns out to be only while it is read breaks the answer off, so that a
ZIP that ends well is whole.
"""

import asyncio
import gzip
import secrets
from collections.abc import AsyncIterator, Mapping, Sequence
from concurrent.futures import Executor
from dataclasses import dataclass
from typing import Any, Final

import orjson
from sqlalchemy import select

from dicom.deidentify import BURNED_IN_TAGS, Profile, may_be_burned_in
from dicom.dicomdir import KEY_TAGS, FileEntry, dicomdir
from dicom.uids import new_uid
from server.audit.public import AuditTrail, Outcome
from server.core.clock import Clock
from server.core.database import Database
from server.core.errors import Conflict, NotFound, TooLarge, Unavailable
from server.exports.anonymous import Anonymizer, AnonymousHeader, Deidentification
from server.exports.archive import ZipWriter, zip_size
from server.exports.note import NOTE_NAME, note
from server.identity.public import Actor, act_of
from server.intake.public import Originals, StoredObject, without_preamble
from server.studies.public import Instance, Series, Study, visible_studies

_MOST_OBJECTS: Final = 50_000
_PAGE: Final = 500
_DIRECTORY: Final = "DICOMDIR"


@dataclass(frozen=True)
class Export:
    """A ZIP about to be sent; its blocks can be read once."""

    name: str
    """For saving it: nothing of the patient's stands in it."""
    size: int | None
    """None where only its end will tell."""
    objects: int
    blocks: AsyncIterator[bytes]


@dataclass(frozen=True)
class _Object:
    instance_pk: str
    series_pk: str
    sop_class_uid: str
    sop_instance_uid: str
    transfer_syntax_uid: str
    object_id: str
    size: int


@dataclass(frozen=True)
class _File:
    path: str
    content: _Object


@dataclass(frozen=True)
class _Plan:
    files: Sequence[_File]
    entries: Sequence[FileEntry]
    """Of the files, where they are known before."""
    left_out: int


class StudyExporter:
    """Exports studies to whoever may take them along."""

    def __init__(
        self,
        *,
        database: Database,
        originals: Originals,
        anonymizer: Anonymizer,
        audit: AuditTrail,
        clock: Clock,
        executor: Executor,
    ) -> None:
        self._database = database
        self._originals = originals
        self._anonymizer = anonymizer
        self._audit = audit
        self._clock = clock
        self._executor = executor

    async def export(
        self, actor: Actor, study_id: str, how: Deidentification | None = None
    ) -> Export:
        """Return a study's ZIP; that it left is recorded before its first byte.

        Raises
        ------
        NotFound
            If there is no such study within reach.
        TooLarge
            If it has more objects than one export may have.
        Unavailable
            If the bytes of some object are damaged or out of reach.
        Conflict
            If an object to be de-identified may have a name in its pixels, and is not to be left
            out.
        """
        async with self._database.reading() as session:
            found = await session.scalar(
                visible_studies(actor, self._clock.now()).where(Study.id == study_id)
            )
        if found is None:
            raise NotFound("there is no such study")
        return await self._export(actor, study_id, actor.org, how)

    async def export_by_uid(
        self, org: str, study_uid: str, how: Deidentification | None = None
    ) -> Export:
        """Return a study's ZIP for the operator of this installation; raises as above."""
        async with self._database.reading() as session:
            found = await session.scalar(
                select(Study.id).where(
                    Study.org == org,
                    Study.study_instance_uid == study_uid,
                    Study.deleted_at.is_(None),
                )
            )
        if found is None:
            raise NotFound(f"community {org} has no study {study_uid}")
        return await self._export(None, found, org, how)

    async def _export(
        self, actor: Actor | None, study_id: str, org: str, how: Deidentification | None
    ) -> Export:
        objects = await self._objects(study_id)
        absent = await self._originals.absent([each.object_id for each in objects])
        if absent:
            raise Unavailable(
                f"{absent} of the study's {len(objects)} objects are damaged or out of reach:"
                " send them again, or let a scrub say which",
                code="objects-absent",
            )
        found = await self._entries(_named(objects))
        plan = _received(found) if how is None else _anonymous(found, how)
        made_at = self._clock.now()
        text = note(made_at, len(plan.files), plan.left_out, None if how is None else how.names)
        size = directory = None
        if how is None:
            directory = _directory(plan.entries)
            names = [
                (NOTE_NAME, len(text)),
                *((each.path, each.content.size) for each in plan.files),
            ]
            size = zip_size([*names, (_DIRECTORY, len(directory))])
        detail: dict[str, Any] = {"objects": len(plan.files), "bytes": size}
        if how is not None:
            detail |= {"deidentified": sorted(how.options), "left_out": plan.left_out}
        await self._record(actor, study_id, org, detail)
        profile = None if how is None else self._anonymizer.profile(org, how)
        return Export(
            # Of the id nothing is left, either, where nobody shall be recognised.
            name=f"study-{made_at:%Y%m%d}-{secrets.token_hex(4) if how else study_id[:8]}.zip",
            size=size,
            objects=len(plan.files),
            blocks=self._blocks((actor, study_id, org), text, plan, profile, directory),
        )

    async def _objects(self, study_id: str) -> Sequence[_Object]:
        query = (
            select(
                Instance.id,
                Instance.series_pk,
                Instance.sop_class_uid,
                Instance.sop_instance_uid,
                Instance.transfer_syntax_uid,
                Instance.object_id,
                StoredObject.size,
            )
            .join(Series, Series.id == Instance.series_pk)
            .join(StoredObject, StoredObject.id == Instance.object_id)
            .where(Series.study_pk == study_id, Instance.rejected_as.is_(None))
            .order_by(
                Series.series_number, Series.id, Instance.instance_number, Instance.sop_instance_uid
            )
            .limit(_MOST_OBJECTS + 1)
        )
        async with self._database.reading() as session:
            rows = (await session.execute(query)).all()
        if not rows:
            raise NotFound("there is no such study")
        if len(rows) > _MOST_OBJECTS:
            raise TooLarge(
                f"the study has more than {_MOST_OBJECTS} objects: retrieve it by series",
                code="too-many-objects",
            )
        if not rows:
            raise NotFound("the study has no objects", code="no-objects")
        return [_Object(*row) for row in rows]

    async def _entries(self, files: Sequence[_File]) -> list[tuple[_File, FileEntry]]:
        loop = asyncio.get_running_loop()
        entries: list[FileEntry] = []
        for start in range(0, len(files), _PAGE):
            page = files[start : start + _PAGE]
            async with self._database.reading() as session:
                found = await session.execute(
                    select(Instance.id, Instance.metadata_json_gz).where(
                        Instance.id.in_([each.content.instance_pk for each in page])
                    )
                )
                kept = {pk: bytes(gzipped) for pk, gzipped in found}
            entries += await loop.run_in_executor(self._executor, _entries_of, page, kept)
        return list(zip(files, entries, strict=True))

    async def _blocks(
        self,
        act: tuple[Actor | None, str, str],
        text: bytes,
        plan: _Plan,
        profile: Profile | None,
        directory: bytes | None,
    ) -> AsyncIterator[bytes]:
        writer = ZipWriter(self._clock.now())
        yield writer.begin(NOTE_NAME, len(text)) + writer.write(text) + writer.end()
        entries = list(plan.entries)
        try:
            for each in plan.files:
                yield writer.begin(each.path, each.content.size)
                blocks = (
                    self._bytes_of(each.content)
                    if profile is None
                    else self._anonymous_bytes_of(each, profile, entries)
                )
                async for block in blocks:
                    yield writer.write(block)
                yield writer.end()
        except Unavailable as error:
            await self._record(*act, {"reason": str(error)}, outcome=Outcome.FAILED)
            raise
        if directory is None:
            directory = _directory(entries)
        yield writer.begin(_DIRECTORY, len(directory)) + writer.write(directory) + writer.end()
        yield writer.close()

    def _anonymous_bytes_of(
        self, file: _File, profile: Profile, entries: list[FileEntry]
    ) -> AsyncIterator[bytes]:
        def told(header: AnonymousHeader) -> None:
            entries.append(
                FileEntry(
                    tuple(file.path.split("/")),
                    header.sop_class_uid,
                    header.sop_instance_uid,
                    header.transfer_syntax_uid,
                    _keys(header.attributes),
                )
            )

        content = file.content
        return self._anonymizer.blocks(content.object_id, profile, told)

    async def _bytes_of(self, content: _Object) -> AsyncIterator[bytes]:
        async with self._originals.open(content.object_id) as blocks:
            async for block in without_preamble(blocks):
                yield block

    async def _record(
        self,
        actor: Actor | None,
        study_id: str,
        org: str,
        detail: dict[str, Any],
        *,
        outcome: Outcome = Outcome.SUCCESS,
    ) -> None:
        async with self._database.unit_of_work() as uow:
            self._audit.record(
                uow,
                act_of(
                    actor, "study.export", outcome=outcome, org=org, object_kind="study",
                    object_id=study_id, detail=detail,
                ),
            )  # fmt: skip
            await uow.commit()


def _named(objects: Sequence[_Object]) -> list[_File]:
    """Give every object a place: file IDs are short, in capitals and digits (PS3.10 8.5)."""
    folders: dict[str, list[_Object]] = {}
    for each in objects:
        folders.setdefault(each.series_pk, []).append(each)
    return [
        _File(f"DICOM/SE{series:06d}/IM{number:06d}", each)
        for series, members in enumerate(folders.values(), 1)
        for number, each in enumerate(members, 1)
    ]


def _entries_of(files: Sequence[_File], kept: dict[str, bytes]) -> list[FileEntry]:
    entries = []
    for each in files:
        content = each.content
        attributes = orjson.loads(gzip.decompress(kept[content.instance_pk]))
        entries.append(
            FileEntry(
                tuple(each.path.split("/")),
                content.sop_class_uid,
                content.sop_instance_uid,
                content.transfer_syntax_uid,
                _keys(attributes),
            )
        )
    return entries


def _keys(attributes: Mapping[str, Any]) -> dict[str, Any]:
    return {tag: value for tag, value in attributes.items() if tag in KEY_TAGS | BURNED_IN_TAGS}


def _received(found: Sequence[tuple[_File, FileEntry]]) -> _Plan:
    return _Plan([file for file, _ in found], [entry for _, entry in found], 0)


def _anonymous(found: Sequence[tuple[_File, FileEntry]], how: Deidentification) -> _Plan:
    """Choose what can be de-identified: a directory of it is known only when it is done."""
    clean = [
        file for file, entry in found if not may_be_burned_in(entry.sop_class_uid, entry.attributes)
    ]
    doubtful = len(found) - len(clean)
    if doubtful and not (how.leave_out_burned_in and clean):
        raise Conflict(
            f"{doubtful} of the study's {len(found)} objects may have the patient's name in their"
            " pixels or document, where it cannot be taken out: leave them out",
            code="may-be-burned-in",
        )
    return _Plan(clean, [], doubtful)


def _directory(entries: Sequence[FileEntry]) -> bytes:
    return dicomdir(entries, uid=new_uid(secrets.randbits))
