"""Query/retrieve levels: which of them an information model has (PS3.4 C.6)."""

from collections.abc import Mapping
from typing import Final

from pydicom.dataset import Dataset

from dicom import dataset as access
from dicom.dimse.information_models import PATIENT_STUDY_ONLY, STUDY_ROOT_FIND
from server.studies.public import Level

LEVELS: Final[Mapping[str, Level]] = {
    "PATIENT": Level.PATIENT,
    "STUDY": Level.STUDY,
    "SERIES": Level.SERIES,
    "IMAGE": Level.INSTANCE,
}


def level_of(identifier: Dataset, sop_class_uid: str) -> Level | None:
    """Return the level an identifier names, None where it is none of its information model.

    Study Root has no patients, but Orthanc retrieves them by it: one patient ID says which.
    """
    level = LEVELS.get(access.text(identifier, "QueryRetrieveLevel") or "")
    if level is Level.PATIENT and sop_class_uid == STUDY_ROOT_FIND:
        return None
    if level in {Level.SERIES, Level.INSTANCE} and sop_class_uid in PATIENT_STUDY_ONLY:
        return None
    return level
