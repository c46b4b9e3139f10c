"""What the township's devices send in a journey: pydicom's real CT and ECG, of invented people."""

from pathlib import Path

import numpy as np
from pydicom import Dataset, dcmread
from pydicom.encaps import encapsulate, generate_frames
from pydicom.uid import JPEG2000Lossless, generate_uid

from tests.support.dicom_files import file_bytes, sample
from tests.support.st_elevation import elevated_ecg_bytes

CT_SLICES = 4
CT_PATIENT = "王^秀兰"
ECG_PATIENT = "李^建国"
ALARM_PATIENT = "赵^国强"
MARKUP_PATIENT = "<script>alert(1)</script>^<b>刘</b>"


def write_cases(folder: Path) -> None:
    """Write each case into a folder of its own, as a device would send it in one association."""
    for name, files in {
        "ct": _ct(CT_PATIENT, "J-CT"),
        "ecg": [elevated_ecg_bytes(None, {}, **_patient(ECG_PATIENT, "J-ECG"))],
        "damaged": _damaged_ct("孙^家栋", "J-BAD"),
        "plain": _ct("钱^文", "J-PLAIN"),
        "markup": _ct(MARKUP_PATIENT, "J-XSS")[:1],
        "alarm": [elevated_ecg_bytes(**_patient(ALARM_PATIENT, "J-AMI"))],
    }.items():
        (folder / name).mkdir(parents=True)
        for number, content in enumerate(files, 1):
            (folder / name / f"{number}.dcm").write_bytes(content)


def _patient(name: str, patient_id: str) -> dict[str, object]:
    return {
        "SpecificCharacterSet": "ISO_IR 192",
        "PatientName": name,
        "PatientID": patient_id,
        "PatientSex": "F" if name == CT_PATIENT else "M",
        "PatientAge": "068Y",
    }


def _ct(name: str, patient_id: str) -> list[bytes]:
    """Return a series made of one real slice, turned a quarter further in each."""
    study, series = generate_uid(), generate_uid()
    return [
        file_bytes(_slice(number, study, series, _patient(name, patient_id)))
        for number in range(CT_SLICES)
    ]


def _damaged_ct(name: str, patient_id: str) -> list[bytes]:
    """Return a compressed series whose second slice is whole in DICOM, and garbage inside."""
    study, series = generate_uid(), generate_uid()
    files = []
    for number in range(3):
        dataset = _slice(number, study, series, _patient(name, patient_id))
        dataset.compress(JPEG2000Lossless, generate_instance_uid=False)
        if number == 1:
            (frame,) = generate_frames(dataset.PixelData, number_of_frames=1)
            # The size it claims stays (SIZ); what follows (COD …) only a decoder can judge.
            whole = frame.index(b"\xff\x52")
            dataset.PixelData = encapsulate([frame[:whole] + b"\xa5" * (len(frame) - whole)])
        files.append(file_bytes(dataset))
    return files


def _slice(number: int, study: str, series: str, changes: dict[str, object]) -> Dataset:
    dataset = dcmread(sample("CT_small.dcm"))
    for keyword, value in changes.items():
        setattr(dataset, keyword, value)
    dataset.StudyInstanceUID, dataset.SeriesInstanceUID = study, series
    dataset.SOPInstanceUID = generate_uid()
    dataset.file_meta.MediaStorageSOPInstanceUID = dataset.SOPInstanceUID
    dataset.InstanceNumber = number + 1
    x, y, z = dataset.ImagePositionPatient
    dataset.ImagePositionPatient = [x, y, float(z) + 5 * number]
    dataset.PixelData = np.ascontiguousarray(np.rot90(dataset.pixel_array, number)).tobytes()
    return dataset
