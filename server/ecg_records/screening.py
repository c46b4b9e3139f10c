"""One ECG's screening: read, judged, stored and told, in one transaction and once."""

from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any, Final, Protocol

import structlog
from sqlalchemy import Select, select, update

from ecg.findings import FindingCode, Severity
from server.audit.public import AuditRecord, AuditTrail, Outcome
from server.core.clock import Clock
from server.core.database import Database, UnitOfWork
from server.core.errors import LianzhenError
from server.ecg_records.models import (
    EcgRecord,
    RecordSeverity,
    ScreeningEvent,
    ScreeningStatus,
    status_after,
    taken_at,
)
from server.ecg_records.workbench import UnreadableEcg
from server.realtime.public import Occurrence, publish

_log = structlog.get_logger(__name__)

SCREENED: Final = "ecg.screened"
_AS_LISTS_SHOW: Final = ("code", "text_zh", "text_en", "severity")
_CHANGES_SHOWN: Final = 8


class OriginalFiles(Protocol):
    """Gives originals as local files: intake's `Originals`."""

    def as_file(self, object_id: str) -> AbstractAsyncContextManager[Path]:
        """Give the whole object as a local file."""
        ...


class ScreeningBench(Protocol):
    """Reads and screens a file out of harm's way: `EcgWorkbench`."""

    async def screen(self, path: Path) -> dict[str, Any]:
        """Return the JSON object of ``ecg screen --json``."""
        ...

    async def compare(self, previous: Path, current: Path) -> dict[str, Any]:
        """Return the comparison of two files and the previous one's median beat."""
        ...


class PatientStudies(Protocol):
    """Knows what else an institution has of a patient: `StudyService`."""

    def of_the_same_patient_and_owner(self, study_id: str) -> Select[str]:
        """Return the query of the ids of its patient's studies that its owner owns."""
        ...

    def hidden_instances(self) -> Select[str]:
        """Return the query of the ids of instances that a rejection note took out of use."""
        ...


class ScreeningSequel(Protocol):
    """What follows from a screening, in the transaction that stores it: requests' `RiskRaiser`."""

    async def screened(
        self,
        uow: UnitOfWork,
        study_pk: str,
        status: ScreeningStatus,
        severity: RecordSeverity | None,
    ) -> None:
        """Hear how a recording was judged; without a severity where it could not be."""
        ...


@dataclass(frozen=True)
class _Result:
    event: ScreeningEvent
    values: dict[str, object]
    severity: RecordSeverity | None = None


