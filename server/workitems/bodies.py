"""What UPS clients send, read from DICOM JSON (PS3.18 F) or XML (PS3.19 A.1)."""

from collections.abc import Mapping
from typing import Any, Final

from pydicom.datadict import dictionary_keyword, tag_for_keyword

from dicom.uids import is_uid
from dicom.web.json_reader import NodeBudget
from server.core.errors import InvalidInput
from server.dicomweb.public import described
from server.requests.public import RequestPatch
from server.workitems.service import NewWorkitem
from server.workitems.states import StepState

Json = Mapping[str, Any]

_PRIORITY: Final = "ScheduledProcedureStepPriority"
_COMMENTS: Final = "CommentsOnTheScheduledProcedureStep"
_PROGRESS: Final = "ProcedureStepProgressInformationSequence"
_LONGEST: Final = 500
_PER_CENT: Final = range(101)
_URGENT: Final = {"HIGH": True, "MEDIUM": False, "LOW": False}
"""Priorities of UPS: what is urgent is an emergency to us."""


def dataset(kind: str, body: bytes) -> Json:
    """Read the one data set of a body of the media type ``kind``.

    Raises
    ------
    InvalidInput, TooLarge
        If the body is none, or holds several; if it has too many parts.
    """
    several = described(kind, body, NodeBudget())
    if len(several) != 1 or not all(isinstance(each, dict) for each in several[0].values()):
        raise InvalidInput("the body is not one data set", code="bad-body")
    return several[0]


def new_workitem(ds: Json, uid: str | None) -> NewWorkitem:
    """Read a workitem to be created (PS3.4 Table CC.2.5-3).

    Raises
    ------
    InvalidInput
        If it is not SCHEDULED, is locked, or names no study as its input, or several.
    """
    if _text(ds, "ProcedureStepState") != StepState.SCHEDULED:
        raise InvalidInput("ProcedureStepState must be SCHEDULED", code="ups-not-scheduled")
    if _text(ds, "TransactionUID"):
        raise InvalidInput("TransactionUID must be empty", code="ups-locked")
    studies = {_text(item, "StudyInstanceUID") for item in _items(ds, "InputInformationSequence")}
    studies |= {_text(ds, "StudyInstanceUID")} - {""}
    study = studies.pop() if len(studies) == 1 else ""
    if not is_uid(study):
        raise InvalidInput(
            "InputInformationSequence must name one study: images come before their reading",
            code="ups-no-input",
        )
    named = uid or _text(ds, "SOPInstanceUID") or None
    if named is not None and not is_uid(named):
        raise InvalidInput("the workitem's UID is none", code="bad-uid")
    return NewWorkitem(named, study, emergency(ds) or False, _comments(ds))


def emergency(ds: Json) -> bool | None:
    """Return what a priority says, None for none.

    Raises
    ------
    InvalidInput
        If it is no priority.
    """
    priority = _text(ds, _PRIORITY)
    if priority and priority not in _URGENT:
        raise InvalidInput(f"{_PRIORITY} is HIGH, MEDIUM or LOW", code="bad-priority")
    return _URGENT[priority] if priority else None


def change(ds: Json) -> tuple[RequestPatch | None, tuple[int | None, str | None] | None]:
    """Read an update: what the examining side says, and what the performer says.

    Raises
    ------
    InvalidInput
        If it changes nothing, or an attribute that UPS clients do not change here.
    """
    keywords = {_keyword(tag) for tag in ds}
    others = keywords - {_PRIORITY, _COMMENTS, _PROGRESS, "SpecificCharacterSet", "TransactionUID"}
    if others:
        raise InvalidInput(f"{min(others)} is not changed here", code="ups-fixed")
    values: dict[str, Any] = {}
    if _PRIORITY in keywords:
        values["emergency"] = emergency(ds)
    if _COMMENTS in keywords:
        values["complaint"] = _comments(ds)
    progress = _progress(ds) if _PROGRESS in keywords else None
    if not values and progress is None:
        raise InvalidInput("the update changes nothing", code="bad-body")
    return RequestPatch(**values) if values else None, progress


def state_change(ds: Json) -> tuple[StepState, str]:
    """Read a change of state: the state and the Transaction UID (PS3.18 11.7).

    Raises
    ------
    InvalidInput
        If one is missing or none.
    """
    state, transaction_uid = _text(ds, "ProcedureStepState"), _text(ds, "TransactionUID")
    if state not in list(StepState):
        raise InvalidInput("ProcedureStepState is none of UPS", code="bad-state")
    if not is_uid(transaction_uid):
        raise InvalidInput("TransactionUID is missing, or no UID", code="bad-transaction-uid")
    return StepState(state), transaction_uid


def cancellation_reason(ds: Json) -> str | None:
    """Return why a cancellation is asked for (PS3.18 11.8)."""
    return _text(ds, "ReasonForCancellation")[:_LONGEST].replace("\0", "") or None


def _comments(ds: Json) -> str | None:
    return _words(_text(ds, _COMMENTS))


def _progress(ds: Json) -> tuple[int | None, str | None]:
    item = next(iter(_items(ds, _PROGRESS)), {})
    percent = None
    if said := _text(item, "ProcedureStepProgress"):
        try:
            percent = round(float(said))
        except (ValueError, OverflowError):
            percent = -1
        if percent not in _PER_CENT:
            raise InvalidInput("ProcedureStepProgress is 0 to 100", code="bad-progress")
    return percent, _words(_text(item, "ProcedureStepProgressDescription"))


def _words(text: str) -> str | None:
    if len(text) > _LONGEST or "\0" in text:
        raise InvalidInput(f"a text has at most {_LONGEST} characters", code="too-long")
    return text or None


def _items(ds: Json, keyword: str) -> list[Json]:
    return [each for each in _values(ds, keyword) if isinstance(each, dict)]


def _text(ds: Json, keyword: str) -> str:
    value = next(iter(_values(ds, keyword)), "")
    return str(value).strip() if isinstance(value, str | int | float) else ""


def _values(ds: Json, keyword: str) -> list[Any]:
    element = ds.get(f"{tag_for_keyword(keyword):08X}", {})
    values = element.get("Value") if isinstance(element, dict) else None
    return values if isinstance(values, list) else []


def _keyword(tag: str) -> str:
    try:
        return dictionary_keyword(int(tag, 16)) or "an unknown attribute"
    except (ValueError, KeyError):
        return "an unknown attribute"
