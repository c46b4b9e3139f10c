"""Real DICOM files from pydicom's own wheel, and copies of them with other UIDs."""

import hashlib
from collections.abc import Sequence
from io import BytesIO
from pathlib import Path

from pydicom import Dataset, dcmread
from pydicom.data import get_testdata_file
from pydicom.dataset import FileMetaDataset
from pydicom.uid import ExplicitVRLittleEndian, KeyObjectSelectionDocumentStorage, generate_uid


def sample(name: str) -> Path:
    """Return the path of one of pydicom's own files (in its wheel, never downloaded)."""
    found = get_testdata_file(name, download=False)
    if found is None:
        raise FileNotFoundError(f"pydicom's wheel has no {name}")
    return Path(found)


def ct_bytes(**changes: object) -> bytes:
    """Return pydicom's real CT with changed elements, by keyword."""
    return changed(sample("CT_small.dcm"), **changes)


def ecg_bytes(**changes: object) -> bytes:
    """Return pydicom's real 12-lead ECG, a study and instance of its own, with changed elements."""
    own = {"StudyInstanceUID": generate_uid(), "SOPInstanceUID": generate_uid()}
    return changed(sample("waveform_ecg.dcm"), **{**own, **changes})


def changed(path: Path, **changes: object) -> bytes:
    """Return a file with changed elements, by keyword."""
    dataset = dcmread(path)
    for keyword, value in changes.items():
        setattr(dataset, keyword, value)
    if "SOPInstanceUID" in changes:
        dataset.file_meta.MediaStorageSOPInstanceUID = dataset.SOPInstanceUID
    return file_bytes(dataset)


def file_bytes(dataset: Dataset) -> bytes:
    """Return a dataset as a Part 10 file."""
    buffer = BytesIO()
    dataset.save_as(buffer, enforce_file_format=True)
    return buffer.getvalue()


def rewrapped(data: bytes) -> bytes:
    """Return the same data set behind other, longer file meta information."""
    dataset = dcmread(BytesIO(data))
    dataset.file_meta.PrivateInformationCreatorUID = generate_uid()
    dataset.file_meta.PrivateInformation = b"wrapped anew" * 8
    return file_bytes(dataset)


def ct_series(count: int) -> list[bytes]:
    """Return a series of CT slices, one study, distinct pixels."""
    study, series = generate_uid(), generate_uid()
    slices = []
    for number in range(1, count + 1):
        dataset = dcmread(sample("CT_small.dcm"))
        dataset.StudyInstanceUID, dataset.SeriesInstanceUID = study, series
        dataset.SOPInstanceUID = generate_uid()
        dataset.file_meta.MediaStorageSOPInstanceUID = dataset.SOPInstanceUID
        dataset.InstanceNumber = number
        slices.append(file_bytes(dataset))
    return slices


def large_ct(padding: int) -> bytes:
    """Return a CT of its own with so many bytes of noise after it, which nothing compresses.

    They are Data Set Trailing Padding (PS3.10 7.2), which may have any length.
    """
    (data,) = ct_series(1)
    noise = hashlib.shake_256(b"padding").digest(padding)
    return data + b"\xfc\xff\xfc\xffOB\0\0" + len(noise).to_bytes(4, "little") + noise


_REJECTIONS = {
    "113001": "Rejected for Quality Reasons",
    "113037": "Rejected for Patient Safety Reasons",
    "113038": "Incorrect Modality Worklist Entry",
    "113039": "Data Retention Policy Expired",
}


def rejection_note(*files: bytes, code: str = "113001", **changes: object) -> bytes:
    """Return a key object selection that rejects the instances of ``files`` (PS3.3 A.35.4)."""
    rejected = [dcmread(BytesIO(data)) for data in files]
    note = Dataset()
    note.SOPClassUID, note.SOPInstanceUID = KeyObjectSelectionDocumentStorage, generate_uid()
    for keyword in ("PatientName", "PatientID", "PatientBirthDate", "PatientSex", "StudyDate",
                    "StudyTime", "StudyID", "AccessionNumber", "StudyInstanceUID"):  # fmt: skip
        setattr(note, keyword, rejected[0].get(keyword, ""))
    note.ReferringPhysicianName = ""
    note.Modality, note.SeriesInstanceUID, note.SeriesNumber = "KO", generate_uid(), 99
    note.InstanceNumber, note.Manufacturer = 1, "TEST"
    note.ContentDate, note.ContentTime = "20261126", "093000"
    note.ReferencedPerformedProcedureStepSequence = []
    note.CurrentRequestedProcedureEvidenceSequence = _evidence(rejected)
    note.ValueType, note.ContinuityOfContent = "CONTAINER", "SEPARATE"
    note.ConceptNameCodeSequence = [_coded(code, "DCM", _REJECTIONS[code])]
    template = Dataset()
    template.MappingResource, template.TemplateIdentifier = "DCMR", "2010"
    note.ContentTemplateSequence = [template]
    note.ContentSequence = [_content(each) for each in rejected]
    for keyword, value in changes.items():
        setattr(note, keyword, value)
    note.file_meta = FileMetaDataset()
    note.file_meta.MediaStorageSOPClassUID = note.SOPClassUID
    note.file_meta.MediaStorageSOPInstanceUID = note.SOPInstanceUID
    note.file_meta.TransferSyntaxUID = ExplicitVRLittleEndian
    return file_bytes(note)


def _coded(value: str, scheme: str, meaning: str) -> Dataset:
    code = Dataset()
    code.CodeValue, code.CodingSchemeDesignator, code.CodeMeaning = value, scheme, meaning
    return code


def _reference(rejected: Dataset) -> Dataset:
    reference = Dataset()
    reference.ReferencedSOPClassUID = rejected.SOPClassUID
    reference.ReferencedSOPInstanceUID = rejected.SOPInstanceUID
    return reference


def _content(rejected: Dataset) -> Dataset:
    item = Dataset()
    is_image = "Rows" in rejected
    item.RelationshipType, item.ValueType = "CONTAINS", "IMAGE" if is_image else "WAVEFORM"
    item.ReferencedSOPSequence = [_reference(rejected)]
    return item


def _evidence(rejected: Sequence[Dataset]) -> list[Dataset]:
    studies: dict[str, dict[str, list[Dataset]]] = {}
    for each in rejected:
        series = studies.setdefault(each.StudyInstanceUID, {})
        series.setdefault(each.SeriesInstanceUID, []).append(_reference(each))
    evidence = []
    for study_uid, found in studies.items():
        study = Dataset()
        study.StudyInstanceUID, study.ReferencedSeriesSequence = study_uid, []
        for series_uid, references in found.items():
            one = Dataset()
            one.SeriesInstanceUID, one.ReferencedSOPSequence = series_uid, references
            study.ReferencedSeriesSequence.append(one)
        evidence.append(study)
    return evidence
