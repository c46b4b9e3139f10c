"""ECGs as people see them: newest first, within reach, and on paper."""

from collections.abc import AsyncIterator, Collection, Mapping, Sequence
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

from sqlalchemy import ColumnElement, Select, select
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import undefer

from ecg.findings import RULES_VERSION
from server.core.database import Database
from server.core.errors import NotFound
from server.core.paging import Cursor, behind
from server.ecg_records.models import EcgRecord, ScreeningStatus, taken_at
from server.ecg_records.schemas import (
    EcgDetailOut,
    EcgOut,
    EcgPage,
    PreviousOut,
    WaveformOut,
    findings_out,
)
from server.ecg_records.screening import OriginalFiles
from server.ecg_records.workbench import PaperStyle
from server.identity.public import Actor, InstitutionRef
from server.intake.public import ArrivedFile
from server.patients.public import PatientOut


class StudyDirectory(Protocol):
    """Knows who may see which study, and whose it is: `StudyService`."""

    def visible_to(self, actor: Actor) -> Select[str]:
        """Return the query of the ids of the studies ``actor`` may see."""
        ...

    def hidden_instances(self) -> Select[str]:
        """Return the query of the ids of instances that a rejection note took out of use."""
        ...

    def of_the_same_patient(self, actor: Actor, study_id: str) -> Select[str]:
        """Return the query of the ids of the studies of its patient that ``actor`` may see."""
        ...

    async def patients_of(
        self, session: AsyncSession, study_ids: Collection[str]
    ) -> Mapping[str, tuple[str, PatientOut, InstitutionRef]]:
        """Return UID, patient and owner of studies."""
        ...


class ReadAudit(Protocol):
    """Records that somebody read a patient's data, once a person, study and hour."""

    async def record_read(self, actor: Actor, study_id: str) -> None:
        """Record it; an error means that the data must not be shown."""
        ...


class PaperBench(Protocol):
    """Draws a file out of harm's way: `EcgWorkbench`."""

    async def paper(self, path: Path, style: PaperStyle, *, findings: bool) -> str:
        """Return the drawing as SVG, with or without the machine's findings."""
        ...

    async def waveform(self, path: Path, *, start_s: float) -> dict[str, Any]:
        """Return up to a minute of samples, as `WaveformOut` has them."""
        ...

    async def compare(self, previous: Path, current: Path) -> dict[str, Any]:
        """Return the comparison of two files and the previous one's median beat."""
        ...


class KeptFiles(OriginalFiles, Protocol):
    """Knows and reads the files that arrived: intake's `Originals`."""

    async def arrived(self, object_id: str) -> ArrivedFile:
        """Return the file that an object was made from, or the object itself."""
        ...

    def open(self, object_id: str) -> AbstractAsyncContextManager[AsyncIterator[bytes]]:
        """Open the bytes of an object; errors come before any byte."""
        ...


@dataclass(frozen=True)
class Download:
    """The file of an ECG as it arrived, open."""

    file: ArrivedFile
    blocks: AsyncIterator[bytes]


