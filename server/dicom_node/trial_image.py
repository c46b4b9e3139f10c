"""A picture that nobody takes for a patient's: what a connection is tried with."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import datetime
from typing import Final

import numpy as np
from numpy.typing import NDArray
from pydicom.dataset import Dataset
from pynetdicom.dsutils import encode

from dicom.dimse.outgoing import OutgoingObject
from dicom.uids import EXPLICIT_VR_LITTLE_ENDIAN

SECONDARY_CAPTURE: Final = "1.2.840.10008.5.1.4.1.1.7"
_SIDE: Final = 512
_STEPS: Final = 16
_SCALE: Final = 12
# TEST, in five rows of dots.
_LETTERS: Final = (
    "### ### ### ###",
    " #  #   #    # ",
    " #  ##  ###  # ",
    " #  #     #  # ",
    " #  ### ###  # ",
)


def trial_image(uid: str, at: datetime) -> OutgoingObject:
    """Return a secondary capture of a grey scale that says TEST.

    Parameters
    ----------
    uid
        Of its study; series and instance are below it.
    at
        When it was made.
    """
    dataset = Dataset()
    dataset.SpecificCharacterSet = "ISO_IR 192"
    dataset.SOPClassUID, dataset.SOPInstanceUID = SECONDARY_CAPTURE, f"{uid}.1.1"
    dataset.StudyInstanceUID, dataset.SeriesInstanceUID = uid, f"{uid}.1"
    dataset.StudyDate = dataset.ContentDate = at.strftime("%Y%m%d")
    dataset.StudyTime = dataset.ContentTime = at.strftime("%H%M%S")
    dataset.AccessionNumber = dataset.ReferringPhysicianName = ""
    dataset.Modality, dataset.ConversionType = "OT", "SYN"
    dataset.PatientName, dataset.PatientID = "TEST^LIANZHEN=联诊测试", "LIANZHEN-TEST"
    dataset.PatientBirthDate = dataset.PatientSex = ""
    dataset.StudyID, dataset.SeriesNumber, dataset.InstanceNumber = "TEST", 1, 1
    dataset.StudyDescription = "联诊连接测试，可删除 Connection test, may be deleted"
    dataset.SamplesPerPixel, dataset.PhotometricInterpretation = 1, "MONOCHROME2"
    dataset.Rows = dataset.Columns = _SIDE
    dataset.BitsAllocated = dataset.BitsStored = 8
    dataset.HighBit, dataset.PixelRepresentation = 7, 0
    dataset.PixelData = _pixels().tobytes()
    encoded = encode(dataset, is_implicit_vr=False, is_little_endian=True)
    if encoded is None:
        raise ValueError("the test image cannot be encoded")

    @asynccontextmanager
    async def opened() -> AsyncIterator[AsyncIterator[bytes]]:
        async def blocks() -> AsyncIterator[bytes]:
            yield encoded

        yield blocks()

    return OutgoingObject(
        SECONDARY_CAPTURE, dataset.SOPInstanceUID, EXPLICIT_VR_LITTLE_ENDIAN, opened
    )


def _pixels() -> NDArray[np.uint8]:
    steps = np.repeat(np.linspace(0, 255, _STEPS).astype(np.uint8), _SIDE // _STEPS)
    picture = np.tile(steps, (_SIDE, 1))
    dots = np.array([[sign == "#" for sign in row] for row in _LETTERS])
    letters = np.kron(dots, np.ones((_SCALE, _SCALE), bool))
    top, left = (_SIDE - letters.shape[0]) // 2, (_SIDE - letters.shape[1]) // 2
    band = picture[top - _SCALE : top + letters.shape[0] + _SCALE]
    band[:] = 0
    words = picture[top : top + letters.shape[0], left : left + letters.shape[1]]
    words[letters] = 255
    return picture
