"""Searches of the worklist that a device asks for (PS3.4 K.6.1.2)."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from pydicom.datadict import dictionary_VR
from sqlalchemy import ColumnElement, or_, select
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import InstrumentedAttribute

from dicom.web.query import Exact, Match, Range, Wildcard
from server.core.database import Database
from server.identity.public import Actor
from server.scheduling.models import ExamStatus, ScheduledExam
from server.studies.public import AttributeKind, condition, kind_of, name_match, period

STEP: Final = "ScheduledProcedureStepSequence"
STATION: Final = f"{STEP}.ScheduledStationAETitle"
START_DATE: Final = f"{STEP}.ScheduledProcedureStepStartDate"
START_TIME: Final = f"{STEP}.ScheduledProcedureStepStartTime"
_PATIENT_NAME: Final = "PatientName"


@dataclass(frozen=True)
class WorklistKey:
    """An attribute by which a worklist is searched, and with which it answers."""

    column: InstrumentedAttribute[Any]
    kind: AttributeKind
    vr: str


_COLUMNS: Final[Mapping[str, InstrumentedAttribute[Any]]] = {
    "PatientName": ScheduledExam.patient_name,
    "PatientID": ScheduledExam.patient_id,
    "PatientBirthDate": ScheduledExam.patient_birth_date,
    "PatientSex": ScheduledExam.patient_sex,
    "StudyInstanceUID": ScheduledExam.study_instance_uid,
    "AccessionNumber": ScheduledExam.accession_number,
    "ReferringPhysicianName": ScheduledExam.referring_physician,
    "RequestedProcedureID": ScheduledExam.requested_procedure_id,
    "RequestedProcedureDescription": ScheduledExam.description,
    "ReasonForTheRequestedProcedure": ScheduledExam.complaint,
    STATION: ScheduledExam.station_ae,
    START_DATE: ScheduledExam.start_date,
    START_TIME: ScheduledExam.start_time,
    f"{STEP}.Modality": ScheduledExam.modality,
    f"{STEP}.ScheduledPerformingPhysicianName": ScheduledExam.performing_physician,
    f"{STEP}.ScheduledProcedureStepDescription": ScheduledExam.description,
    f"{STEP}.ScheduledProcedureStepID": ScheduledExam.step_id,
}


def _key(path: str, column: InstrumentedAttribute[Any]) -> WorklistKey:
    vr = dictionary_VR(path.rpartition(".")[2])
    return WorklistKey(column, kind_of(vr), vr)


WORKLIST_KEYS: Final[Mapping[str, WorklistKey]] = {
    path: _key(path, column) for path, column in _COLUMNS.items()
}
"""The keys of PS3.4 Table K.6-1 that we hold, by their paths; others are answered empty."""


@dataclass(frozen=True)
class WorklistPage:
    """Examinations to be performed, the next first, and whether there are more."""

    exams: Sequence[ScheduledExam]
    more: bool


class WorklistSearch:
    """Finds what an institution's devices shall examine."""

    def __init__(self, *, database: Database) -> None:
        self._database = database

    async def page(
        self, device: Actor, matches: Mapping[str, Match], *, one_period: bool, limit: int
    ) -> WorklistPage:
        """Return the examinations of the device's institution that match.

        A patient's name is matched literally, and as people type it where nobody is found so.

        Parameters
        ----------
        device
            Who asks.
        matches
            By the paths of `WORKLIST_KEYS`.
        one_period
            Whether dates and times are one period, from the first time of the first date to the
            last time of the last date (PS3.4 Table K.6-1), and not times of each day.
        limit
            Examinations at most.

        Raises
        ------
        InvalidInput
            If a value is none of its key's kind.
        """
        query = (
            select(ScheduledExam)
            .where(
                ScheduledExam.org == device.org,
                ScheduledExam.institution_id == device.institution_id,
                ScheduledExam.status == ExamStatus.SCHEDULED,
                *_conditions(matches, one_period=one_period),
            )
            .order_by(ScheduledExam.start_date, ScheduledExam.start_time, ScheduledExam.id)
            .limit(limit + 1)
        )
        async with self._database.reading() as session:
            found: Sequence[ScheduledExam] = ()
            for named in _by_name(matches.get(_PATIENT_NAME)):
                found = await _found(session, query.where(named))
                if found:
                    break
        return WorklistPage(found[:limit], more=len(found) > limit)


async def _found(session: AsyncSession, query: Any) -> Sequence[ScheduledExam]:  # noqa: ANN401
    return (await session.scalars(query)).all()


def _by_name(match: Match | None) -> list[ColumnElement[bool]]:
    """Return the conditions on the patient's name, one to be tried after another."""
    key = WORKLIST_KEYS[_PATIENT_NAME]
    if match is None:
        return [ScheduledExam.id.is_not(None)]
    tried = [condition(key, match)]
    if isinstance(match, Exact | Wildcard):
        value = match.value if isinstance(match, Exact) else match.pattern
        if (typed := name_match(value, fuzzy=True)) is not None:
            tried.append(typed.of(ScheduledExam.patient_name))
    return tried


def _conditions(matches: Mapping[str, Match], *, one_period: bool) -> list[ColumnElement[bool]]:
    conditions = []
    apart = set(matches) - {_PATIENT_NAME}
    days, times = matches.get(START_DATE), matches.get(START_TIME)
    if one_period and isinstance(days, Range) and isinstance(times, Range):
        conditions += period(ScheduledExam.start_date, ScheduledExam.start_time, days, times)
        apart -= {START_DATE, START_TIME}
    for path, match in matches.items():
        if path not in apart:
            continue
        wanted = condition(WORKLIST_KEYS[path], match)
        if path == STATION:
            # What names no station is for whichever device of the institution asks.
            wanted = or_(ScheduledExam.station_ae.is_(None), wanted)
        conditions.append(wanted)
    return conditions