class Screener:
    """Screens one record after the other."""

    def __init__(
        self,
        *,
        database: Database,
        originals: OriginalFiles,
        bench: ScreeningBench,
        studies: PatientStudies,
        audit: AuditTrail,
        clock: Clock,
        sequel: ScreeningSequel,
    ) -> None:
        self._database = database
        self._originals = originals
        self._bench = bench
        self._studies = studies
        self._audit = audit
        self._clock = clock
        self._sequel = sequel

    async def screen(self, ecg_id: str) -> None:
        """Screen a record that is pending; any other, or one that is gone, is left as it is.

        Raises
        ------
        Unavailable
            If its bytes or the database are out of reach: nothing was changed, try again.
        """
        async with self._database.reading() as session:
            record = await session.get(EcgRecord, ecg_id)
        if record is None or record.status != ScreeningStatus.PENDING:
            return
        try:
            async with self._originals.as_file(record.object_id) as path:
                screening = await self._bench.screen(path)
                changes = await self._changes(record, path)
        except UnreadableEcg as error:
            await self.fail(ecg_id, error.detail)
            return
        await self._finish(ecg_id, _judged(screening, record, changes))

    async def _changes(self, record: EcgRecord, path: Path) -> list[dict[str, Any]] | None:
        """Return what changed since the patient's last ECG; None where none can be compared."""
        taken = taken_at()
        async with self._database.reading() as session:
            before = await session.scalar(
                select(EcgRecord.object_id)
                .where(
                    EcgRecord.study_pk.in_(
                        self._studies.of_the_same_patient_and_owner(record.study_pk)
                    ),
                    EcgRecord.instance_pk.not_in(self._studies.hidden_instances()),
                    EcgRecord.id != record.id,
                    EcgRecord.status == ScreeningStatus.SCREENED,
                    taken < (record.acquired_at or record.received_at),
                )
                .order_by(taken.desc(), EcgRecord.id.desc())
                .limit(1)
            )
        if before is None:
            return None
        try:
            async with self._originals.as_file(before) as previous:
                found = await self._bench.compare(previous, path)
        except LianzhenError as error:
            # What is new does not wait for what is old.
            _log.warning("an ECG was not compared", ecg_id=record.id, reason=error.detail)
            return None
        comparison = found["comparison"]
        if not comparison["comparable"]:
            return None
        return [
            {
                "code": change["kind"],
                **{name: change[name] for name in ("text_zh", "text_en", "severity")},
            }
            for change in comparison["changes"][:_CHANGES_SHOWN]
        ]

    async def fail(self, ecg_id: str, reason: str) -> None:
        """Record that a pending ECG cannot be screened, and why, in one line."""
        await self._finish(ecg_id, _Result(ScreeningEvent.FAIL, {"failure": reason[:500]}))

    async def _finish(self, ecg_id: str, result: _Result) -> None:
        now = self._clock.now()
        after = status_after(ScreeningStatus.PENDING, result.event)
        async with self._database.unit_of_work() as uow:
            changed = await uow.session.execute(
                update(EcgRecord)
                .where(EcgRecord.id == ecg_id, EcgRecord.status == ScreeningStatus.PENDING)
                .values(status=after, screened_at=now, **result.values)
                .returning(EcgRecord.org, EcgRecord.study_pk, EcgRecord.owner_institution_id)
            )
            record = changed.one_or_none()
            if record is None:
                # Another run of the same workflow was first.
                return
            failed = after is ScreeningStatus.FAILED
            self._audit.record(
                uow,
                AuditRecord(
                    action="ecg.screen",
                    outcome=Outcome.FAILED if failed else Outcome.SUCCESS,
                    org=record.org,
                    institution_id=record.owner_institution_id,
                    object_kind="ecg",
                    object_id=ecg_id,
                    detail={
                        name: result.values[name]
                        for name in ("failure", "rules_version", "severity")
                        if name in result.values
                    },
                ),
            )
            await self._sequel.screened(uow, record.study_pk, after, result.severity)
            await publish(
                uow,
                Occurrence(
                    org=record.org,
                    topic=SCREENED,
                    at=now,
                    study_id=record.study_pk,
                    payload={"ecg_id": ecg_id, "study_id": record.study_pk},
                ),
            )
            await uow.commit()


def severity_of(findings: list[dict[str, Any]]) -> RecordSeverity:
    """Return a recording's severity: that of its worst finding.

    Two rules keep a recording from looking better than it was judged: one that cannot be
    interpreted says so, and only one that the rules call within normal limits is normal.
    """
    codes = {finding["code"] for finding in findings}
    severities = {finding["severity"] for finding in findings}
    if Severity.RED in severities:
        return RecordSeverity.RED
    if FindingCode.UNINTERPRETABLE in codes:
        return RecordSeverity.UNINTERPRETABLE
    if Severity.ORANGE in severities:
        return RecordSeverity.ORANGE
    if severities == {Severity.NORMAL} and FindingCode.WITHIN_NORMAL_LIMITS in codes:
        return RecordSeverity.NORMAL
    return RecordSeverity.ROUTINE


def _judged(
    screening: dict[str, Any], record: EcgRecord, changes: list[dict[str, Any]] | None
) -> _Result:
    findings = [
        {name: finding[name] for name in _AS_LISTS_SHOW} for finding in screening["findings"]
    ]
    severity = severity_of(findings)
    values = {
        "screening": screening,
        "findings": findings,
        "changes": changes,
        "severity": severity,
        "heart_rate_bpm": screening["measurements"]["heart_rate_bpm"],
        "rules_version": screening["rules_version"],
        "acquired_at": record.acquired_at or _aware(screening["acquired_at"]),
        "failure": None,
    }
    return _Result(ScreeningEvent.SUCCEED, values, severity)


def _aware(text: str | None) -> datetime | None:
    moment = datetime.fromisoformat(text) if text is not None else None
    return moment if moment is not None and moment.tzinfo is not None else None
