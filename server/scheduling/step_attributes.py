"""What a performed procedure step says, in the DICOM JSON model (PS3.4 Table F.7.2-1)."""

import gzip
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Any, Final

import orjson
from pydicom.datadict import tag_for_keyword

from dicom.uids import is_uid
from server.scheduling.models import PerformedStatus

Attributes = Mapping[str, Any]
"""Tag in eight hexadecimal digits to its element."""


class Fault(StrEnum):
    """What is wrong with attributes."""

    MISSING = "missing"
    EMPTY = "empty"
    INVALID = "invalid"
    TOO_LARGE = "too large, use several steps"


class AttributesError(ValueError):
    """A step cannot be as a device says it is."""

    def __init__(self, fault: Fault, keywords: Sequence[str]) -> None:
        super().__init__(": ".join(filter(None, [fault, ", ".join(keywords)])))
        self.fault = fault
        self.tags = tuple(tag_for_keyword(each) or 0 for each in keywords)


@dataclass(frozen=True)
class ScheduledItem:
    """What a step says of an examination that was, or was not, scheduled."""

    study_instance_uid: str
    accession_number: str
    scheduled_step_id: str


_SCHEDULED: Final = "ScheduledStepAttributesSequence"
_STATUS: Final = "PerformedProcedureStepStatus"
_SERIES: Final = "PerformedSeriesSequence"
_MOST_SCHEDULED: Final = 100
"""Examinations made in one step: a group case has a few."""
_MOST_SERIES: Final = 1_000
_MOST_BYTES: Final = 4_194_304
"""Of a step as JSON, however many requests it came in: it lists more than 20,000 images then."""
_LISTS: Final = ("ReferencedImageSequence", "ReferencedNonImageCompositeSOPInstanceSequence")

_FIRST: Final = (
    _SCHEDULED,
    "PerformedProcedureStepID",
    "PerformedStationAETitle",
    "PerformedProcedureStepStartDate",
    "PerformedProcedureStepStartTime",
    _STATUS,
    "Modality",
)
"""Type 1 of N-CREATE. What is type 2 there devices leave out, and we do not miss it."""
_LAST: Final = ("PerformedProcedureStepEndDate", "PerformedProcedureStepEndTime", _SERIES)
"""Type 1 of the final state. Asked of a completed step alone: one that was broken off ends."""
_FIXED: Final = (
    _SCHEDULED,
    "PatientName",
    "PatientID",
    "PatientBirthDate",
    "PatientSex",
    "ReferencedPatientSequence",
    "PerformedProcedureStepID",
    "PerformedStationAETitle",
    "PerformedStationName",
    "PerformedLocation",
    "PerformedProcedureStepStartDate",
    "PerformedProcedureStepStartTime",
    "Modality",
    "StudyID",
)
"""Not allowed in N-SET; devices that repeat them unchanged are not refused."""


def status_of(attributes: Attributes) -> PerformedStatus | None:
    """Return the status that is said, None where none is; raise `AttributesError` for others."""
    said = text(attributes, _STATUS)
    if not said:
        return None
    try:
        return PerformedStatus(said)
    except ValueError:
        raise AttributesError(Fault.INVALID, [_STATUS]) from None


def check_created(attributes: Attributes) -> None:
    """Raise `AttributesError` where a step may not begin so (PS3.4 F.7.2.1.1)."""
    _require(attributes, _FIRST)
    if status_of(attributes) is not PerformedStatus.IN_PROGRESS:
        raise AttributesError(Fault.INVALID, [_STATUS])
    scheduled = scheduled_items(attributes)
    if len(scheduled) > _MOST_SCHEDULED:
        raise AttributesError(Fault.TOO_LARGE, [_SCHEDULED])
    if not all(is_uid(each.study_instance_uid) for each in scheduled):
        raise AttributesError(Fault.INVALID, [_SCHEDULED])
    series_counts(attributes)


def changed(attributes: Attributes, changes: Attributes) -> dict[str, Any]:
    """Return attributes with changes; raise `AttributesError` where these are not allowed."""
    fixed = [
        keyword
        for keyword in _FIXED
        if (tag := _tag(keyword)) in changes and changes[tag] != attributes.get(tag)
    ]
    if fixed:
        raise AttributesError(Fault.INVALID, fixed)
    after = {**attributes, **changes}
    series_counts(after)
    if status_of(after) is PerformedStatus.COMPLETED:
        _require(after, _LAST)
    return after


def packed(attributes: Attributes) -> bytes:
    """Return attributes as JSON, gzipped; raise `AttributesError` where they are too large."""
    said = orjson.dumps(attributes)
    if len(said) > _MOST_BYTES:
        raise AttributesError(Fault.TOO_LARGE, ())
    return gzip.compress(said, 1)


def unpacked(content: bytes) -> dict[str, Any]:
    """Return what `packed` was given."""
    attributes: dict[str, Any] = orjson.loads(gzip.decompress(content))
    return attributes


def scheduled_items(attributes: Attributes) -> list[ScheduledItem]:
    """Return what the step says it was scheduled as."""
    return [
        ScheduledItem(
            text(item, "StudyInstanceUID"),
            text(item, "AccessionNumber"),
            text(item, "ScheduledProcedureStepID"),
        )
        for item in items(attributes, _SCHEDULED)
    ]


def series_counts(attributes: Attributes) -> dict[str, int]:
    """Return how many objects are in each series.

    Raises
    ------
    AttributesError
        If a series has no UID, or there are too many.
    """
    counts: dict[str, int] = {}
    for item in items(attributes, _SERIES):
        uid = text(item, "SeriesInstanceUID")
        if not is_uid(uid):
            raise AttributesError(Fault.INVALID, [_SERIES])
        counts[uid] = counts.get(uid, 0) + sum(len(items(item, each)) for each in _LISTS)
    if len(counts) > _MOST_SERIES:
        raise AttributesError(Fault.TOO_LARGE, [_SERIES])
    return counts


def text(attributes: Attributes, keyword: str) -> str:
    """Return the first value of an attribute, empty where there is none."""
    values = attributes.get(_tag(keyword), {}).get("Value") or [""]
    return str(values[0] or "").strip()


def items(attributes: Attributes, keyword: str) -> list[Attributes]:
    """Return the items of a sequence."""
    element = attributes.get(_tag(keyword), {})
    return list(element.get("Value") or ()) if element.get("vr") == "SQ" else []


def _require(attributes: Attributes, keywords: Iterable[str]) -> None:
    wanted = list(keywords)
    if missing := [each for each in wanted if _tag(each) not in attributes]:
        raise AttributesError(Fault.MISSING, missing)
    if empty := [each for each in wanted if not attributes[_tag(each)].get("Value")]:
        raise AttributesError(Fault.EMPTY, empty)


def _tag(keyword: str) -> str:
    return f"{tag_for_keyword(keyword) or 0:08X}"
