"""The one error of this package's readers, with the stable codes that callers answer by."""

from enum import StrEnum


class FormatFault(StrEnum):
    """Why a file or a data set was refused. The values are stable."""

    NOT_DICOM = "not-dicom"
    MISSING_META = "missing-meta"
    MISSING_TRANSFER_SYNTAX = "missing-transfer-syntax"
    BAD_STRUCTURE = "bad-structure"
    TRUNCATED = "truncated"
    TOO_DEEP = "too-deep"
    TOO_MANY_ELEMENTS = "too-many-elements"
    TOO_MANY_FRAGMENTS = "too-many-fragments"
    VALUE_TOO_LONG = "value-too-long"
    DUPLICATE_ELEMENT = "duplicate-element"
    MISSING_UID = "missing-uid"
    BAD_UID = "bad-uid"
    UID_MISMATCH = "uid-mismatch"
    DEFLATE_BOMB = "deflate-bomb"
    BAD_DEFLATE = "bad-deflate"
    BAD_PIXEL_DATA = "bad-pixel-data"
    PIXEL_DATA_MISSING = "pixel-data-missing"
    PIXEL_DATA_TRUNCATED = "pixel-data-truncated"
    BAD_WAVEFORM = "bad-waveform"


class DicomFormatError(ValueError):
    """A DICOM file or data set that must not be accepted.

    Parameters
    ----------
    code
        The stable reason.
    message
        One English sentence for the log and the sender; never patient data.
    """

    def __init__(self, code: FormatFault, message: str) -> None:
        super().__init__(f"{code}: {message}")
        self.code = code
        self.message = message
