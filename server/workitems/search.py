"""Searches of workitems (PS3.18 11.9): keys of UPS as conditions on requests and their studies."""

from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Any, Final

from sqlalchemy import ColumnElement, and_, false, or_, true

from dicom.web.query import AnyOf, Exact, Match, Query, Range, Universal
from server.core.errors import InvalidInput
from server.requests.public import DiagnosisRequest, Risk
from server.studies.public import ATTRIBUTES, condition
from server.workitems.document import CHINA
from server.workitems.models import Workitem
from server.workitems.states import StepState, statuses_of
from server.workitems.uids import request_id_of

_OF_STUDY: Final = {
    "PatientName": "PatientName",
    "PatientID": "PatientID",
    "PatientBirthDate": "PatientBirthDate",
    "PatientSex": "PatientSex",
    "StudyInstanceUID": "StudyInstanceUID",
    "AccessionNumber": "AccessionNumber",
    "ReferencedRequestSequence.AccessionNumber": "AccessionNumber",
    "ReferencedRequestSequence.StudyInstanceUID": "StudyInstanceUID",
    "InputInformationSequence.StudyInstanceUID": "StudyInstanceUID",
}


def conditions(query: Query) -> list[ColumnElement[bool]]:
    """Return what is asked of requests joined with their studies and workitems.

    Raises
    ------
    InvalidInput
        If a key is none of these, or its value none of its kind.
    """
    found = []
    for keyword, match in query.matches.items():
        if keyword in _OF_STUDY:
            found.append(condition(ATTRIBUTES[_OF_STUDY[keyword]], match))
        elif keyword in _OF_REQUEST:
            found.append(_OF_REQUEST[keyword](match))
        else:
            raise InvalidInput(f"workitems are not searched by {keyword}", code="unknown-key")
    return found


def _by_state(match: Match) -> ColumnElement[bool]:
    states = [StepState(value) for value in _words(match) if value in list(StepState)]
    statuses = [status for state in states for status in statuses_of(state)]
    return _any(match, DiagnosisRequest.status.in_(statuses))


def _by_priority(match: Match) -> ColumnElement[bool]:
    high = or_(DiagnosisRequest.emergency.is_(True), DiagnosisRequest.risk == Risk.RED)
    said = {"HIGH": high, "MEDIUM": ~high}
    return _any(match, or_(false(), *(said[word] for word in _words(match) if word in said)))


def _by_uid(match: Match) -> ColumnElement[bool]:
    words = _words(match)
    ids = [found for word in words if (found := request_id_of(word)) is not None]
    unnamed = and_(Workitem.uid.is_(None), DiagnosisRequest.id.in_(ids))
    return _any(match, or_(Workitem.uid.in_(words), unnamed))


def _moment(column: Any) -> Callable[[Match], ColumnElement[bool]]:  # noqa: ANN401 -- a column's
    def by_moment(match: Match) -> ColumnElement[bool]:
        if not isinstance(match, Range):
            return true()
        bounds = [true()]
        if isinstance(match.low, datetime):
            bounds.append(column >= _aware(match.low))
        if isinstance(match.high, datetime):
            bounds.append(column <= _aware(match.high))
        return and_(*bounds)

    return by_moment


_OF_REQUEST: Final[Mapping[str, Callable[[Match], ColumnElement[bool]]]] = {
    "SOPInstanceUID": _by_uid,
    "ProcedureStepState": _by_state,
    "ScheduledProcedureStepPriority": _by_priority,
    "ScheduledProcedureStepStartDateTime": _moment(DiagnosisRequest.received_at),
    "ExpectedCompletionDateTime": _moment(DiagnosisRequest.due_at),
}


def _words(match: Match) -> tuple[str, ...]:
    match match:
        case Exact(value):
            return (value,)
        case AnyOf(values):
            return values
        case _:
            return ()


def _any(match: Match, wanted: ColumnElement[bool]) -> ColumnElement[bool]:
    return true() if isinstance(match, Universal) else wanted


def _aware(moment: datetime) -> datetime:
    return moment if moment.tzinfo is not None else moment.replace(tzinfo=CHINA)
