"""What a service does beyond its baseline, told to peers that ask (SOP class extended negotiation).

References
----------
DICOM PS3.7 section D.3.3.5, PS3.4 sections B.3.1 (storage), C.5.1 (C-FIND), C.5.2 and C.5.3
(C-MOVE and C-GET).
"""

from dataclasses import dataclass
from typing import Final

from dicom.dimse.information_models import (
    GET_SOP_CLASSES,
    MOVE_SOP_CLASSES,
    PATIENT_ROOT_FIND,
    PATIENT_STUDY_ONLY_FIND,
    STUDY_ROOT_FIND,
)

# Relational queries; combined date-time matching; fuzzy semantic matching of person names; timezone
# query adjustment; enhanced multi-frame image conversion (PS3.4 Table C.5-2).
_FIND: Final = bytes([1, 1, 1, 0, 0])
# Relational retrieval; enhanced multi-frame image conversion (PS3.4 Table C.5-4).
_RETRIEVE: Final = bytes([1, 0])
# Level 2, all elements are kept; signature level 3, bit for bit; no element is coerced (PS3.4 Table
# B.3-2, with reserved bytes between).
_STORAGE: Final = bytes([2, 0, 3, 0, 0, 0])

_COMBINED: Final = 1
_FUZZY: Final = 2


@dataclass(frozen=True, slots=True)
class QueryOptions:
    """What was agreed on for the queries of a presentation context.

    Parameters
    ----------
    combined_times
        A range of dates and one of times are one period, from the first moment to the last (PS3.4
        C.2.2.2.5), and not hours of each of those days.
    fuzzy_names
        Person names are matched by what they sound like and not by their letters alone.
    """

    combined_times: bool = False
    fuzzy_names: bool = False

    @classmethod
    def of(cls, agreed: bytes) -> "QueryOptions":
        """Read a service class application information that `agreed_on` returned."""
        return cls(
            combined_times=agreed[_COMBINED : _COMBINED + 1] == b"\1",
            fuzzy_names=agreed[_FUZZY : _FUZZY + 1] == b"\1",
        )


def agreed_on(sop_class: str, asked: bytes, *, is_storage: bool) -> bytes | None:
    """Return our answer to a service class application information; None to give none.

    Parameters
    ----------
    sop_class
        One that was accepted.
    asked
        What the peer asked for, as many bytes as its edition of the standard knows.
    is_storage
        Whether objects of the class are stored.

    Returns
    -------
    bytes
        For storage what we do, whatever is asked; for queries and retrievals what was asked for
        and is done, no longer than the question.
    """
    if is_storage:
        return _STORAGE
    if sop_class in {PATIENT_ROOT_FIND, STUDY_ROOT_FIND, PATIENT_STUDY_ONLY_FIND}:
        offer = _FIND
    elif sop_class in MOVE_SOP_CLASSES | GET_SOP_CLASSES:
        offer = _RETRIEVE
    else:
        return None
    return bytes(int(one == 1 and done == 1) for one, done in zip(asked, offer, strict=False))