class EcgRecordService:
    """Lists, finds and draws ECGs for whoever asks."""

    def __init__(
        self,
        *,
        database: Database,
        studies: StudyDirectory,
        reads: ReadAudit,
        originals: KeptFiles,
        bench: PaperBench,
    ) -> None:
        self._database = database
        self._studies = studies
        self._reads = reads
        self._originals = originals
        self._bench = bench

    async def page(self, actor: Actor, *, limit: int, before: Cursor | None) -> EcgPage:
        """Return the newest ECGs before a cursor."""
        query = select(EcgRecord).where(
            EcgRecord.study_pk.in_(self._studies.visible_to(actor)), self._shown()
        )
        query = query.where(behind(before, EcgRecord.received_at, EcgRecord.id))
        query = query.order_by(EcgRecord.received_at.desc(), EcgRecord.id.desc()).limit(limit + 1)
        async with self._database.reading() as session:
            found = list(await session.scalars(query))
            records = found[:limit]
            items = await self._out(session, records)
        last = records[-1] if len(found) > limit else None
        return EcgPage(
            items=items, next=Cursor(last.received_at, last.id).encode() if last else None
        )

    async def one(self, actor: Actor, ecg_id: str) -> EcgDetailOut:
        """Return one ECG with its screening; that it was read is recorded.

        Raises
        ------
        NotFound
            If there is none, or none that ``actor`` may see.
        """
        async with self._database.reading() as session:
            record = await self._visible(session, actor, ecg_id)
            (shown,) = await self._out(session, [record])
        await self._reads.record_read(actor, record.study_pk)
        return EcgDetailOut(**dict(shown), screening=record.screening, failure=record.failure)

    async def paper(self, actor: Actor, ecg_id: str, style: PaperStyle) -> str:
        """Return one ECG drawn as SVG; that it was read is recorded.

        Raises
        ------
        NotFound
            If there is none, or none that ``actor`` may see.
        UnreadableEcg
            If it cannot be drawn, or not like that.
        """
        async with self._database.reading() as session:
            record = await self._visible(session, actor, ecg_id)
        await self._reads.record_read(actor, record.study_pk)
        async with self._originals.as_file(record.object_id) as path:
            # What stands in the heading alone is not worth a screening where there is none.
            findings = style.heading and _may_show_findings(record)
            return await self._bench.paper(path, style, findings=findings)

    async def waveform(self, actor: Actor, ecg_id: str, *, start_s: float) -> WaveformOut:
        """Return up to a minute of one ECG's samples; that it was read is recorded.

        Raises
        ------
        NotFound
            If there is none, or none that ``actor`` may see.
        UnreadableEcg
            If it cannot be read, or ends before ``start_s``.
        """
        async with self._database.reading() as session:
            record = await self._visible(session, actor, ecg_id)
        await self._reads.record_read(actor, record.study_pk)
        async with self._originals.as_file(record.object_id) as path:
            found = await self._bench.waveform(path, start_s=start_s)
        return WaveformOut.model_validate(found)

    @asynccontextmanager
    async def original(self, actor: Actor, ecg_id: str) -> AsyncIterator[Download]:
        """Open the file of one ECG as it arrived; that it was read is recorded.

        Raises
        ------
        NotFound
            If there is none, or none that ``actor`` may see.
        Unavailable
            If its bytes are not at hand.
        """
        async with self._database.reading() as session:
            record = await self._visible(session, actor, ecg_id)
        await self._reads.record_read(actor, record.study_pk)
        file = await self._originals.arrived(record.object_id)
        async with self._originals.open(file.object_id) as blocks:
            yield Download(file, blocks)

    async def previous(self, actor: Actor, ecg_id: str) -> PreviousOut:
        """Return the patient's ECG before this one and what changed; both reads are recorded.

        Raises
        ------
        NotFound
            If there is none, or none that ``actor`` may see.
        UnreadableEcg
            If one of the two cannot be read.
        """
        taken = taken_at()
        async with self._database.reading() as session:
            record = await self._visible(session, actor, ecg_id)
            same = self._studies.of_the_same_patient(actor, record.study_pk)
            before = await session.scalar(
                select(EcgRecord)
                .where(
                    EcgRecord.study_pk.in_(same),
                    self._shown(),
                    EcgRecord.id != record.id,
                    taken < (record.acquired_at or record.received_at),
                )
                .order_by(taken.desc(), EcgRecord.id.desc())
                .limit(1)
            )
            shown = await self._out(session, [before] if before is not None else [])
        await self._reads.record_read(actor, record.study_pk)
        if before is None:
            return PreviousOut(previous=None, comparison=None, median=None)
        await self._reads.record_read(actor, before.study_pk)
        if not (_may_show_findings(record) and _may_show_findings(before)):
            return PreviousOut(previous=shown[0], comparison=None, median=None)
        async with (
            self._originals.as_file(before.object_id) as old,
            self._originals.as_file(record.object_id) as new,
        ):
            found = await self._bench.compare(old, new)
        return PreviousOut.model_validate({"previous": shown[0], **found})

    def _shown(self) -> ColumnElement[bool]:
        return EcgRecord.instance_pk.not_in(self._studies.hidden_instances())

    async def _visible(self, session: AsyncSession, actor: Actor, ecg_id: str) -> EcgRecord:
        found = await session.scalar(
            select(EcgRecord)
            .options(undefer(EcgRecord.screening))
            .where(
                EcgRecord.id == ecg_id,
                EcgRecord.study_pk.in_(self._studies.visible_to(actor)),
                self._shown(),
            )
        )
        if found is None:
            raise NotFound("there is no such ECG")
        return found

    async def _out(self, session: AsyncSession, records: Sequence[EcgRecord]) -> list[EcgOut]:
        facts = await self._studies.patients_of(session, {each.study_pk for each in records})
        items = []
        for record in records:
            study_uid, patient, institution = facts[record.study_pk]
            items.append(
                EcgOut(
                    id=record.id,
                    study_instance_uid=study_uid,
                    sop_instance_uid=record.sop_instance_uid,
                    patient=patient,
                    acquired_at=record.acquired_at,
                    received_at=record.received_at,
                    institution=institution,
                    status=record.status,
                    severity=record.severity,
                    heart_rate_bpm=record.heart_rate_bpm,
                    findings=findings_out(record.findings),
                )
            )
        return items


def _may_show_findings(record: EcgRecord) -> bool:
    """Tell whether today's findings are the stored ones: never where screening is off."""
    return record.status == ScreeningStatus.SCREENED and record.rules_version == RULES_VERSION
