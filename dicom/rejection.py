"""Rejection notes: key object selections that take objects out of use.

References
----------
IHE Radiology Technical Framework, Imaging Object Change Management (RAD-66), DICOM PS3.16 CID 7011,
PS3.3 C.17.6 (key object documents).
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Any, Final

from dicom.uids import is_uid

KEY_OBJECT_SELECTION: Final = "1.2.840.10008.5.1.4.1.1.88.59"

Json = Mapping[str, Any]


class RejectionReason(StrEnum):
    """Why objects are rejected, by its code in DCM, the strictest first."""

    PATIENT_SAFETY = "113037"
    WORKLIST_ENTRY = "113038"
    """Incorrect Modality Worklist Entry: another patient's, or another procedure's."""
    RETENTION_EXPIRED = "113039"
    QUALITY = "113001"

    @property
    def is_final(self) -> bool:
        """Whether an object that is sent again is refused."""
        return self in {RejectionReason.PATIENT_SAFETY, RejectionReason.WORKLIST_ENTRY}


STRICTEST_FIRST: Final = tuple(RejectionReason)


@dataclass(frozen=True, slots=True)
class Rejected:
    """An object that a note rejects."""

    study_instance_uid: str
    sop_instance_uid: str


@dataclass(frozen=True, slots=True)
class RejectionNote:
    """What a rejection note says.

    Parameters
    ----------
    reason
        Its document title.
    objects
        What its Current Requested Procedure Evidence names, each once.
    """

    reason: RejectionReason
    objects: tuple[Rejected, ...]


_CONCEPT_NAME: Final = "0040A043"
_CODE_VALUE: Final = "00080100"
_CODING_SCHEME: Final = "00080102"
_EVIDENCE: Final = "0040A375"
_SERIES: Final = "00081115"
_OBJECTS: Final = "00081199"
_STUDY_INSTANCE_UID: Final = "0020000D"
_REFERENCED_SOP_INSTANCE_UID: Final = "00081155"


def rejection_note(document: Json) -> RejectionNote | None:
    """Read a key object selection as a rejection note.

    Parameters
    ----------
    document
        The object as DICOM JSON (PS3.18 F).

    Returns
    -------
    RejectionNote or None
        None where its title is none of a rejection, or it names no object.
    """
    title = next(_items(document, _CONCEPT_NAME), {})
    code = _text(title, _CODE_VALUE)
    if _text(title, _CODING_SCHEME) != "DCM" or code not in STRICTEST_FIRST:
        return None
    objects = dict.fromkeys(_rejected(document))
    return RejectionNote(RejectionReason(code), tuple(objects)) if objects else None


def _rejected(document: Json) -> Iterator[Rejected]:
    for study in _items(document, _EVIDENCE):
        study_uid = _text(study, _STUDY_INSTANCE_UID)
        for series in _items(study, _SERIES):
            for one in _items(series, _OBJECTS):
                sop_uid = _text(one, _REFERENCED_SOP_INSTANCE_UID)
                if is_uid(study_uid) and is_uid(sop_uid):
                    yield Rejected(study_uid, sop_uid)


def _items(document: Json, tag: str) -> Iterator[Json]:
    values = document.get(tag, {}).get("Value") or ()
    return (each for each in values if isinstance(each, Mapping))


def _text(document: Json, tag: str) -> str:
    values = document.get(tag, {}).get("Value") or ()
    return str(values[0]) if values and values[0] is not None else ""
